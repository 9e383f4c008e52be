"""Expectations of further races, of refused lines and forever blocks, and what they cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search import search as searching
from luf_tui.search.exploration import Exploration
from luf_tui.search.result import BOUNDED, FAILED, SAFE, UNSAFE, Limits
from luf_tui.search.rows import levels, shared_levels, space
from luf_tui.search.rows.saved import Saved
from luf_tui.search.search import Search
from luf_tui.search.shrink import shrunk
from luf_tui.timeline.ask.summary import summary
from luf_tui.timeline.recorder import record
from tests.expectations import (
    MACHINE,
    POLICIES,
    STORES,
    counted,
    explored,
    heard,
    searching_of,
    stores,
    watched,
)
from tests.races import race, result

# -- further races, from every final state --------------------------------------------------

FURTHER = """\
cpu1     read heap.0
race
  cpu1     read heap.0
  expect   reads two
  cpu2     read heap.0
end
cpu2     write heap.0 three
race
  expect   sometimes content heap.0 three
  expect   sometimes reads three
  cpu1     read heap.0
  cpu2     write heap.0 four
end
expect   event store = {stores}
"""


@pytest.mark.parametrize("policy", POLICIES)
def test_a_further_race_goes_on_from_every_final_state(policy: str) -> None:
    found = explored(stores(FURTHER.format(stores=5)), policy)
    assert (FAILED, [(2, 2), (0, 0), (0, 0), (0, 0)]) == (found.verdict, counted(found))
    run = record(parse(found.scenario, "found.luf"))
    assert [False] == [one.held for one in run.outcomes]
    assert ["app/2 app/1", "app/1"] == [
        line.split(maxsplit=1)[1] for line in found.scenario.split("\n") if "schedule" in line
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_what_it_has_to_know_goes_on_through_all_races(policy: str) -> None:
    text = FURTHER.replace("  expect   reads two\n", "")
    found = explored(stores(text.format(stores=5)), policy)
    assert (SAFE, [(2, 3), (2, 3), (2, 0)]) == (found.verdict, counted(found))
    off = explored(stores(text.format(stores=4)), policy)
    assert (FAILED, [(2, 3), (2, 3), (0, 2)]) == (off.verdict, counted(off))
    assert 3 == off.scenario.count("schedule")


def test_states_that_differ_in_nothing_are_the_start_of_a_race_once() -> None:
    same = stores(
        "cpu1 write heap.0 three", "race", "cpu1 read heap.0", "expect reads three", "end"
    )
    assert [(1, 0)] == counted(explored(same))
    other = stores("race", "cpu1 read heap.0", "expect no reads before", "end")
    assert [(2, 0)] == counted(explored(other))


FORGOTTEN = """\
race
  {inside}
  cpu1     munmap heap
  cpu2     read heap.0
end
{behind}
race
  cpu1     read heap.0
  cpu2     read heap.0
end
"""


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("inside", "behind"),
    [
        ("expect always sigsegv < 9", ""),
        ("", "expect sigsegv < 9"),
        ("expect always steps < 99", ""),
    ],
)
def test_what_is_asked_no_more_is_kept_no_more(policy: str, inside: str, behind: str) -> None:
    def finals(inside: str, behind: str) -> int:
        text = MACHINE + FORGOTTEN.format(inside=inside, behind=behind)
        return explored(parse(text, "t.luf"), policy).happened.finals

    # the first race ends in one state more while it is asked, and the second begins in one
    assert (2, 3) == (finals("", ""), finals(inside, behind))


CACHED = """\
machine  cpus 3, dram 3, max-order 0, tlb 3, key-bits 2, swap 1
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
process  thief, heap 1 page
cpu1     run app
cpu2     run app
cpu2     read text.0
cpu2     evict text.0
race
  kswapd   reclaim text.0
  cpu1     read text.0
end
cpu0     run thief
race
  cpu0     write thief.heap.0 secret
  cpu1     read text.0
