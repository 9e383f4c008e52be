"""What is expected of a race is judged in every order: inside it, in its states, and behind it."""

from __future__ import annotations

from collections import Counter

import pytest

from luf_tui.engine.strategy import EveryTurn, walk
from luf_tui.engine.transitions import BLOCKED
from luf_tui.errors import InputError, Span
from luf_tui.script.parse import parse
from luf_tui.script.program import Condition, Value
from luf_tui.script.vocabulary import PREDICATES
from luf_tui.search import search as searching
from luf_tui.search.expectations import fails, questions_of
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.random_walks import RandomWalk
from luf_tui.search.result import FAILED, SAFE, UNSAFE
from luf_tui.search.rows import levels, share, shared_levels
from luf_tui.search.search import Search
from luf_tui.timeline.conditions.kept import AS_IT_STANDS, need_of
from luf_tui.timeline.recorder import record
from tests.expectations import (
    MACHINE,
    POLICIES,
    STORES,
    WATCHED,
    counted,
    explored,
    heard,
    searching_of,
    stores,
    watched,
)

# -- known answers ----------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_read_behind_a_race_depends_on_who_stores_last(policy: str) -> None:
    found = explored(stores("cpu2 read heap.0", "expect reads two"), policy)
    assert (FAILED, [(1, 1)]) == (found.verdict, counted(found))
    assert ("app/2", "app/1") == found.schedule


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("behind", "held", "failed"),
    [
        (("cpu2 read heap.0", "expect no reads before"), 2, 0),
        (("expect content heap.0 two",), 1, 1),
        (("expect mapped heap.0", "cpu1 munmap heap"), 2, 0),
        (("expect no mapped heap.0",), 0, 2),
        (("cpu1 munmap heap", "cpu1 read heap.0", "expect sigsegv cpu1"), 2, 0),
        (("cpu1 munmap heap", "cpu1 read heap.0", "expect sigsegv cpu2"), 0, 2),
    ],
)
def test_behind_a_race_it_is_judged_in_every_final_state(
    policy: str, behind: tuple[str, ...], held: int, failed: int
) -> None:
    found = explored(stores(*behind), policy)
    assert (FAILED if failed else SAFE, [(held, failed)]) == (found.verdict, counted(found))


@pytest.mark.parametrize("policy", POLICIES)
def test_in_a_race_it_is_judged_when_the_line_before_it_is_over(policy: str) -> None:
    own = stores(one="expect content heap.0 one", two="expect content heap.0 two")
    assert (SAFE, [(2, 0), (2, 0)]) == (
        explored(own, policy).verdict,
        counted(explored(own, policy)),
    )
    other = explored(stores(two="expect no content heap.0 two"), policy)
    assert (FAILED, [(0, 2)], 1) == (other.verdict, counted(other), len(other.schedule))


READS = """\
race
  cpu1     write heap.0 one
  cpu2     read heap.0
  expect   reads {what}
end
"""


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("what", "held", "failed"), [("one", 1, 1), ("before", 1, 1), ("two", 0, 2)]
)
def test_a_line_reads_what_was_stored_before_it(
    policy: str, what: str, held: int, failed: int
) -> None:
    text = MACHINE.replace(
        "cpu1     read", "cpu1     write heap.0 two\ncpu2     write heap.0 before\ncpu1     read"
    )
    found = explored(parse(text + READS.format(what=what), "reads.luf"), policy)
    assert (FAILED, [(held, failed)]) == (found.verdict, counted(found))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("mood", "verdict", "held", "failed"),
    [
        ("expect always mapped heap.0", SAFE, 5, 0),
        ("expect always content heap.0 before", FAILED, 1, 4),
        ("expect sometimes content heap.0 before", SAFE, 1, 4),
        ("expect sometimes swapped heap.0", FAILED, 0, 5),
    ],
)
def test_always_is_every_state_and_sometimes_one(
    policy: str, mood: str, verdict: str, held: int, failed: int
) -> None:
    text = MACHINE + STORES.format(one="", two="").replace("race\n", f"race\n  {mood}\n")
    found = explored(parse(text, "mood.luf"), policy)
    assert (verdict, [(held, failed)]) == (found.verdict, counted(found))


