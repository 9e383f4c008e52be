"""What is expected of a race is judged in every order: inside it, in its states, and behind it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from luf_tui.engine.strategy import EveryTurn, walk
from luf_tui.engine.transitions import BLOCKED
from luf_tui.errors import InputError, Span
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Condition, Program, Value
from luf_tui.script.vocabulary import PREDICATES
from luf_tui.search import search as searching
from luf_tui.search.expectations import fails, questions_of
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.race_start import at_race
from luf_tui.search.random_walks import RandomWalk
from luf_tui.search.result import BOUNDED, FAILED, SAFE, UNSAFE, Limits
from luf_tui.search.rows import levels, share, shared_levels, space
from luf_tui.search.rows.saved import Saved
from luf_tui.search.search import Search
from luf_tui.search.shrink import shrunk
from luf_tui.timeline.ask.summary import summary
from luf_tui.timeline.conditions.kept import AS_IT_STANDS, need_of
from luf_tui.timeline.recorder import record
from tests.races import race, result

POLICIES = ("eager", "batched", "luf")
MACHINE = """\
machine  cpus 3, dram 2, max-order 0, tlb 3, key-bits 2, swap 1
process  app, heap 1 page
cpu1     run app
cpu2     run app
cpu2     write heap.0 before
cpu1     read heap.0
"""
STORES = """\
race
  cpu1     write heap.0 one
{one}
  cpu2     write heap.0 two
{two}
end
"""


def stores(*behind: str, one: str = "", two: str = "") -> Program:
    """Two CPUs that store to one page, and what is expected of it."""
    return parse("\n".join([MACHINE, STORES.format(one=one, two=two), *behind, ""]), "stores.luf")


def explored(program: Program, policy: str = "batched", *without: str) -> Report:
    return Exploration(program, make_policy(policy, without)).run()


def counted(report: Report) -> list[tuple[int, int]]:
    """In how many states each expectation held and failed."""
    return [(one.held, one.failed) for one in report.expected]


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

WATCHED = """\
machine  cpus 3, dram 3, max-order 0, tlb 3, key-bits 2, swap 2
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
process  other, heap 1 page
cpu1     run app
cpu2     run app
cpu1     read text.0
cpu2     read text.0
cpu2     write heap.0 before
cpu1     read heap.0
race
  expect   always no stale-hits > 1
  expect   sometimes stale cpu1 text.0
  kswapd   reclaim text.0
  expect   no mapped text.0
  expect   flushed cpu1
  expect   deferred = 1
  expect   free text.0
  cpu1     read text.0
  expect   reads lib.0
  expect   fault cpu1
  expect   always ipis < 2
  expect   sometimes saved = 1
  cpu2     write heap.0 two
  expect   no fault
  expect   steps < 30
  expect   content text.0 lib.0
  expect   interrupted cpu1 cpu2
  expect   always event read < 4
end
expect   reads lib.0
expect   flushed cpu1 cpu2
expect   paid = 0
expect   sends < 2
expect   on text.0 dram
cpu0     run other
cpu0     write other.heap.0 secret
expect   paid = 1
expect   owed = 0
expect   flushed cpu2
expect   interrupted > 0
cpu1     read text.0
expect   reads lib.0
expect   deviation = 0
expect   stale-hits > 0
expect   flushes > 1
expect   being-paid = 0
"""
"""A race of which all kinds of things are expected."""


def watched() -> Program:
    return parse(WATCHED, "watched.luf")


def searching_of(
    program: Program, policy: str, *, reduced: bool = True, **options: object
) -> Search:
    asked = questions_of(
        program, next(n for n, one in enumerate(program.items) if one in program.races)
    )
    start = at_race(program, make_policy(policy), questions=asked, reduced=reduced)
    assert start is not None
    return Search(start.transitions, **options)  # type: ignore[arg-type]


def heard(search: Search) -> tuple[object, ...]:
    """What may not depend on how it is searched."""
    found = search.run()
    orders = tuple((one.verdict, one.turns, one.behind) for one in found.failed)
    return (
        found.verdict,
        found.states,
        found.transitions,
        dict(sorted(found.verdicts.items())),
        orders,
    )


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
  cpu1     madvise heap dontneed
  app      unpin heap.0
  expect   mapped heap.0
end
expect   event pin = 1
"""


def test_a_line_that_is_refused_in_one_order_is_part_of_that_order() -> None:
    program = parse(GONE, "gone.luf")
    run = record(program)
    assert ((), [8]) == (run.refusals, [one.line for one in run.refused])
    assert ["expect   event pin = 1"] == [program.items[one.item].text for one in run.outcomes]
    assert [8] == [one["line"] for one in summary(run)["refused"]]


def test_what_is_expected_of_a_line_that_is_refused_is_not_asked() -> None:
    text = GONE.replace("cpu1     madvise heap dontneed", "kswapd   reclaim app.heap.0")
    found = explored(parse(text.replace("policy", "kswapd on cpu0\npolicy"), "gone.luf"))
    assert FAILED == found.verdict
    (inside, behind) = found.expected
    assert inside.held and not inside.failed
    assert behind.held and behind.failed


def test_a_line_behind_a_race_that_is_refused_is_told() -> None:
    behind = "cpu1 read heap.0\n  kswapd reclaim app.heap.0\nend\napp unpin heap.0\n"
    first, _, last = GONE.partition("cpu1     madvise")
    text = first.replace("policy", "kswapd on cpu0\npolicy") + behind + last.partition("end\n")[2]
    found = explored(parse(text.replace("= 1", "< 2"), "gone.luf"))
    assert (SAFE, [(2, 0)], (11,)) == (found.verdict, counted(found), found.happened.refused)
    assert any(
        "`app unpin heap.0`, was refused in some" in one for one in found.happened.sentences()
    )
    failed = explored(parse(text, "gone.luf"))
    assert (FAILED, [(1, 1)]) == (failed.verdict, counted(failed))
    run = record(parse(failed.scenario, "found.luf"))
    assert ((), [False]) == (run.refusals, [one.held for one in run.outcomes])
    assert ["app unpin"] == [" ".join(one.reason.split()[:2]) for one in run.refused]


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