end
"""


@pytest.mark.parametrize("turned", [False, True])
def test_what_breaks_in_a_further_race_is_played_from_where_it_begins(
    turned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    led = Search.led
    if turned:
        monkeypatch.setattr(Search, "led", lambda search: iter([*led(search)][::-1]))
    found = explored(parse(CACHED, "cached.luf"), "luf", "flush-before-reuse")
    assert (UNSAFE, "O2") == (found.verdict, found.obligation)
    run = record(parse(found.scenario, "found.luf"))
    assert "O2" in {one.obligation for one in run.findings}


def test_one_race_alone_begins_where_one_order_leads() -> None:
    program = stores(FURTHER.format(stores=5))
    found = Exploration(program, make_policy("batched"), only=1).run()
    assert (SAFE, [(2, 0)]) == (found.verdict, counted(found))


# -- lines that are refused -------------------------------------------------------------------

GONE = """\
machine  cpus 2, dram 3, max-order 0, tlb 3, key-bits 2, swap 1
policy   batched
process  app, heap 1 page
cpu1     run app
cpu1     write heap.0 before
race
  cpu1     munmap heap
  app      mremap heap as moved
  expect   mapped moved.0
end
expect   event mremap = 1
"""


OTHER = GONE.replace("cpu1", "cpu0     run app\ncpu1", 1)
"""Another thread does it: the line is refused in one order of two."""


def test_a_line_that_is_refused_in_one_order_is_part_of_that_order() -> None:
    program = parse(GONE, "gone.luf")
    run = record(program)
    assert ((), [8]) == (run.refusals, [one.line for one in run.refused])
    assert ["expect   event mremap = 1"] == [program.items[one.item].text for one in run.outcomes]
    assert [8] == [one["line"] for one in summary(run)["refused"]]


def test_what_is_expected_of_a_line_that_is_refused_is_not_asked() -> None:
    found = explored(parse(OTHER.replace("= 1", "< 2"), "gone.luf"))
    assert (SAFE, [(1, 0), (2, 0)], (9,)) == (
        found.verdict,
        counted(found),
        found.happened.refused,
    )
    failed = explored(parse(OTHER, "gone.luf"))
    assert (FAILED, 1) == (failed.verdict, failed.expected[1].failed)
    run = record(parse(failed.scenario, "found.luf"))
    assert ((), [False]) == (run.refusals, [one.held for one in run.outcomes])
    assert ["app mremap"] == [" ".join(one.reason.split()[:2]) for one in run.refused]


def test_a_line_behind_a_race_that_is_refused_is_told() -> None:
    text = OTHER.replace(
        "  expect   mapped moved.0\nend\n", "end\napp      mremap moved as third\n"
    )
    found = explored(parse(text.replace("= 1", "< 3"), "gone.luf"))
    assert (SAFE, [(2, 0)], (9, 11)) == (found.verdict, counted(found), found.happened.refused)
    told = [one for one in found.happened.sentences() if "was refused in some" in one]
    assert [False, True] == ["app mremap moved as third" in one for one in told]
    failed = explored(parse(text.replace("= 1", "= 2"), "gone.luf"))
    run = record(parse(failed.scenario, "found.luf"))
    assert ((), [False]) == (run.refusals, [one.held for one in run.outcomes])
    assert 2 == len(run.refused)


# -- forever blocks -----------------------------------------------------------------------------

FOREVER = """\
machine  cpus 3, dram 2, max-order 0, tlb 3, key-bits 2, swap 1
process  app, heap 1 page
cpu1     run app
cpu2     run app
cpu1     write heap.0 before
forever
  expect   {mood}
  any cpu  write heap.0 one
  expect   content heap.0 one
  any cpu  read heap.0
  expect   {read}
  cpu2     write heap.0 two