def test_from_a_line_on_is_from_where_that_is_over() -> None:
    assert SAFE == explored(stores(one="expect always no content heap.0 before")).verdict
    both = explored(stores(one="expect always content heap.0 one"))
    assert (FAILED, ("app/1", "app/2")) == (both.verdict, both.schedule)


@pytest.mark.parametrize("policy", POLICIES)
def test_what_others_do_meanwhile_is_none_of_a_line(policy: str) -> None:
    text = MACHINE + "race\ncpu1 munmap heap\nexpect no reads before\ncpu2 read heap.0\n{}\nend\n"
    found = explored(parse(text.format(""), "t.luf"), policy)
    assert (SAFE, 0) == (found.verdict, found.expected[0].failed)
    run = record(parse(text.format("schedule app/1*2 app/2"), "t.luf"), policy)
    (began,) = [one.step for one in run.events if one.name == "munmap"]
    (done,) = [one.step for one in run.events if one.name == "end" and one.step >= began][-1:]
    assert any(began <= one.step <= done for one in run.events if one.name == "read")
    assert [True] == [one.held for one in run.outcomes]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_line_is_over_when_all_of_it_is(policy: str) -> None:
    text = (
        MACHINE + "race\ncpu1 munmap heap\nexpect always no mapped heap.0\ncpu2 read heap.0\nend\n"
    )
    assert SAFE == explored(parse(text, "t.luf"), policy).verdict
    assert [True] == [one.held for one in record(parse(text, "t.luf"), policy).outcomes]


def test_the_counterexample_fails_when_it_is_run() -> None:
    asked = [
        stores("cpu2 read heap.0", "expect reads two"),
        stores(two="expect no content heap.0 two"),
        stores(one="expect always content heap.0 one"),
        stores("expect content heap.0 two", "expect mapped heap.0"),
    ]
    for program in asked:
        run = record(parse(explored(program).scenario, "found.luf"))
        assert [False] == [one.held for one in run.outcomes if not one.held]


def test_a_sometimes_that_held_makes_a_safe_worth_something() -> None:
    said = "race\n  expect sometimes content heap.0 two\n"
    text = MACHINE + STORES.format(one="", two="")
    assert explored(parse(text, "t.luf")).vacuous
    assert not explored(parse(text.replace("race\n", said), "t.luf")).vacuous


def test_what_breaks_behind_a_race_is_found() -> None:
    text = """\
machine  cpus 2, dram 2, max-order 0, tlb 3, key-bits 2, swap 1
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
process  thief, heap 1 page
cpu1     run app
cpu1     read text.0
race
  kswapd   reclaim text.0
  cpu1     read text.0
end
cpu0     run thief
cpu0     write thief.heap.0 secret
cpu1     read text.0
"""
    assert SAFE == explored(parse(text, "t.luf"), "luf").verdict
    found = explored(parse(text, "t.luf"), "luf", "flush-before-reuse")
    assert (UNSAFE, "O2") == (found.verdict, found.obligation)
    run = record(parse(found.scenario, "found.luf"))
    assert "O2" in {one.obligation for one in run.findings}
    hoped = text.replace("race\n", "race\n  expect sometimes blocked cpu1\n")
    unknown = explored(parse(hoped, "t.luf"), "luf", "flush-before-reuse")
    assert UNSAFE == unknown.verdict
    assert unknown.expected[0].sentence().endswith("held in no state so far")


