"""The explorer's verdicts: safe with every guard, the right obligation without one."""

from __future__ import annotations

from array import array
from threading import Thread
from time import sleep

import pytest

from luf_tui.engine.strategy import EveryTurn, walk
from luf_tui.engine.transitions import BLOCKED
from luf_tui.errors import LufError
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program, Race
from luf_tui.search.exploration import Exploration, Report, race_of_line
from luf_tui.search.result import BOUNDED, DEADLOCK, SAFE, UNSAFE, Limits, Progress
from luf_tui.search.search import Search
from luf_tui.timeline.recorder import record
from tests.races import GUARDED, LARGE, STUCK, interrupt_after, race, result, searched, start, tiny


@pytest.mark.parametrize("name", GUARDED)
def test_a_shipped_race_is_safe_under_luf_and_small(name: str) -> None:
    found = result(name)
    assert (SAFE, "") == (found.verdict, found.why)
    assert found.states < 50_000


@pytest.mark.parametrize(("name", "guard", "obligation"), [(n, *g) for n, g in GUARDED.items()])
def test_a_shipped_race_is_unsafe_without_its_guard(name: str, guard: str, obligation: str) -> None:
    found = result(name, guard)
    assert (UNSAFE, obligation) == (found.verdict, found.broken[0].obligation)


@pytest.mark.parametrize("policy", ["eager", "batched"])
@pytest.mark.parametrize("name", ["munmap", "munmap-reference", "cow-reference", "write-syscall"])
def test_the_kernel_without_luf_is_safe_too(name: str, policy: str) -> None:
    found = Search(start(race(name), policy=policy).transitions).run()
    assert (SAFE, "") == (found.verdict, found.why)


@pytest.mark.parametrize(
    ("name", "policy", "obligation"),
    [
        ("flush-before-pte", "luf-v12", "O7"),
        ("pending-wrprotect", "luf-v10", "O3"),
        ("pending-wrprotect", "luf-v12", "O3"),
        ("write-syscall", "luf-v10", "O8"),
        ("write-syscall", "luf-v12", "O8"),
        ("wait-zone-generation", "luf-v10", "O2"),
        ("split", "luf-v10", "O2"),
        ("switched-out", "luf-v12", "O5"),
    ],
)
def test_the_posted_versions_break_in_the_races_about_them(
    name: str, policy: str, obligation: str
) -> None:
    found = Search(start(race(name), policy=policy).transitions).run()
    assert (UNSAFE, obligation) == (found.verdict, found.broken[0].obligation)


@pytest.mark.parametrize("name", LARGE)
def test_four_cpus_find_a_flush_that_comes_after_the_pte(name: str) -> None:
    """S11, migration and mprotect() inside the race; that it is clean with the guard takes a search
    of some minutes, by hand.
    """
    guard, obligation = LARGE[name]
    found = searched(race(name), guard)
    assert (UNSAFE, obligation) == (found.verdict, found.broken[0].obligation)


def test_the_same_search_finds_the_same_order_again() -> None:
    first, again = (searched(race("pending-wrprotect"), "pending-wrprotect") for _ in range(2))
    assert first.broken[0].turns == again.broken[0].turns
    assert (first.states, first.transitions) == (again.states, again.transitions)


def test_no_shorter_order_breaks_anything() -> None:
    begun = start(race("flush-before-pte"), "flush-before-pte", reduced=False)
    shortest = Search(begun.transitions, symmetric=False).run().broken[0].turns

    def breaks(depth: int) -> bool:
        for _, outcome in walk(begun.transitions, EveryTurn(begun.transitions)):
            if begun.transitions.findings():
                return True
            if depth > 1 and outcome is not BLOCKED and breaks(depth - 1):
                return True
        return False

    assert not breaks(len(shortest) - 1)


def test_a_search_leaves_the_machine_at_the_start_of_the_race() -> None:
    begun = start(race("munmap"), "note-pending")
    before = begun.transitions.cells.snapshot()
    events = len(begun.transitions.machine.events)
    Search(begun.transitions).run()
    assert before == begun.transitions.cells.snapshot()
    assert events == len(begun.transitions.machine.events)
    assert 0 == begun.transitions.cells.mark()


def test_a_bounded_search_says_so_and_keeps_its_count() -> None:
    found = searched(race("munmap"), limits=Limits(states=100))
    assert (BOUNDED, "stopped at 100 states") == (found.verdict, found.why)
    assert 100 <= found.states < 110


def test_a_search_can_be_stopped_from_outside() -> None:
    search = Search(start(race("flush-before-pte")).transitions)

    def tell(at: Progress) -> None:
        search.stop("stopped by hand")

    search.tell = tell
    found = search.run()
    assert (BOUNDED, "stopped by hand") == (found.verdict, found.why)
    assert found.states < 5000


def test_an_interrupt_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = start(race("munmap"))
    before = begun.transitions.cells.snapshot()
    interrupt_after(40, monkeypatch)
    found = Search(begun.transitions).run()
    assert (BOUNDED, "interrupted") == (found.verdict, found.why)
    assert found.states > 50
    assert before == begun.transitions.cells.snapshot()


def test_a_branch_that_nobody_lets_go_on_is_a_deadlock() -> None:
    found = searched(parse(STUCK))
    assert (UNSAFE, DEADLOCK) == (found.verdict, found.broken[0].obligation)
    assert "app did not finish" in found.broken[0].message