end
expect   no mapped heap.0
"""


def forever(mood: str, read: str) -> Program:
    return parse(FOREVER.format(mood=mood, read=read), "forever.luf")


@pytest.mark.parametrize("policy", POLICIES)
def test_in_a_forever_block_a_line_is_judged_each_time(policy: str) -> None:
    found = explored(forever("sometimes content heap.0 two", "no reads zero"), policy)
    assert SAFE == found.verdict
    assert all(one.held for one in found.expected[:3])
    assert not any(one.failed for one in found.expected[1:3])
    assert "line 14, `expect no mapped heap.0` is not judged" in found.expected[3].sentence()


def test_what_is_expected_may_name_what_the_order_does_not_make() -> None:
    found = explored(forever("always no content heap.0 two", "content heap.0 two"), "batched")
    assert (FAILED, 1) == (found.verdict, len(found.schedule))
    run = record(parse(found.scenario, "found.luf"))
    assert not all(one.held for one in run.outcomes)
    start = explored(forever("always content heap.0 two", "no reads zero"), "batched")
    assert (FAILED, ()) == (start.verdict, start.schedule)
    assert not all(one.held for one in record(parse(start.scenario, "found.luf")).outcomes)


def test_where_the_lines_of_a_block_are_no_race_the_block_is_played() -> None:
    text = """\
machine  cpus 2, dram 2, max-order 0, tlb 1, pcp-high 0, key-bits 2, swap 0
kernel   on cpu0
process  app, heap 1 page
cpu1     run app
forever
  kernel   alloc slab
  kernel   free slab
  expect   event alloc > 0
  cpu1     write heap.0 bytes
end
"""
    found = explored(parse(text, "block.luf"))
    assert (FAILED, ("kernel", "kernel:2")) == (found.verdict, found.schedule)
    assert [False] == [one.held for one in record(parse(found.scenario, "found.luf")).outcomes]


SAME = """\
machine  cpus 2, dram 3, max-order 0, tlb 2, pcp-high 0, key-bits 2, swap 0
process  app, heap 2 pages
cpu0     run app
cpu1     run app
forever
  expect   always no {page}
  any cpu  write any page one
  any cpu  read any page