# -- how it is written ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "message", "hint"),
    [
        (("race", "expect no violation"), "when the line before it is over", "expect always"),
        (
            ("expect always mapped heap.0",),
            "'always' is about the orders of a race",
            "behind `race`",
        ),
        (("race", "cpu1 read heap.0", "expect always"), "the line ends too early", "always"),
        (
            ("race", "cpu1 read heap.0", "expect alway mapped heap.0", "end"),
            "nothing can be",
            "always",
        ),
        (("race", "cpu1 resume", "expect reads zero"), "no end of its own", "another line"),
        (("race", "cpu1 read heap.0", "expect reads nothing", "end"), "nothing ever holds", ""),
    ],
)
def test_a_problem_says_where_and_what_next(
    lines: tuple[str, ...], message: str, hint: str
) -> None:
    with pytest.raises(InputError) as raised:
        parse(MACHINE + "\n".join(lines))
    told = [one for one in raised.value.problems if message in one.message]
    assert told
    assert hint in told[0].hint


def test_it_may_name_bytes_that_are_stored_below_it() -> None:
    assert SAFE == explored(stores(one="expect always no content heap.0 before")).verdict
    found = explored(stores(one="expect content heap.0 two"))
    assert (FAILED, [(0, 2)]) == (found.verdict, counted(found))


OTHERS = """\
machine  cpus 3, dram 3, max-order 0, tlb 3, key-bits 2, swap 1, secondary-tlb
process  app, heap 1 page
process  other, heap 1 page
cpu1     run app
cpu1     write heap.0 before
cpu2     run other
cpu2     write other.heap.0 mine
cpu2     run app
race
  device   dma-read app.heap.0
  expect   no reads zero
  kernel   tick
  expect   event tick = 1
  cpu2     run other
  expect   sometimes event dmaread = 1
  expect   no blocked cpu1
  cpu2     idle
  expect   event switch > 3
  cpu1     write heap.0 after
  expect   content app.heap.0 after
end
expect   event tick = 1
"""


@pytest.mark.parametrize("policy", POLICIES)
def test_whoever_acts_is_asked_of(policy: str) -> None:
    program = parse(OTHERS, "others.luf")
    alone = searching_of(program, policy, symmetric=False)
    verdicts = alone.run().verdicts
    asked = questions_of(program, alone.transitions.item)
    assert {one.number for one in asked} == {code >> 1 for code in verdicts}
    assert by_hand(searching_of(program, policy)) == verdicts
    for seed in range(6):
        as_it_is_run(OTHERS, policy, seed)


@pytest.mark.parametrize("name", PREDICATES)
def test_it_is_known_of_each_predicate_what_it_needs_of_what_happened(name: str) -> None:
    args: dict[str, Value] = {"mm": 0, "vpn": 0, "cpu": 0, "content": 0, "kind": "read"}
    need = need_of(Condition(Span(1), "", name, args))
    assert (need is None) == (name in AS_IT_STANDS)


# -- one by one, by levels, by several processes, and by hand -----------------------------


def by_hand(search: Search) -> Counter[int]:
    """Every state of a race one after the other, with the engine alone: the verdicts in them."""
    transitions: JudgedTransitions = search.transitions
    asked, verdicts = transitions.asked, Counter[int]()
    assert asked is not None
    cells = transitions.cells
    seen = {cells.snapshot()}
    level = [cells.snapshot()]
    while level:
        following = []
        for state in level:
            cells.restore(state)
            cells.forget()
            verdicts.update(asked.states(transitions.item))
            moved = False
            for _, outcome in walk(transitions, EveryTurn(transitions)):
                if outcome is BLOCKED:
                    continue
                moved = True
                verdicts.update(transitions.said)
                if cells.snapshot() not in seen:
                    seen.add(cells.snapshot())
                    following.append(cells.snapshot())
            if not moved:
                mark = transitions.mark()
                verdicts.update(transitions.go_on().codes)
                transitions.undo(mark)
        level = following
    return verdicts


