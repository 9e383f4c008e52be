"""Any lines, any number of times: turns, states, verdicts, and the shortest program."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby

import pytest
from attrs import evolve

from luf_tui.engine.fresh import fresh_content
from luf_tui.engine.strategy import Schedule, walk
from luf_tui.engine.transitions import Transitions
from luf_tui.machine import events as ev
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Op, Program, Race
from luf_tui.search import search, shrink
from luf_tui.search.counterexample import tidy
from luf_tui.search.exploration import Exploration, Report, as_json
from luf_tui.search.lasting import Lasting
from luf_tui.search.race_start import at_race
from luf_tui.search.result import BOUNDED, SAFE, UNSAFE, Broken, Limits
from luf_tui.search.search import Search
from luf_tui.search.shrink import shrunk
from luf_tui.search.unrolled import unrolled
from luf_tui.timeline.recorder import record
from luf_tui.timeline.script_lines import line_at
from tests.forever import DEVICE, OWED, WAITS, explored, several, two_actors
from tests.naming_runs import names_from_the_start
from tests.races import STUCK, searched, start

GUARD = "flush-before-free"


@cache
def safe() -> Report:
    """What is found where nothing is broken."""
    return explored(two_actors())


def test_no_program_of_any_length_breaks_a_safe_machine() -> None:
    report = safe()
    assert (SAFE, 1, "") == (report.verdict, report.forever, report.why)
    assert report.happened.reused
    assert not report.vacuous
    assert "an allocation on cpu1 failed in some program" in report.happened.sentences()
    assert report.happened.ipis is None
    assert 1 == as_json(report)["forever"]


def test_the_shortest_program_breaks_what_no_race_of_the_lines_does() -> None:
    report = explored(two_actors(), GUARD)
    assert (UNSAFE, "O2") == (report.verdict, report.obligation)
    assert SAFE == explored(two_actors(forever="race"), GUARD).verdict


def test_it_is_an_ordinary_scenario_that_breaks_the_same() -> None:
    program = two_actors()
    report = explored(program, GUARD)
    for found in (report, shrunk(program, make_policy("batched", [GUARD]), report)):
        run = record(parse(found.scenario, "counterexample.luf"))
        first = next(one for one in run.findings if one.weight == "violation")
        assert "O2" == first.obligation
        assert () == run.refusals
        races = run.program.races
        assert [False] == [race.forever for race in races]
        assert len(found.schedule) == len(races[0].schedule) == 36
        lines = [" ".join(op.text.split()) for branch in races[0].branches for op in branch.ops]
        assert len(_runs(found.schedule)) <= 4
        told = ["cpu1 read text.0", "cpu1 write heap.0 fresh-1", "kswapd reclaim text.0"]
        assert told == lines
        number = run.program.items.index(races[0])
        assert run.item_steps(number)[len(races[0].schedule) - 1] == first.step


def _runs(schedule: tuple[str, ...]) -> list[str]:
    return [word for word, _ in groupby(schedule)]


def test_shrinking_tells_the_figures_of_the_whole_search() -> None:
    program = two_actors()
    report = explored(program, GUARD)
    smaller = shrunk(program, make_policy("batched", [GUARD]), report)
    assert len(smaller.scenario) < len(report.scenario)
    same = ("states", "happened", "learnt", "forever")
    assert [getattr(report, name) for name in same] == [getattr(smaller, name) for name in same]


def test_shrinking_searches_races_only(monkeypatch: pytest.MonkeyPatch) -> None:
    program, looked_at = two_actors(), list[bool]()
    report = explored(program, GUARD)

    def noted(smaller: Program, *args: object, **named: object) -> Exploration:
        looked_at.extend(race.forever for race in smaller.races)
        return Exploration(smaller, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(shrink, "Exploration", noted)
    shrink.shrunk(program, make_policy("batched", [GUARD]), report)
    assert {False} == set(looked_at)


def test_what_an_actor_goes_on_with_is_put_behind_what_it_begins() -> None:
    moves = start(two_actors(), GUARD, policy="batched").transitions
    broken = Search(moves).run().broken[0]
    turns = list(tidy(moves, broken))
    kswapd, app = moves.turn("kswapd"), moves.turn("app")
    turns.remove(kswapd)
    begins = next(at for at, turn in enumerate(turns) if app == moves.mover(turn))
    turns.insert(begins + 1, kswapd)
    assert moves.replay(turns)
    tidied = tidy(moves, evolve(broken, turns=tuple(turns)))
    assert [app, app] == [moves.mover(turn) for turn in tidied[begins : begins + 2]]


def test_each_use_of_fresh_has_a_name_of_its_own_in_the_counterexample() -> None:
    stores = ("cpu2 write heap.0 fresh", "cpu2 write heap.1 fresh-2")
    program = several(*stores, "cpu1 read heap.0", "kswapd reclaim any page")
    moves = start(program, policy="batched").transitions
    turns: list[int] = []
    for word in ("other:1", "app:1", "other:1", "other:2"):
        turns.append(moves.turn(word))
        moves.make(turns[-1])
        while moves.k.m.ctx[mover := moves.mover(turns[-1])].depth:
            turns.append(mover)
            moves.make(mover)
    turns.append(moves.turn("kswapd"))
    moves.make(turns[-1])
    moves.abandon()
    nothing = Broken("", "", "", tuple(turns))
    race = unrolled(program, make_policy("batched", ()), moves, nothing, turns, 0)
    branches = {branch.name: branch for branch in race.program.races[0].branches}
    wanted = ["heap.0 fresh-1", "heap.0 fresh-3", "heap.1 fresh-2"]
    assert wanted == [" ".join(op.text.split()[2:]) for op in branches["other"].ops]
    assert [1, 1] == [len(branches[name].ops) for name in ("app", "kswapd")]
    played = [race.transitions.word(turn) for turn in race.turns]
    assert [moves.word(moves.mover(turn)) for turn in turns] == played
    assert 0 == _passed_over(race.transitions, race.turns)


def _passed_over(moves: Transitions, turns: Sequence[int]) -> int:
    """Turns that cannot be taken when they are due."""
    schedule = Schedule(turns)
    for _ in walk(moves, schedule):
        pass
    return schedule.passed_over


def test_contents_are_fresh_and_finite() -> None:
    moves = start(several("cpu1 write heap.0 fresh", "cpu2 write any page fresh")).transitions
    m = moves.k.m
    seen = set()
    for number in range(40):
        turn = moves.turn(("app:1", "other:1/heap.0", "other:1/heap.1")[number % 3])
        held = {frame.content for frame in m.frame} | {slot.content for slot in m.swap}
        first = len(m.events)
        moves.make(turn)
        while m.ctx[moves.mover(turn)].depth:
            moves.make(moves.mover(turn))
        stored = [event for event in list(m.events)[first:] if event.kind == ev.STORE]
        content = stored[0].args["content"]
        assert content not in held
        seen.add(m.config.content_name(content))
    assert {"fresh-1", "fresh-2", "fresh-3", "fresh-4"} == seen
    m.swap[0].content = fresh_content(m)
    m.file_page[0].disk = fresh_content(m)
    assert 3 == len({m.swap[0].content, m.file_page[0].disk, fresh_content(m)})


def test_words_of_turns_are_read_back() -> None:
    lines = ("any cpu write any page fresh", "app read heap.0", "kswapd reclaim any page")
    moves = start(several(*lines, "allow evict, drain, switch")).transitions
    words = [moves.word(turn) for turn in moves.turns]
    assert list(moves.turns) == [moves.turn(word) for word in words]
    assert {"app:1/text.1", "app:2", "other:1/heap.1", "kswapd:1/app.heap.0", "app"} <= set(words)
    program = several(*lines, f"allow evict, drain, switch\n schedule {' '.join(words)}")
    assert [word.replace("irq/", "irq ") for word in words] == list(program.races[0].schedule)


def test_an_idle_actor_begins_any_line_and_its_context_only_moves_what_is_in_flight() -> None:
    moves = start(two_actors(), policy="batched").transitions
    app = moves.turn("app")
    first, second = moves.turn("app:1"), moves.turn("app:2")
    assert [False, True, True] == [moves.can_take(turn) for turn in (app, first, second)]
    moves.make(second)
    assert [True, False, False] == [moves.can_take(turn) for turn in (app, first, second)]
    while moves.k.m.ctx[app].depth:
        moves.make(app)
    assert 0 == moves.k.m.ctx[app].pc
    assert [False, True, True] == [moves.can_take(turn) for turn in (app, first, second)]
    assert [] == moves.unfinished()


def test_the_operations_of_each_actor_can_be_read() -> None:
    program = two_actors()
    moves = start(program, policy="batched").transitions
    ops: dict[str, tuple[Op, ...]] = {
        moves.word(ctx): operations for ctx, operations in moves.ops.items()
    }
    assert ["app", "kswapd"] == list(ops)
    assert [("write", 0), ("read", 1)] == [
        (op.verb.word, op.args.where.vpn)
        for op in ops["app"]  # type: ignore[attr-defined]
    ]


def test_reductions_change_no_verdict() -> None:
    writer = {"  cpu1     write heap.0 fresh": "  allow evict\n  cpu1 write heap.0 secret"}
    waits = parse(WAITS.replace("forever\n", "forever\n  allow evict\n"))
    for program, without, verdict in ((waits, (), SAFE), (two_actors(**writer), (GUARD,), UNSAFE)):
        found = []
        for reduced in (True, False):
            moves = at_race(program, make_policy("batched", without), reduced=reduced)
            assert moves is not None
            found.append(Search(moves.transitions).run())
        assert [verdict, verdict] == [one.verdict for one in found]
        assert found[0].states <= found[1].states


def test_who_does_nothing_may_be_about_to_access_any_page_of_its_lines() -> None:
    text = {"  kswapd   reclaim text.0": "  kswapd   reclaim text.0\n  allow evict"}
    moves = start(two_actors(**text), policy="batched").transitions
    assert moves.lazy_evictions
    evict = moves.turn("evict/cpu1/app.text.0")
    moves.make(moves.turn("app:2"))
    offered = []
    while moves.k.m.ctx[moves.turn("app")].depth:
        offered.append(moves.can_take(evict))
        moves.make(moves.turn("app"))
    assert moves.can_take(evict)
    assert 1 == offered.count(True)


def test_a_search_of_a_block_never_goes_on_without_its_canonical_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "JUDGE_AT", 10)
    monkeypatch.setattr(search, "WORTHWHILE", 0.0)
    moves = start(two_actors(), policy="batched").transitions
    found = Search(moves, limits=Limits(150)).run()
    assert (BOUNDED, True) == (found.verdict, found.happened.renamed)


def test_a_block_is_played_line_by_line_once_or_by_its_schedule() -> None:
    run = record(two_actors(), "batched")
    race = next(n for n, item in enumerate(run.program.items) if isinstance(item, Race))
    lines = dict.fromkeys(line_at(run, step) for step in run.item_steps(race))
    assert [10, 11, 12] == [line for line in lines if line != 9]
    program = two_actors(end="  schedule app:2 app*20\nend")
    run = record(program, "batched")
    assert [11] == list(dict.fromkeys(line_at(run, step) for step in run.item_steps(race)))


def test_a_line_that_is_refused_is_no_turn() -> None:
    lines = ("cpu2 read heap.0", "app uffdio-copy any page x")
    report = explored(several(*lines))
    assert (13, "app uffdio-copy any page x") == report.happened.lines[1]
    assert SAFE == report.verdict
    assert (13,) == report.happened.refused == report.happened.never
    run = record(several(*lines))
    assert () == run.refusals


def test_who_is_in_flight_when_nobody_can_go_on_is_stuck() -> None:
    text = STUCK.replace("race\n", "forever\n").replace("heap 1 page", "heap 2 pages")
    program = parse(text.replace("end\n", "  app uffdio-copy heap.1 x\nend\n"), "stuck.luf")
    result = searched(program)
    assert ["deadlock"] == [one.obligation for one in result.broken]
    assert "deadlock" == explored(program, policy="luf", walks=2).obligation
    report = explored(program, policy="luf")
    assert "deadlock" == report.obligation
    assert [False] == [outcome.held for outcome in record(parse(report.scenario)).outcomes]


def test_who_can_wait_for_ever_is_told_with_a_way_there() -> None:
    report = explored(parse(WAITS))
    assert SAFE == report.verdict
    assert report.lasting is not None
    ((actor, words),) = report.lasting[0].waits
    assert "app/2" == actor
    assert "app/2 can wait for ever, first after 3 turns: app/2:1 app/2 app/2" in report.lasts()
    run = record(parse(WAITS.replace("end\n", f"  schedule {' '.join(words)}\nend\n")), "batched")
    run.seek(run.steps)
    m = run.machine
    waiting = [m.ctx_name(ctx) for ctx in m.ctx if ctx.depth]
    assert ["app/2", "kswapd"] == waiting
    lasting = as_json(report)["lasting"]
    assert [{"waits": [{"actor": "app/2", "schedule": list(words)}], "unpaid": None}] == lasting


def test_nobody_waits_for_ever_and_all_is_paid_where_that_is_so() -> None:
    report = safe()
    assert (Lasting(),) == report.lasting
    assert ["nobody can be kept waiting for ever"] == report.lasts()[:1]


def test_a_flush_that_stays_owed_is_told() -> None:
    for policy, stays in (("luf", True), ("batched", False)):
        report = explored(parse(OWED), policy=policy)
        assert report.lasting is not None
        assert stays == (report.lasting[0].unpaid is not None)
        assert stays == any("may stay owed for ever" in line for line in report.lasts())


def test_that_nobody_looked_for_what_lasts_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_COUNTED", 10)
    report = explored(parse(WAITS))
    assert (SAFE, None) == (report.verdict, report.lasting)
    assert "was not looked at" in report.lasts()[0]
    assert None is as_json(report)["lasting"]


def test_what_a_device_does_is_a_turn_of_its_own() -> None:
    report = explored(parse(DEVICE), "notify-secondary", policy="luf")
    assert (UNSAFE, "O29") == (report.verdict, report.obligation)
    assert 1 == report.schedule.count("device")
    run = record(parse(report.scenario))
    assert "O29" == next(one.obligation for one in run.findings if one.weight == "violation")
    assert () == run.refusals
    race = next(n for n, item in enumerate(run.program.items) if isinstance(item, Race))
    there = [line_at(run, step) for step in run.item_steps(race)]
    line = next(n for n, row in enumerate(run.program.source, 1) if "dma-read" in row)
    assert 1 == there.count(line)


def test_lines_of_the_machine_are_played_once_in_a_block_without_a_schedule() -> None:
    run = record(parse(DEVICE))
    lines = {line_at(run, step) for step in run.item_steps(len(run.program.items) - 2)}
    assert {10, 11, 12, 13} <= lines


@pytest.mark.parametrize(("text", "policy"), [(WAITS, "batched"), (OWED, "luf"), (OWED, "batched")])
def test_by_levels_and_under_names_the_same_lasts(text: str, policy: str) -> None:
    one_by_one = explored(parse(text), policy=policy)
    with names_from_the_start():
        renamed = explored(parse(text), policy=policy)
    assert not one_by_one.happened.renamed
    assert renamed.happened.renamed
    assert one_by_one.lasting is not None
    assert one_by_one.lasting == renamed.lasting


def test_moves_of_the_machine_that_no_line_begins_belong_to_no_line() -> None:
    text = DEVICE.replace("end\n", "  schedule machine:1 kswapd kswapd:1\nend\n")
    run = record(parse(text))
    steps = run.item_steps(len(run.program.items) - 2)
    assert [11, 9, 13] == [line_at(run, step) for step in steps[:3]]