end
"""


def test_whom_an_expectation_names_changes_places_with_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(searching, "PERMUTE_AT", 20)
    plain = SAME.replace("  expect   always no {page}\n", "")
    assert explored(parse(plain, "same.luf")).happened.permuted
    turns = set()
    for page in ("content heap.0 one", "content heap.1 one", "cached cpu0 heap.1"):
        found = explored(parse(SAME.format(page=page), "same.luf"))
        assert (FAILED, ()) == (found.verdict, found.happened.permuted)
        turns.add(len(found.schedule))
    assert 2 == len(turns)


def test_that_something_is_broken_the_verdict_says() -> None:
    found = explored(stores("expect no violation", two="expect violation O2"))
    assert (SAFE, [(0, 0)]) == (found.verdict, counted(found))
    assert found.expected[0].sentence().endswith("is not judged: what is broken, the verdict says")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("mood", "read", "fails"),
    [
        ("always no content heap.0 two", "no reads zero", "always no content heap.0 two"),
        ("always mapped heap.0", "no reads two", "no reads two"),
        ("always no event store > 4", "no reads zero", "always no event store > 4"),
    ],
)
def test_a_program_of_a_forever_block_fails_as_a_race(
    policy: str, mood: str, read: str, fails: str
) -> None:
    found = explored(forever(mood, read), policy)
    assert (FAILED, f"`expect {fails}` fails") == (
        found.verdict,
        found.message.split(", ")[1].split(":")[0],
    )
    run = record(parse(found.scenario, "found.luf"))
    assert f"expect {fails}" in {
        " ".join(run.program.items[one.item].text.split()) for one in run.outcomes if not one.held
    }


# -- what they cost -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["munmap", "issue-and-wait", "switched-out"])
def test_a_race_of_which_nothing_new_is_asked_keeps_its_states(name: str) -> None:
    found = explored(race(name), "luf")
    assert (result(name).states, result(name).transitions) == (found.states, found.transitions)


@pytest.mark.parametrize("policy", POLICIES)
def test_what_the_machine_shows_costs_no_state(policy: str) -> None:
    asked = "expect no mapped heap.0\n  expect always no swapped heap.0\n"
    text = MACHINE + "race\n  cpu1 munmap heap\n  {}  cpu2 read heap.0\n  {}end\n"
    plain = explored(parse(text.format("", ""), "t.luf"), policy)
    found = explored(
        parse(text.format(asked, "expect sometimes stale cpu2 heap.0\n"), "t.luf"), policy
    )
    assert (plain.states, plain.transitions) == (found.states, found.transitions)
    counts = explored(parse(text.format("", "") + "expect sigsegv < 9\n", "t.luf"), policy)
    assert counts.states > plain.states


# -- around a search ----------------------------------------------------------------------------


def test_a_smaller_script_fails_and_holds_as_well() -> None:
    text = MACHINE + "file lib, 1 page\ncpu1 read heap.0\n" + STORES.format(one="", two="")
    program = parse(text + "cpu2 read heap.0\nexpect no reads one\n", "large.luf")
    report = explored(program)
    smallest = shrunk(program, make_policy("batched"), report)
    assert "file" in report.scenario
    assert "file" not in smallest.scenario
    assert "write heap.0 two" in smallest.scenario
    assert report.message == smallest.message
    assert [(1, 1)] == counted(smallest)


@pytest.mark.parametrize("jobs", [1, 2])
def test_further_races_are_searched_by_levels_and_by_several(
    jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = FURTHER.replace("  expect   reads two\n", "")
    alone = explored(stores(text.format(stores=4)))
    monkeypatch.setattr(searching, "LARGE", 2)
    monkeypatch.setattr(levels, "FEW", 0)
    monkeypatch.setattr(shared_levels, "SHARED", 2)
    other = Exploration(stores(text.format(stores=4)), make_policy("batched"), jobs=jobs).run()
    figures = [(one.verdict, one.states, one.transitions, one.scenario) for one in (alone, other)]
    assert (figures[0], counted(alone)) == (figures[1], counted(other))


def test_walks_go_through_each_race_by_itself() -> None:
    text = FURTHER.replace("  expect   reads two\n", "")
    found = Exploration(stores(text.format(stores=5)), make_policy("batched"), walks=9).run()
    assert BOUNDED == found.verdict
    assert all(one.held for one in found.expected)


def test_a_forever_block_keeps_nothing_for_what_it_does_not_lead_to() -> None:
    behind = "race\n  cpu1 read heap.0\n  expect event store < 9\nend\n"
    text = FOREVER.format(mood="always mapped heap.0", read="no reads zero")
    alone, both = (explored(parse(one, "t.luf")) for one in (text, text + behind))
    assert (SAFE, SAFE) == (alone.verdict, both.verdict)
    assert both.states - alone.states == 2


def test_walks_that_are_drawn_find_it_too() -> None:
    program = stores("cpu2 read heap.0", "expect reads two")
    found = Exploration(program, make_policy("batched"), walks=20).run()
    assert (FAILED, ("app/2", "app/1")) == (found.verdict, found.schedule)
    assert SAFE != Exploration(watched(), make_policy("luf"), walks=5).run().verdict


@pytest.mark.parametrize("cuts", [[1], [2, 30], [41, 150]])
def test_a_search_that_is_gone_on_with_counts_as_one(
    cuts: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LARGE", 20)
    monkeypatch.setattr(levels, "BLOCK", 20)
    program = watched()
    whole = searching_of(program, "eager", symmetric=False)
    expected, left = heard(whole), None
    for number, states in enumerate(cuts):
        part = searching_of(
            program, "eager", symmetric=False, limits=Limits(states), saved=left, resumable=True
        )
        part.run()
        file = tmp_path / f"{number}.search"
        with file.open("wb") as out:
            part.save(out, {})
        left = Saved(file)
    assert expected == heard(searching_of(program, "eager", symmetric=False, saved=left))


def test_a_search_in_which_something_fails_ends_at_so_many_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, more = "race\n  expect always content heap.0 before\n", "cpu1 read heap.0\n"
    text = MACHINE + STORES.format(one=3 * more, two="").replace("race\n", first)
    program = parse(text, "long.luf")
    whole = explored(program)
    monkeypatch.setattr(space, "ENOUGH", 2)
    found = explored(program)
    assert (FAILED, "an expectation fails, and the search ended at 6 states") == (
        found.verdict,
        found.why,
    )
    assert (6, whole.schedule, "") == (found.states, found.schedule, whole.why)
    assert whole.states > 6