def test_a_file_without_a_race_has_nothing_to_explore() -> None:
    program = parse("process app\ncpu1 run app\ncpu1 read heap.0\n")
    with pytest.raises(LufError, match="no race to explore"):
        explored(program, make_policy("luf"))


def explored(program: Program, policy: Policy, *, only: int | None = None) -> Report:
    return Exploration(program, policy, only=only).run()


def broken_before_its_race() -> Program:
    source = "\n".join(race("flush-before-reuse").source)
    return parse(
        source.replace("race\n", "kswapd reclaim text.0\ncpu0 write heap.0 early\nrace\n", 1)
    )


def test_a_violation_before_the_race_is_told_without_a_search() -> None:
    program = broken_before_its_race()
    report = explored(program, make_policy("luf", ["flush-before-reuse"]))
    early = program.source.index("cpu0 write heap.0 early") + 1
    assert (UNSAFE, "O2", early, 0, ()) == (
        report.verdict,
        report.obligation,
        report.before,
        report.states,
        report.schedule,
    )


def test_the_scenario_of_a_violation_before_the_race_ends_there() -> None:
    report = explored(broken_before_its_race(), make_policy("luf", ["flush-before-reuse"]))
    program = parse(report.scenario)
    assert not [item for item in program.items if isinstance(item, Race)]
    assert "O2 already, before the race" in report.scenario
    assert ["O2"] == [f.obligation for f in record(program).findings if f.weight == "violation"]


TWO = "race\n  cpu1 read heap.0\n  cpu2 read heap.0\nend\n"


def test_one_race_of_a_file_can_be_explored_alone() -> None:
    program = parse("\n".join(tiny().source) + "\n" + TWO)
    each = [explored(program, make_policy("luf"), only=number) for number in (0, 1)]
    both = explored(program, make_policy("luf"))
    assert (1, 1, 2) == (*(one.races for one in each), both.races)
    assert both.states == sum(one.states for one in each)
    with pytest.raises(LufError, match="no race 3; the file has 2 races"):
        explored(program, make_policy("luf"), only=2)


def test_a_line_names_the_race_it_stands_in() -> None:
    program = parse("\n".join(tiny().source) + "\n" + TWO)
    first = program.source.index("race") + 1
    last = program.source.index("end", first) + 1
    lines = (first - 1, first, last, last + 1, program.source.index("end", last) + 1)
    assert [None, 0, 0, None, 1] == [race_of_line(program, line) for line in lines]


def test_an_exploration_is_watched_and_stopped_from_another_thread() -> None:
    more = "  kswapd reclaim text.0\n  cpu1 read heap.0\n  cpu2 write heap.0"
    asked = Exploration(tiny(f"allow evict, prefetch, drain\n{more}"), make_policy("luf"))
    reports: list[Report] = []
    thread = Thread(target=lambda: reports.append(asked.run()))
    thread.start()
    while asked.states < 500 and thread.is_alive():
        sleep(0.01)
    asked.stop("stopped by the reader")
    thread.join(timeout=60)
    (report,) = reports
    assert (BOUNDED, report.states) == (report.verdict, asked.states)
    assert report.why.endswith("stopped by the reader")
    assert asked.transitions >= asked.states >= 500
    assert asked.depth > 1


def test_races_are_explored_in_turn_and_counted_together() -> None:
    source = "\n".join(tiny().source)
    one = explored(tiny(), make_policy("luf"))
    both = explored(parse(source + "\n" + TWO), make_policy("luf"))
    assert (1, 2) == (one.races, both.races)
    assert both.states > one.states


@pytest.mark.parametrize("choice", ["evict", "prefetch", "drain", "switch"])
def test_machine_choices_are_explored_when_allowed(choice: str) -> None:
    program = """\
machine  cpus 2, dram 3, max-order 0, tlb 3, key-bits 2, swap 1
policy   luf
kswapd   on cpu0
process  app, heap 1 page
process  other, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
cpu1     read text.0
kernel   alloc buffer
kernel   free buffer
cpu0     run other
race
  kswapd   reclaim text.0
  cpu0     read heap.0
  cpu1     read text.0
  cpu1     read text.0
  {}
end
"""
    plain = searched(parse(program.format("")))
    more = searched(parse(program.format(f"allow {choice}")))
    assert (SAFE, SAFE) == (plain.verdict, more.verdict)
    assert more.transitions > plain.transitions


@pytest.mark.parametrize("name", ["write-syscall", "switched-out"])
def test_every_turn_that_can_be_taken_from_any_state_is_counted_once(name: str) -> None:
    """Those included that have to wait, and lead nowhere."""
    transitions = start(race(name)).transitions
    search = Search(transitions, symmetric=False, keep=True)
    found = search.run()
    cells, tried, waiting = transitions.cells, 0, 0
    for state in search.reached():
        cells.restore(array(cells.typecode, state).tobytes())
        cells.forget()
        outcomes = [outcome for _, outcome in walk(transitions, EveryTurn(transitions))]
        tried += len(outcomes)
        waiting += sum(outcome is BLOCKED for outcome in outcomes)
    assert tried == found.transitions
    assert waiting or name != "write-syscall"
