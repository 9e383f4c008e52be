"""Laws of the screen, held at every micro-step: nothing dangerous is told as harmless, panes agree,
and what a step changed of what is shown is marked.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from luf_tui import library
from luf_tui.engine import in_flight
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import BUDDY_TAIL, FREE_BUDDY, FREE_PCP, FREE_STATES, Frame, Mm
from luf_tui.oracle import truth
from luf_tui.policy import guards
from luf_tui.policy.base import OWED, PAYING, Policy
from luf_tui.policy.registry import make_policy
from luf_tui.runs.opening import play_file
from luf_tui.script.parse import load
from luf_tui.search.random_programs.random_program import random_program
from luf_tui.timeline.ask.debt_states import debts_at, in_debt, waited
from luf_tui.timeline.open_debts import PAID, OpenDebt, debts_of, frames_in_debt
from luf_tui.timeline.recorder import record, record_with
from luf_tui.timeline.tell.narrate import LEVELS, narrate
from luf_tui.timeline.tell.words import counted
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.changes import stale_at
from luf_tui.view.columns import fit
from luf_tui.view.compose import first_row, placed
from luf_tui.view.marks import Mark, Pane, Row
from luf_tui.view.names import SIGNS, debt_tag
from luf_tui.view.panes.ledger import NO_FRAME
from luf_tui.view.screen import PANES, arranged
from luf_tui.view.state import ViewState
from tests.shipped import PLAYED

SCENARIOS = [pytest.param(str(one.path), id=one.name) for one in PLAYED]
TRACE = Path(library.__file__).parent.parent / "scenarios" / "traces" / "llm-excerpt.trace.xz"
POLICIES = ("luf", "batched", "eager")
STATE = ("tlbs", "pagetables", "lists", "frames", "ledger", "header")
"""The panes that show the machine and what is owed."""
PROGRAMS, CHUNK = 600, 100
AGE = re.compile(r" for \d+ steps?$|, [\d,]+ ns$|^ *\d+$")
"""What ticks on though nothing is written."""
HARMLESS = "nothing is left to pay"
WAITED = re.compile(r"having waited at least ([\d,]+) ns")
AFTER = re.compile(r"cpu(\d+)")


def readable(m: Machine) -> list[tuple[int, Frame]]:
    """CPUs, and the free frames that they can still reach through a stale entry. In the middle of a
    switch a CPU looks at tlb_gen before anybody accesses anything.
    """
    return [
        (cpu, entry.frame)
        for cpu in range(m.config.cpus)
        if not (m.config.cut_switch and m.cpu[cpu].irqs_off)
        for entry in m.tlb_of(cpu)
        if entry.mm and entry.frame and entry.frame.state in FREE_STATES
        if truth.stale(m, entry) and truth.reachable(m, cpu, entry)
    ]


def uncovered(policy: Policy, m: Machine) -> list[str]:
    """Of those, what no open debt covers."""
    read = readable(m)
    debts = debts_of(policy, m) if read else []
    return [
        f"cpu{cpu} f{frame.pfn} {debts}"
        for cpu, frame in read
        if not any(covers(debt, cpu, frame.pfn) for debt in debts)
    ]


def covers(debt: OpenDebt, cpu: int, pfn: int) -> bool:
    return debt.open and bool(debt.left >> cpu & 1) and pfn in debt.all_frames


def everywhere(run: Timeline) -> list[str]:
    found = []
    for position in range(run.steps + 1):
        run.seek(position)
        found += [f"step {position}: {one}" for one in uncovered(run.policy, run.machine)]
    return found


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_what_can_still_be_read_of_a_free_frame_is_owed_or_being_paid(
    name: str, policy: str
) -> None:
    assert [] == everywhere(record_with(load(name), make_policy(policy)))


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_the_same_in_random_programs(first: int) -> None:
    for seed in range(first, first + CHUNK):
        assert [] == everywhere(record(random_program(seed), POLICIES[seed % 2])), seed


def test_the_law_can_fail() -> None:
    """A policy that forgets who pays leaves a frame in nobody's hands."""
    run = record(load(str(library.locate("tour/who-pays"))))
    ledger = run.policy.ledger
    run.policy.ledger = lambda m: [one for one in ledger(m) if one.state != PAYING]  # type: ignore[method-assign]

    assert everywhere(run)


def shown(run: Timeline, name: str) -> Pane:
    return PANES[name](run, ViewState(), 110, 60)


def marks(pane: Pane) -> list[Mark]:
    return [mark for row in (pane.title, *pane.rows) for mark in row]


