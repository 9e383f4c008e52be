"""Who is no task has turns in races and forever blocks: devices, servers, the clock, and CPUs that
switch, go down, come back, or lose a translation.
"""

from __future__ import annotations

import pytest

from luf_tui.errors import InputError
from luf_tui.machine import events as ev
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.result import SAFE, UNSAFE
from luf_tui.timeline.recorder import record
from luf_tui.timeline.script_lines import line_at
from tests.races import start

HEAD = """\
machine  cpus 3, dram 3, max-order 0, pcp-high 0, tlb 3, key-bits 2, swap 1, secondary-tlb
policy   {policy}
kswapd   on cpu0
process  app, heap 1 page
process  thief, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
cpu1     read text.0
{kind}
{lines}
end
expect   no violation
"""


def text_of(*lines: str, kind: str = "race", policy: str = "luf") -> str:
    return HEAD.format(policy=policy, kind=kind, lines="\n".join(f"  {one}" for one in lines))


def explored(text: str, policy: str = "luf", *without: str) -> Report:
    return Exploration(parse(text), make_policy(policy, without)).run()


def ends(*lines: str, policy: str = "luf") -> Report:
    """A race that is safe, and in which every line begins in some order."""
    found = explored(text_of(*lines), policy)
    assert SAFE == found.verdict
    assert not found.happened.never
    return found


ACTS = (
    "cpu1 idle",
    "cpu1 run thief",
    "cpu2 run app",
    "cpu1 run kswapd",
    "cpu1 evict app.text.0",
    "cpu1 prefetch app.text.0",
    "cpu2 offline",
    "cpu1 offline",
    "kernel tick",
    "server change lib.0 new",
    "device dma-read app.text.0",
    "kernel report",
    "kcompactd compact text.0",
    "monitor register app.heap wp",
    "ksmd merge app.heap.0 thief.heap.0",
)


@pytest.mark.parametrize("kind", ["race", "forever"])
@pytest.mark.parametrize("line", ACTS)
def test_whoever_acts_has_turns_beside_a_reclaim(kind: str, line: str) -> None:
    found = explored(text_of("kswapd reclaim text.0", line, kind=kind))
    assert SAFE == found.verdict
    assert not found.happened.never


@pytest.mark.parametrize("line", ["cpu1 run thief", "cpu1 idle", "cpu1 offline", "kernel tick"])
def test_it_is_played_in_line_order_too(line: str) -> None:
    run = record(parse(text_of("kswapd reclaim text.0", line)))
    assert () == run.refusals
    lines = [line_at(run, step) for step in range(1, run.steps + 1)]
    assert 12 in lines


def test_every_actor_has_a_branch_of_its_own() -> None:
    found = start(
        parse(text_of("server change lib.0 new", "device dma-read app.text.0", "cpu1 idle"))
    )
    words = {found.transitions.word(turn) for turn in found.transitions.ops}
    assert {"server", "device", "cpu1"} == words


def test_a_cpu_switches_in_the_middle_of_what_its_task_does() -> None:
    moves = start(parse(text_of("cpu1 read heap.0", "cpu1 run thief"))).transitions
    m, app, cpu1 = moves.machine, moves.turn("app"), moves.turn("cpu1")
    moves.make(app)
    moves.make(app)
    assert moves.can_take(cpu1)
    moves.make(cpu1)
    assert "thief" == m.config.tasks[m.cpu[1].task.index].name  # type: ignore[union-attr]
    assert m.ctx[app].depth


def test_a_cpu_does_not_switch_while_it_waits_for_acknowledgements() -> None:
    lines = "cpu1 mprotect text none", "cpu1 idle", "cpu2 run app", "cpu2 read text.0"
    moves = start(parse(text_of(*lines)), policy="eager").transitions
    for word in ("cpu2", "app/2", "app/2"):
        moves.make(moves.turn(word))
    app, idle = moves.turn("app/1"), moves.turn("cpu1")
    refused = False
    while not moves.machine.shootdown[1].waiting:
        moves.make(app)
    refused = not moves.can_take(idle)
    assert refused


def test_a_task_is_taken_to_another_cpu_half_way() -> None:
    moves = start(parse(text_of("kswapd reclaim text.0", "cpu2 run kswapd"))).transitions
    m, kswapd, cpu2 = moves.machine, moves.turn("kswapd"), moves.turn("cpu2")
    moves.make(kswapd)
    moves.make(kswapd)
    moves.make(cpu2)
    assert (None, kswapd) == (m.cpu[0].task, m.task_ctx(m.cpu[2].task).index)  # type: ignore[arg-type]
    while moves.machine.ctx[kswapd].depth:
        assert moves.can_take(kswapd)
        moves.make(kswapd)


def test_who_runs_on_a_cpu_that_goes_down_is_brought_onto_another_one() -> None:
    moves = start(parse(text_of("cpu1 read heap.0", "cpu1 offline"))).transitions
    m, app, cpu1 = moves.machine, moves.turn("app"), moves.turn("cpu1")
    moves.make(app)
    while moves.can_take(cpu1):
        moves.make(cpu1)
    assert m.cpu[1].offline
    assert moves.can_take(app)
    moves.make(app)
    assert app == m.task_ctx(m.cpu[0].task).index  # type: ignore[arg-type]


DOWN_AND_UP = """\
machine  cpus 3, dram 3, max-order 0, pcp-high 0, tlb 3, key-bits 2, swap 1, arch riscv
policy   eager
kswapd   on cpu0
process  app, heap 1 page
cpu1     run app
cpu1     write heap.0 old
race
  cpu1     offline
  kswapd   reclaim app.heap.0
  cpu1     online
  cpu1     read heap.0
end
expect   no violation
"""
"""On riscv no switch flushes what a CPU has kept while it was down."""


def test_what_goes_wrong_only_if_a_cpu_goes_down_at_the_right_time_is_found() -> None:
    assert SAFE == explored(DOWN_AND_UP, "eager").verdict
    broken = explored(DOWN_AND_UP, "eager", "flush-on-online")
    assert UNSAFE == broken.verdict
    run = record(parse(broken.scenario))
    assert "violation" in {one.weight for one in run.findings}
    assert run.index.by_kind[ev.CPU_DOWN]


def test_a_device_and_a_server_race_with_each_other() -> None:
    text = text_of("device dma-read app.text.0", "server change lib.0 new")
    for words in ("server device", "device server"):
        run = record(parse(text.replace("end\n", f"  schedule {words}\nend\n")))
        steps = [step for step in range(1, run.steps + 1) if line_at(run, step) in (11, 12)]
        lines = [{12: "server", 11: "device"}[line_at(run, step)] for step in steps]
        assert words.split() == lines


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("cpu1 deliver", "'deliver' means nothing in a race", "leave the line out"),
        ("thief munmap heap", "'thief' runs on no CPU, so it has no turns", "cpu1 run thief"),
    ],
)
def test_what_cannot_stand_there_is_told_with_what_to_do(
    line: str, message: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse(text_of("kswapd reclaim text.0", line))
    [problem] = caught.value.problems
    assert message == problem.message
    assert hint in problem.hint


def test_the_only_one_who_is_no_task_is_called_machine_as_well() -> None:
    text = text_of("device dma-read app.text.0", "cpu1 read text.0")
    moves = start(parse(text)).transitions
    assert moves.turn("device") == moves.turn("machine")
