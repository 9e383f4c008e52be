"""A counterexample is an ordinary scenario that plays the broken order, always."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from luf_tui.policy.registry import make_policy
from luf_tui.script.format import format_text
from luf_tui.script.parse import parse
from luf_tui.script.program import Race
from luf_tui.search import counterexample
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.search import Search
from luf_tui.search.shrink import Shrinker, shrunk
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline
from tests.races import GUARDED, interrupt_after, race, start

CASES = [(name, *expected) for name, expected in GUARDED.items()]


def report(name: str, guard: str) -> Report:
    return Exploration(race(name), make_policy("luf", [guard])).run()


def played(scenario: str) -> Timeline:
    return record(parse(scenario, "counterexample.luf"))


@pytest.mark.parametrize(("name", "guard", "obligation"), CASES)
def test_it_replays_to_the_same_obligation_and_fails(
    name: str, guard: str, obligation: str
) -> None:
    run = played(report(name, guard).scenario)
    first = next(found for found in run.findings if found.weight == "violation")
    assert obligation == first.obligation
    assert [False] == [outcome.held for outcome in run.outcomes]
    assert () == run.refusals


@pytest.mark.parametrize(("name", "guard", "obligation"), CASES)
def test_the_violation_is_the_last_turn_of_its_schedule(
    name: str, guard: str, obligation: str
) -> None:
    run = played(report(name, guard).scenario)
    number, item = next(
        (n, item) for n, item in enumerate(run.program.items) if isinstance(item, Race)
    )
    first = next(found for found in run.findings if found.weight == "violation")
    assert run.item_steps(number)[len(item.schedule) - 1] == first.step


def test_it_names_the_policy_it_was_found_under() -> None:
    scenario = report("write-syscall", "flush-on-write").scenario
    program = parse(scenario)
    assert ("luf", ("flush-on-write",)) == (program.policy, program.without)


def test_it_is_safe_again_with_the_guard_back() -> None:
    scenario = report("pending-wrprotect", "pending-wrprotect").scenario
    run = record(parse(scenario), "luf")
    assert ["violation"] == sorted({found.weight for found in run.findings} - {"deviation"})
    whole = scenario.replace(" without pending-wrprotect", "")
    assert not [f for f in played(whole).findings if f.weight == "violation"]


def test_it_is_formatted_and_tells_what_was_found() -> None:
    scenario = report("munmap", "note-pending").scenario
    assert scenario == format_text(scenario)
    assert re.search(
        r"note +Found by search under luf without note-pending, in \d+ turns", scenario
    )
    assert re.search(r"note +turn \d+, kswapd: clear a PTE", scenario)


@pytest.mark.parametrize(("name", "guard"), [case[:2] for case in CASES])
def test_tidying_keeps_the_violation_and_never_adds_turns(name: str, guard: str) -> None:
    transitions = start(race(name), guard).transitions
    broken = Search(transitions).run().broken[0]
    turns = counterexample.tidy(transitions, broken)
    found = transitions.replay(turns)
    assert found is not None
    assert broken.obligation == found.obligation
    assert len(turns) <= len(broken.turns)
    assert changes(turns) <= changes(broken.turns)


def changes(turns: tuple[int, ...]) -> int:
    return sum(a != b for a, b in pairwise(turns))


@pytest.mark.parametrize("name", ["flush-before-reuse", "pending-wrprotect"])
def test_shrinking_keeps_the_obligation_and_takes_lines_away(name: str) -> None:
    guard, obligation = GUARDED[name]
    found = report(name, guard)
    smaller = Shrinker(race(name), make_policy("luf", [guard]), found, seconds=10).run()
    assert obligation == smaller.obligation
    assert len(smaller.schedule) <= len(found.schedule)
    assert len(smaller.scenario) < len(found.scenario)
    assert any(obligation == one.obligation for one in played(smaller.scenario).findings)


def test_what_happened_is_told_of_the_whole_search() -> None:
    """And not of the smallest script's, which is another question."""
    found = report("munmap", "note-pending")
    smaller = shrunk(race("munmap"), make_policy("luf", ["note-pending"]), found)
    assert len(smaller.scenario) < len(found.scenario)
    for figure in ("states", "transitions", "learnt", "checked", "happened", "collision"):
        assert getattr(found, figure) == getattr(smaller, figure)


def test_nothing_is_shrunk_when_no_time_is_left() -> None:
    found = report("munmap", "note-pending")
    policy = make_policy("luf", ["note-pending"])
    assert found == Shrinker(race("munmap"), policy, found, seconds=0).run()


def test_shrinking_stopped_from_outside_keeps_the_smallest_so_far() -> None:
    found = report("munmap", "note-pending")
    policy = make_policy("luf", ["note-pending"])
    shrinker = Shrinker(race("munmap"), policy, found, tell=lambda _: shrinker.stop())
    smaller = shrinker.run()
    assert smaller == shrinker.best != found
    assert ["O10"] == [f.obligation for f in played(smaller.scenario).findings]


def test_shrinking_tells_each_size_once() -> None:
    said: list[str] = []
    found = report("flush-before-reuse", "flush-before-reuse")
    policy = make_policy("luf", ["flush-before-reuse"])
    Shrinker(race("flush-before-reuse"), policy, found, seconds=10, tell=said.append).run()
    assert said
    assert all(one != following for one, following in pairwise(said))


def test_an_interrupt_while_shrinking_keeps_the_counterexample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = report("munmap", "note-pending")
    left = interrupt_after(300, monkeypatch)
    shrinker = Shrinker(race("munmap"), make_policy("luf", ["note-pending"]), found)
    assert found.obligation == shrinker.run().obligation
    assert shrinker.interrupted
    assert left[0] <= 0


def test_a_counterexample_that_cannot_be_read_is_named_as_itself() -> None:
    assert "munmap-counterexample.luf" == counterexample.path_of(race("munmap"))


def test_a_schedule_already_there_gives_way_to_the_one_found() -> None:
    source = "\n".join(race("munmap").source).replace("end\n", "  schedule app/1*3\nend\n", 1)
    scenario = Exploration(parse(source), make_policy("luf", ["note-pending"])).run().scenario
    assert "app/1*3\n" not in scenario
    assert any(found.weight == "violation" for found in played(scenario).findings)