def text(row: Row) -> str:
    return "".join(mark.text for mark in row)


def signed(pane: Pane) -> set[int]:
    """Frames that have the sign of a debt that is open."""
    return {
        mark.ref.index
        for mark in marks(pane)
        if mark.ref and mark.ref.region == "frame" and mark.role in ("pending", "flushed")
        if not mark.text.startswith("was ")
    }


def cached(m: Machine) -> dict[int, tuple[Mm, int, Frame]]:
    """What all TLBs hold, by place."""
    entries = (entry for cpu in range(m.config.cpus) for entry in m.tlb_of(cpu))
    return {one.index: (one.mm, one.vpn, one.frame) for one in entries if one.mm and one.frame}


def tokens(pane: Pane) -> Counter[tuple[str, object]]:
    """What a pane says of things: neither what it was, nor for how long."""
    return Counter(
        (AGE.sub("", mark.text).strip(), mark.ref)
        for mark in marks(pane)
        if (mark.ref or mark.role not in ("dim", "title"))
        and not mark.text.startswith("was")
        and AGE.sub("", mark.text).strip(" –▐…")
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_panes_agree_and_mark_what_changed(name: str) -> None:
    run = record(load(name))
    before: dict[str, Counter[tuple[str, object]]] = {}
    for position in range(run.steps + 1):
        run.seek(position)
        m = run.machine
        waiting = frames_in_debt(debts_of(run.policy, m))
        panes = {one: shown(run, one) for one in STATE}
        where = f"{name}@{position}"

        assert len(waiting) == run.owed(position), where
        assert set(waiting) == signed(panes["frames"]), where
        listed = {pfn for pfn in waiting if m.frame[pfn].where}
        heads = {m.frame[pfn].pfn for pfn in listed}
        assert heads <= signed(panes["lists"]) | _tails(m, heads), where
        counts_what_it_says(m, panes["lists"], where)
        told = f"owed {len(waiting)}" in " ".join(
            "".join(mark.text for mark in panes["header"].rows[0]).split()
        )
        assert told, where
        for one, pane in panes.items():
            now = tokens(pane)
            over = one == "ledger" and only_paid_went(run, position)
            if over:
                assert not any(mark.changed for mark in marks(pane)), where
            elif position and now != before[one]:
                new = (now - before[one]) + (before[one] - now)
                assert any(mark.changed for mark in marks(pane)), f"{where} {one}: {new}"
            before[one] = now


@pytest.mark.parametrize(
    "name",
    ["as-posted/d10-split", "as-posted/d15-pending-write-protect", "hazards/failed-migration",
     "races/atomic-three-refusals", "tiering/who-pays"],
)  # fmt: skip
def test_of_what_changed_in_a_pane_that_is_too_long_some_is_in_sight(name: str) -> None:
    run, state = record(load(str(library.locate(name)))), ViewState()
    for position in range(run.steps + 1):
        run.seek(position)
        for place in arranged(run, state, 120, 39):
            if place.pane not in STATE:
                continue
            block = placed(run, state, place)
            if place.pane == "ledger":
                assert "…" not in "".join(map(text, block.pane.rows)), f"{name}@{position}"
            lit = {n for n, row in enumerate(block.pane.rows) if any(one.changed for one in row)}
            top = first_row(block)
            in_sight = lit & set(range(top, top + block.rows))
            if lit and max(lit) < block.rows:
                assert not top, f"{name}@{position} {place.pane}: its heads are gone"
            assert in_sight or not lit, f"{name}@{position} {place.pane}"
            if lit and max(lit) - min(lit) < block.rows:
                assert in_sight == lit, f"{name}@{position} {place.pane}"


def only_paid_went(run: Timeline, position: int) -> bool:
    """Whether the only debts that are other ones than a step ago were paid: they are told of until
    their line ends.
    """
    if not position:
        return False
    then, now = (set(debts_at(run, at)) for at in (position - 1, position))
    return now < then and all(one.state == PAID for one in then - now)


def counts_what_it_says(m: Machine, pane: Pane, where: str) -> None:
    """The heads of the free lists: pages in buddy of each zone, and those on pcp lists."""
    said = "\n".join("".join(mark.text for mark in row) for row in pane.rows)
    buddy = [0] * len(m.config.nodes)
    for frame in m.frame:
        buddy[m.zone_of(frame).index] += frame.state in (FREE_BUDDY, BUDDY_TAIL)
    listed = sum(frame.state == FREE_PCP for frame in m.frame)

    assert sorted(buddy) == sorted(map(int, NODES.findall(said))), where
    assert f"pcp {counted(listed, 'page')}" in said, where


def _tails(m: Machine, heads: set[int]) -> set[int]:
    """Frames inside a block, which its head stands for."""
    return {pfn for pfn in heads if not m.frame[pfn].where}


@pytest.mark.parametrize("policy", ["luf", "batched"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_where_the_header_counts_no_frame_no_debt_is_told_to_have_one(
    name: str, policy: str
) -> None:
    run = record_with(load(name), make_policy(policy))
    for position in range(run.steps + 1):
        run.seek(position)
        debts = [one for one in debts_of(run.policy, run.machine) if one.state == OWED]
        if debts and not run.owed(position):
            told = "\n".join(map(text, shown(run, "ledger").rows))
            assert told.count(NO_FRAME) == len(debts), f"{name}@{position}: {told}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_told_as_settled_that_can_still_be_read(name: str) -> None:
    run = record_with(load(name), make_policy("luf"))
    for position in range(run.steps + 1):
        run.seek(position)
        m = run.machine
        read = {frame.pfn for _, frame in readable(m)}
        if not read:
            continue
        said = "\n".join("".join(mark.text for mark in row) for row in shown(run, "ledger").rows)
        debts = debts_of(run.policy, m)
        settled = {pfn for debt in debts if not debt.open for pfn in debt.all_frames}

        assert not settled & read, f"{name}@{position}"
        assert HARMLESS not in said or settled, f"{name}@{position}"


@pytest.mark.parametrize("policy", ["luf", "batched"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_flush_counts_as_paid_when_it_is_over_and_not_before(name: str, policy: str) -> None:
    run = record_with(load(name), make_policy(policy))
    firing: Counter[int] = Counter()
    over = 0
    for position in range(run.steps + 1):
        run.seek(position)
        m = run.machine
        if position:
            kinds = Counter(run.events.kinds[one] for one in run.events_of(position))
            firing[run.step_info(position).ctx] += kinds[ev.PAY]
        for ctx in [one for one in firing if in_flight.flush(m, run.policy, m.ctx[one]) is None]:
            over += firing.pop(ctx)

        assert run.counters(position).paid == over, f"{name}@{position}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_whoever_pays_waits_for_those_that_are_told_and_for_nobody_else(name: str) -> None:
    run = record(load(name))
    asked: dict[int, int] = {}
    for position in range(run.steps + 1):
        run.seek(position)
        m, where = run.machine, f"{name}@{position}"
        for send in (run.events[one] for one in run.events_of(position)):
            if send.kind == ev.SEND:
                payer = run.step_info(position).ctx
                assert asked[payer] & ~(1 << send.cpu) == send.args["mask"], where
            elif send.kind == ev.PAY:
                said = narrate(run, position)
                named = AFTER.findall(said.partition("only when")[2].partition("flushed")[0])
                assert not any(m.cpu[int(cpu)].lazy for cpu in named), f"{where}: {said}"
            elif send.kind == ev.SAVED:
                assert send.args["pfn"] not in in_debt(run), where
            elif send.kind == ev.FLUSHED:
                waits = WAITED.findall(narrate(run, position))
                told = [waited(run, one) for one in debts_at(run, position) if one.state == PAID]
                least = int(waits[0].replace(",", "")) if waits else 0
                assert not told or max(told) >= least, where
        debts = [debt for debt in debts_of(run.policy, m) if debt.state == PAYING]
        asked = {debt.payer: debt.left for debt in debts}
        for debt in debts:
            on_its_way = in_flight.flush(m, run.policy, m.ctx[debt.payer])
            assert on_its_way or debt.left | debt.spared, f"{where}: {debt}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_stale_entry_of_a_frame_that_owes_has_the_tag_and_every_loss_is_told(
    name: str,
) -> None:
    run = record(load(name))
    before: dict[int, tuple[Mm, int, Frame]] = {}
    for position in range(run.steps + 1):
        run.seek(position)
        m, where = run.machine, f"{name}@{position}"
        waiting = in_debt(run)
        for wide in (60, 27) if waiting else ():
            stacked = PANES["tlbs"](run, ViewState(), wide, 60)
            rows = {mark.ref: row for row in stacked.rows for mark in row if mark.ref}
            for index in stale_at(run, position):
                frame = m.tlb[index].frame
                debt = frame and waiting.get(frame.pfn)
                if debt:
                    told = "".join(mark.text for mark in fit(rows[Ref("tlb", index)], wide))
                    assert f" {debt_tag(debt)}" in told, f"{where}: {told}"
        now = cached(m)
        gone = {place: told for place, told in before.items() if now.get(place) != told}
        for said in (narrate(run, position, level) for level in LEVELS if gone):
            assert "gone" in said or "forgets" in said or "drops its" in said, f"{where}: {said}"
            assert "drops no" not in said, f"{where}: {said}"
        before = now


SIZES = ((110, 60), (50, 8), (44, 6), (30, 4))
"""Of the frame map: frames with contents, frames with and without a gutter, groups of frames."""
NODES = re.compile(r"(\d+) of \d+ in buddy")


def framed(run: Timeline, size: tuple[int, int], *, only: bool = False) -> Pane:
    return PANES["frames"](run, ViewState(changed_only=only), *size)


def truthful(run: Timeline, size: tuple[int, int], where: str) -> None:
    """What the map says of debts, of what changed, and of its own glyphs."""
    m, waiting = run.machine, in_debt(run)
    pane = framed(run, size)
    cells = [mark for row in pane.rows for mark in row if mark.ref and len(mark.text) == 1]
    legend = "".join(mark.text for row in pane.rows for mark in row if not mark.ref)
    assert {mark.text for mark in cells} <= {*legend, " "}, where
    signs = {mark.text for mark in cells}
    for state in (OWED, PAYING):
        if any(one.state == state for one in waiting.values()) and len(cells) >= len(m.frame):
            assert SIGNS[state][0] in signs, where
    if any(mark.changed for mark in cells):
        assert "▐" in legend, where
    rest = [mark for row in framed(run, size, only=True).rows for mark in row]
    assert all(mark.changed for mark in rest if mark.ref and mark.text in signs - {" "}), where


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_frame_map_says_the_same_at_every_size(name: str) -> None:
    run = record(load(name))
    for position in range(0, run.steps + 1, 3):
        run.seek(position)
        truthful(run, SIZES[position % len(SIZES)], f"{name}@{position}")


def test_the_frame_map_of_a_recording_tells_what_is_paid_and_what_changed() -> None:
    run = play_file(TRACE)
    for position in range(0, run.steps, 7):
        run.seek(position)
        truthful(run, SIZES[position % len(SIZES)], f"@{position}")


@pytest.mark.parametrize("policy", ["luf", "batched"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_frame_waits_until_nobody_can_use_what_was_cached_of_it(name: str, policy: str) -> None:
    run = record_with(load(name), make_policy(policy))
    waited: set[int] = set()
    for position in range(run.steps + 1):
        run.seek(position)
        m, where = run.machine, f"{name}@{position}"
        waits = set(in_debt(run))
        events = (run.events[one] for one in run.events_of(position))
        kept = {one.args["pfn"] for one in events if one.kind == ev.KEEP}
        for pfn in waited - waits - kept:
            used = [
                f"cpu{cpu} f{pfn}"
                for cpu in range(m.config.cpus)
                for entry in m.tlb_of(cpu)
                if entry.mm and entry.frame is m.frame[pfn]
                if truth.stale(m, entry) and truth.reachable(m, cpu, entry)
            ]
            assert [] == used, where
        waited = waits
        told = [debt for debt in debts_of(run.policy, m) if debt.state == OWED and debt.sent]
        if told:
            rows = shown(run, "ledger").rows
            said = "\n".join("".join(mark.text for mark in row) for row in rows)
            assert "deferred notes" not in said, where
            assert said.count("all are told") == len(told), where


PROMISES = ("nobody gets the frame", "may go to nobody", "paid when", "has to pay")


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_promised_that_a_guard_taken_away_would_have_to_keep(name: str) -> None:
    run = record_with(load(name), make_policy("luf", [guards.FLUSH_BEFORE_REUSE.name]))
    for position in range(run.steps + 1):
        run.seek(position)
        frames = {pfn for pfn, one in in_debt(run).items() if one.state == OWED}
        rows = ["".join(mark.text for mark in row) for row in shown(run, "ledger").rows]
        said = "\n".join((narrate(run, position), *(rows if frames else ())))
        promised = [one for one in PROMISES[: 3 if frames else 2] if one in said]
        assert [] == promised, f"{name}@{position}: {said}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_counts_as_saved_that_another_flush_is_on_its_way_for(name: str) -> None:
    run = record_with(load(name), make_policy("luf", [guards.WAIT_ZONE_GENERATION.name]))
    for saved in (one for one in run.events if one.kind == ev.SAVED):
        run.seek(saved.step)
        assert saved.args["pfn"] not in in_debt(run), f"{name}@{saved.step}"
