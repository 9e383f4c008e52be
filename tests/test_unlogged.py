"""The machine without a log: the same operations do the same on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.unstepped import Unstepped
from luf_tui.errors import LufError
from luf_tui.ftrace.reading.tracepoints import MOST_CPUS
from luf_tui.ftrace.replay.figures import Figures
from luf_tui.ftrace.replay.layout import lay_out
from luf_tui.ftrace.replay.outcome import counted, play
from luf_tui.ftrace.replay.replay import Replay
from luf_tui.ftrace.replay.report_json import as_json
from luf_tui.ftrace.replay.trace_program import CPUS as STEPPED
from luf_tui.ftrace.replay.trace_program import program_of
from luf_tui.ftrace.trace import Trace, read_trace
from luf_tui.machine import events as ev
from luf_tui.machine import schema
from luf_tui.machine.config import MachineConfig, ProcessConfig, TaskConfig
from luf_tui.machine.machine import Machine
from luf_tui.machine.unlogged import UnloggedMachine
from luf_tui.policy.luf_ledger import LufZone
from luf_tui.policy.registry import POLICIES, make_policy
from tests.trace_lines import MM, Lines

ROOT = Path(__file__).parent.parent
LLM = ROOT / "scenarios" / "traces" / "llm-excerpt.trace.xz"
FORK = ROOT / "tests" / "data" / "fork-excerpt.trace.xz"
ADDRESS = 0x7F5F3A207000
OLD, NEW, OTHER = 0x243, 0x118031, "cat-153"


def both(trace: Trace, policy: str, *, lazy_drops: bool = False) -> tuple[Replay, Replay]:
    """Replays of a recording, not begun: with a log and without."""
    layout = lay_out(trace)
    with_log, without = (
        Replay(trace, layout, make_policy(policy), lazy_drops=lazy_drops, logged=logged)
        for logged in (True, False)
    )
    assert isinstance(without.machine, UnloggedMachine)
    return with_log, without


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("path", [LLM, FORK], ids=lambda path: path.name)
def test_both_stores_count_the_same_and_hold_the_same_at_the_end(path: Path, policy: str) -> None:
    trace = read_trace(str(path))
    with_log, without = both(trace, policy, lazy_drops=True)
    expected, found = (
        json.dumps(as_json(Figures(trace, [counted(one)], {}, None))) for one in (with_log, without)
    )
    assert expected == found
    assert isinstance(without.machine, UnloggedMachine)
    assert with_log.machine.cells.values.tolist() == without.machine.snapshot()


def test_what_is_counted_keeps_no_log() -> None:
    trace = read_trace(str(FORK))
    _, without = both(trace, "luf")
    counted(without)
    assert (0, 0) == (len(without.machine.cells.values), without.machine.cells.mark())


def test_a_record_without_cells_is_read_cleared_and_copied_as_any_other() -> None:
    config = MachineConfig(processes=(ProcessConfig("app", ()),), tasks=(TaskConfig("app", 0),))
    told = []
    for m in (Machine(config), UnloggedMachine(config)):
        first, second = m.frame[1], m.frame[2]
        first.rmap, first.writer, first.mark = m.pte[3], 1, 7
        second.assign(first)
        carried = [frame.index for frame in m.marked()]
        found = [frame.index for frame in m.frame.holding(schema.Frame.writer, 1)]
        said = repr(second), second.as_dict()
        second.clear()
        told.append((carried, found, said, second.as_dict()))
    with_log, without = told
    assert with_log == without


def test_a_field_keeps_its_own_name_where_another_class_names_it_too() -> None:
    assert "current" == LufZone.current.name


def test_an_argument_that_is_no_local_is_refused_by_both_engines() -> None:
    config = MachineConfig(tasks=(TaskConfig("app"),))
    policy = make_policy("eager")
    plain = UnloggedMachine(config)
    for k in (Kernel(Machine(config), policy), Unstepped(plain, policy)):
        with pytest.raises(TypeError):
            k.push(k.m.ctx[0], k.ipi_handler, {"nobody": 1})


def wide(cpu: int) -> Lines:
    """A process runs on CPU 1 and on a CPU far off; kswapd moves one of its pages, which a third
    one is given.
    """
    lines = Lines()
    for number, task in ((1, "work-156"), (cpu, "work-157")):
        lines.switch("swapper/1-0", number, task).flush(task, number, -1, 0, "d....")
        lines.fault(task, number, ADDRESS)
    lines.add("kswapd0-35", 2, "mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=demotion")
    lines.alloc("kswapd0-35", 2, NEW).probe("kswapd0-35", 2, OLD, ADDRESS)
    lines.flush("kswapd0-35", 2, 1, 4, "...2.")
    lines.flush("work-156", 1, 1, 1, "d.h1.").flush("work-157", cpu, 1, 1, "d.h1.")
    lines.entry("kswapd0-35", 2, OLD, ADDRESS).back("kswapd0-35", 2, NEW, ADDRESS)
    return lines.free("kswapd0-35", 2, OLD).alloc(OTHER, 0, OLD)


@pytest.mark.parametrize("policy", ["eager", "luf"])
def test_a_cpu_of_any_number_is_interrupted(tmp_path: Path, policy: str) -> None:
    trace = wide(MOST_CPUS - 1).read(tmp_path)
    found = play(trace, lay_out(trace), make_policy(policy))
    asked = [cpu for cpu, times in enumerate(found.interrupted) if times]
    assert (1, [1, MOST_CPUS - 1]) == (found.shootdowns, asked)


def test_more_cpus_than_a_log_has_room_for_are_counted_and_not_stepped_through(
    tmp_path: Path,
) -> None:
    assert program_of(wide(STEPPED - 1).read(tmp_path)).config.cpus == STEPPED
    with pytest.raises(LufError, match=r"luf-tui replay .* counts what each policy does"):
        program_of(wide(STEPPED).read(tmp_path))


def spaces(pages: int, spaces: int) -> Lines:
    """One address space of many pages is unmapped, and others of one page each."""
    lines = Lines()
    for number in range(pages + spaces):
        mm = MM + 64 * max(0, number - pages + 1)
        address = ADDRESS + (number << 12)
        lines.probe("kswapd0-35", 2, OLD + number, address, mm=mm)
        lines.entry("kswapd0-35", 2, OLD + number, address)
    return lines


def test_room_for_pages_is_what_was_seen_of_each_address_space(tmp_path: Path) -> None:
    layout = lay_out(spaces(100, 20).read(tmp_path))
    # One more each is any page not seen, and there are those whose address space is not known.
    for m in (Machine(layout.config, remembers=False), UnloggedMachine(layout.config)):
        assert 100 + 1 + 20 * 2 + 1 == len(m.pte) == len(m.vma)


def test_a_page_is_found_by_its_address_space_and_tells_it_where_they_differ_in_size(
    tmp_path: Path,
) -> None:
    layout = lay_out(spaces(10, 3).read(tmp_path))
    m = Machine(layout.config, remembers=False)
    places = [(mm, vpn) for mm in m.mm for vpn in range(m.config.pages_of(mm.index))]
    assert places == [m.place_of(pte) for pte in m.pte]
    assert [m.pte_at(*place) for place in places] == m.pte


def test_kinds_of_events_that_nobody_asks_for_are_not_kept() -> None:
    events = UnloggedMachine(MachineConfig()).events
    events.only(frozenset({ev.ALLOC}))
    events.emit(ev.TAKE, 0, 1, 0)
    events.emit(ev.ALLOC, 0, 1, 0)
    assert [ev.ALLOC] == [row[0] for row in events.taken()]
    assert not len(events)
