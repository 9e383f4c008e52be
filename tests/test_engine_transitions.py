"""Turns of a race: who can move, what the words of a schedule do."""

from __future__ import annotations

import pytest

from luf_tui.engine.operations.access import Evict, Prefetch
from luf_tui.engine.operations.memory import Refill
from luf_tui.engine.operations.process import Switch
from luf_tui.machine import events as ev
from luf_tui.script.parse import parse
from luf_tui.script.program import Race
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline
from tests.races import start, tiny

SETUP = """\
machine  cpus 2, dram 3, max-order 0, tlb 4
policy   luf
kswapd   on cpu0
process  app, heap 1 page
process  other, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu0     run other
cpu1     run app
cpu1     read text.0
"""


def played(race: str) -> Timeline:
    return record(parse(f"{SETUP}race\n{race}end\n"))


def ops(run: Timeline) -> list[int]:
    number = next(n for n, item in enumerate(run.program.items) if isinstance(item, Race))
    return [run.step_info(step).op for step in run.item_steps(number)]


def test_a_task_that_is_not_on_its_cpu_is_switched_in_by_its_first_turn() -> None:
    run = played("  kswapd reclaim text.0\n  cpu0 read heap.0\n  schedule kswapd*2 other*2\n")
    assert Switch.NUMBER == ops(run)[0]
    assert not run.refusals


def test_what_a_schedule_leaves_in_flight_is_finished() -> None:
    run = played("  kswapd reclaim text.0\n  cpu0 read heap.0\n  schedule kswapd*4\n")
    run.seek(run.steps)
    assert [0] * run.machine.contexts == [ctx.depth for ctx in run.machine.ctx]
    assert 1 == run.owed(run.steps)


def test_a_running_operation_keeps_its_cpu_unless_the_race_allows_preemption() -> None:
    text = f"{SETUP}race\n  kswapd reclaim text.0\n  cpu0 read heap.0\n  {{}}\nend\n"
    free = []
    for allowed in ("", "allow switch"):
        moves = start(parse(text.format(allowed))).transitions
        for _ in range(3):
            moves.make(moves.turn("kswapd"))
        free.append(moves.can_take(moves.turn("other")))
    assert [False, True] == free


def test_a_pcp_list_that_is_being_refilled_is_left_to_who_refills_it() -> None:
    text = f"{SETUP}race\n  kernel alloc slab\n  cpu0 read heap.0\n  allow switch, drain\nend\n"
    moves = start(parse(text.replace("kswapd   on", "kernel   on"))).transitions
    kernel, other, drain = map(moves.turn, ("kernel", "other", "drain/cpu0"))
    while not any(moves.k.m.pcp_list(0, zone).head for zone in moves.k.m.zone):
        moves.make(kernel)
    refilling = [moves.can_take(turn) for turn in (other, drain)]
    while moves.k.runs_through(moves.k.m.ctx[kernel], Refill):
        moves.make(kernel)

    assert [False, False] == refilling
    assert [True, False] == [moves.can_take(turn) for turn in (other, drain)]
    moves.make(kernel)
    moves.make(kernel)
    assert moves.can_take(drain) == any(moves.k.m.pcp_list(0, zone).head for zone in moves.k.m.zone)


def test_a_schedule_names_choices_of_the_machine() -> None:
    text = "  cpu1 read text.0\n  kswapd reclaim text.0\n  allow evict, prefetch\n  schedule {}\n"
    run = played(text.format("evict/cpu1/app.text.0 prefetch/cpu1/app.text.0"))
    assert [Evict.NUMBER, Prefetch.NUMBER] == ops(run)[:2]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("evict/cpu1/app.text.0", "needs `allow evict`"),
        ("kswapdd", "nobody here is called 'kswapdd'; known: app, irq/cpu0"),
        ("boot", "nobody here is called 'boot'"),
    ],
)
def test_a_word_of_nobody_is_refused(word: str, reason: str) -> None:
    (refusal,) = played(f"  cpu1 read text.0\n  schedule {word}\n").refusals
    assert reason in refusal.reason


def test_a_page_that_munmap_has_begun_to_take_away_may_be_read_until_it_returns() -> None:
    """Also by a walk through the PTE it has yet to clear, and also after reclaim unmapped it."""
    run = played("  cpu1 munmap text\n  kswapd reclaim text.0\n  schedule app kswapd*12\n")
    assert not [found for found in run.findings if found.weight == "violation"]


def test_every_word_stands_for_its_turn() -> None:
    turns = start(tiny("allow evict, prefetch, drain")).transitions
    known = [turn for turn in range(turns.k.m.contexts) if turn != turns.k.m.boot_ctx.index]
    known += [turns.k.m.contexts + number for number in range(len(turns.choices))]
    assert known == [turns.turn(turns.word(turn)) for turn in known]


def test_a_fault_pays_for_a_migration_that_came_in_between() -> None:
    """The flush at the start of the fault found nothing owed; the one before the PTE does."""
    run = record(
        parse(
            """\
machine  cpus 3, dram 3, cxl 2, max-order 0
policy   luf
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-write shared as data
cpu1     run app
cpu2     run app
cpu1     read data.0
cpu2     read data.0
cpu2     write data.0 new stop before upgrade
kswapd   demote data.0
cpu2     resume
cpu1     read data.0
expect   reads new
expect   no violation
"""
        )
    )
    assert [True, True] == [outcome.held for outcome in run.outcomes]
    assert 1 == len(run.index.by_kind[ev.PAY])


def test_reclaim_cannot_slip_between_the_flush_of_munmap_and_its_walk() -> None:
    run = record(
        parse(
            f"""{SETUP.replace("cpus 2", "cpus 3")}
cpu2     run app
cpu2     munmap text stop before clear pte
kswapd   reclaim text.0
cpu2     resume
cpu1     read text.0
expect   sigsegv cpu1
expect   no violation
"""
        )
    )
    assert [True, True] == [outcome.held for outcome in run.outcomes]


def test_write_has_the_folio_locked_from_where_it_finds_it() -> None:
    run = record(
        parse(
            f"""{SETUP}
numa     on cpu1
cpu0     pwrite lib.0 v2 stop before hook
numa     reclaim text.0
cpu0     resume
cpu1     run app
cpu1     read text.0
expect   reads v2
expect   no violation
"""
        )
    )
    assert [True, True] == [outcome.held for outcome in run.outcomes]


def test_a_schedule_may_evict_long_before_anybody_would_notice() -> None:
    run = played(
        "  cpu1 read heap.0\n  cpu1 read text.0\n  allow evict\n  schedule evict/cpu1/app.text.0\n"
    )
    assert Evict.NUMBER == ops(run)[0]


@pytest.mark.parametrize("holder", ["pwrite lib.0 v2", "truncate lib to 0"])
def test_a_folio_that_reclaim_puts_back_stays_locked_for_who_has_it(holder: str) -> None:
    """Reclaim does not wait for a folio lock, and does not let go of somebody else's."""
    run = record(
        parse(
            f"""{SETUP.replace("cpus 2", "cpus 3")}
numa     on cpu2
cpu0     {holder} stop before hook
numa     reclaim lib.0
numa     reclaim lib.0
cpu0     resume
cpu1     run app
expect   no violation
"""
        )
    )
    assert () == run.refusals
    assert [True] == [outcome.held for outcome in run.outcomes]
    assert 2 == sum(event.kind == ev.KEEP for event in run.machine.events)