@pytest.mark.parametrize("policy", POLICIES)
def test_however_it_is_searched_the_verdicts_are_the_same(
    policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = searching_of(watched(), policy, symmetric=False)
    expected = heard(alone)
    assert by_hand(searching_of(watched(), policy)) == expected[3]
    monkeypatch.setattr(searching, "LARGE", 2)
    assert expected == heard(searching_of(watched(), policy, symmetric=False))
    monkeypatch.setattr(levels, "FEW", 0)
    monkeypatch.setattr(levels, "BLOCK", 13)
    assert expected == heard(searching_of(watched(), policy, symmetric=False))
    monkeypatch.setattr(shared_levels, "SHARED", 2)
    monkeypatch.setattr(shared_levels, "BLOCK", 13)
    monkeypatch.setattr(share, "BLOCK", 13)
    assert expected == heard(searching_of(watched(), policy, symmetric=False, jobs=2))


@pytest.mark.parametrize("policy", ["eager", "luf"])
def test_turns_that_are_left_out_change_no_verdict(policy: str) -> None:
    whole = searching_of(watched(), policy, symmetric=False, reduced=False).run()
    found = searching_of(watched(), policy, symmetric=False).run()
    assert whole.states >= found.states
    assert whole.verdicts.keys() == found.verdicts.keys()
    lengths = [[(one.verdict, len(one.turns)) for one in some.failed] for some in (whole, found)]
    assert lengths[0] == lengths[1]


def test_where_somebody_looks_entries_are_evicted_at_any_time() -> None:
    text = STORES.format(one="", two="  allow evict\n").replace(
        "race\n", "race\n  expect sometimes no cached cpu1 heap.0\n"
    )
    found = explored(parse(MACHINE + text + "cpu1 read heap.0\n", "t.luf"))
    assert SAFE == found.verdict
    assert (
        found.states
        > explored(parse(MACHINE + text.replace("no cached cpu1", "mapped"), "t.luf")).states
    )


def test_names_change_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = searching_of(watched(), "luf", symmetric=False).run()
    monkeypatch.setattr(searching, "JUDGE_AT", 8)
    monkeypatch.setattr(searching, "WORTHWHILE", 2)
    named = searching_of(watched(), "luf").run()
    assert named.happened.renamed
    assert plain.verdicts.keys() == named.verdicts.keys()
    ends = [[(one.verdict, len(one.turns)) for one in found.failed] for found in (plain, named)]
    assert sorted(ends[0]) == sorted(ends[1])


# -- one order, as it is searched and as it is run ------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", range(12))
def test_an_order_comes_out_in_a_search_as_it_does_when_it_is_run(policy: str, seed: int) -> None:
    as_it_is_run(WATCHED, policy, seed)


def as_it_is_run(text: str, policy: str, seed: int) -> None:
    """Draw an order of a race, and compare how it comes out in both ways."""
    program = parse(text, "drawn.luf")
    transitions = searching_of(program, policy).transitions
    asked = transitions.asked
    assert asked is not None
    item, wrong = transitions.item, fails(asked.questions)
    said: dict[int, set[bool]] = {}

    def note(codes: tuple[int, ...]) -> None:
        for code in codes:
            said.setdefault(asked.questions[code >> 1].item, set()).add(bool(code & 1))

    words = []
    note(asked.states(item))
    for turn, outcome in walk(transitions, RandomWalk(seed)):
        assert outcome is not BLOCKED
        words.append(transitions.word(turn))
        note((*transitions.said, *asked.states(item)))
    note(transitions.go_on().codes)
    played = text.replace("end\n", f"  schedule {' '.join(words)}\nend\n")
    run = record(parse(played, "drawn.luf"), policy)
    came = {one.item: one.held for one in run.outcomes}
    for question in asked.questions:
        found = said[question.item]
        if question.sometimes:
            assert (True in found) == came.get(question.item, False), question.expect.text
        else:
            assert (False not in found) == came[question.item], question.expect.text
    assert wrong
