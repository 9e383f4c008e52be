"""Rows: what a turn does, learnt once for each local situation, is what the engine does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np
import pytest

from luf_tui.errors import LufError
from luf_tui.machine.cells import Cells
from luf_tui.machine.config import MachineConfig
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import Frame, Pte, Task
from luf_tui.machine.watched_cells import WatchedCells
from luf_tui.policy.guard import Guard
from luf_tui.policy.guards import FLUSH_BEFORE_REUSE
from luf_tui.policy.luf import Luf
from luf_tui.policy.registry import POLICIES
from luf_tui.search import process_memory as memory
from luf_tui.search import search as searching
from luf_tui.search.exploration import Exploration
from luf_tui.search.process_memory import told, used
from luf_tui.search.race_start import at_race
from luf_tui.search.result import BOUNDED, SAFE, UNSAFE, Limits, Result
from luf_tui.search.rows import index, levels, packing, space
from luf_tui.search.rows.fingerprints import Fingerprints, Words, chance
from luf_tui.search.rows.index import Numbers
from luf_tui.search.rows.inherited import Rows
from luf_tui.search.rows.learner import HiddenState
from luf_tui.search.rows.packing import Layout, TooWide, declared_widths
from luf_tui.search.search import Search
from tests.races import GUARDED, race, start, tiny

MORE = "allow evict, prefetch, drain"


def of(result: Result) -> tuple[object, ...]:
    """What may not depend on how a search went about it."""
    orders = tuple((one.obligation, one.turns, one.message) for one in result.broken)
    figures = (result.states, result.transitions, result.depth, result.deviations)
    return result.verdict, result.why, figures, orders


# -- watched cells --------------------------------------------------------------------------------


def machine() -> tuple[Machine, WatchedCells]:
    found = Machine(MachineConfig(cpus=2), (), WatchedCells)
    cells = found.cells
    assert isinstance(cells, WatchedCells)
    cells.watch()
    return found, cells


def test_a_cell_read_before_it_is_written_is_an_input_and_no_other() -> None:
    m, cells = machine()
    frame = m.frame[0]
    frame.pins = frame.refs + 1
    frame.refs = frame.pins
    frame.order = 0
    base = frame.base
    assert [base + Frame.refs.offset] == list(cells.read)
    wanted = {
        base + Frame.pins.offset: 1,
        base + Frame.refs.offset: 1,
        base + Frame.order.offset: 0,
    }
    assert wanted == cells.written


def test_clearing_a_record_reads_nothing_and_writes_all_of_it() -> None:
    m, cells = machine()
    m.stack[0].clear()
    assert not cells.read
    assert len(cells.written) == m.stack.size


def test_looking_through_a_column_reads_all_of_it() -> None:
    m, cells = machine()
    assert [] == list(m.tlb.holding(m.tlb.kind.mm, m.ctx[0])) or cells.read
    assert len(cells.read) == len(m.tlb)


def test_watched_cells_hold_and_undo_what_plain_ones_do() -> None:
    plain, watched = Cells(8, 8), WatchedCells(8, 8)
    for cells in (plain, watched):
        cells.write(3, 7)
        cells.write(3, 9)
        cells.write(4, 0)
        mark = cells.mark()
        cells.write(5, 1)
        cells.undo(mark)
    assert (plain.snapshot(), plain.log_cell) == (watched.snapshot(), watched.log_cell)


# -- packed states --------------------------------------------------------------------------------


def test_a_packed_state_brings_its_cells_back() -> None:
    transitions = start(race("flush-before-reuse")).transitions
    cells = transitions.cells
    layout = Layout(cells, declared_widths(transitions.machine))
    seen = {}
    while transitions.enabled():
        transitions.make(transitions.enabled()[0])
        seen[layout.state(cells.values, cells.log_cell)] = cells.snapshot()
    assert len(seen) > 20
    for state, snapshot in seen.items():
        layout.restore(state)
        assert snapshot == cells.snapshot()


def test_no_cell_straddles_a_word_and_no_two_overlap() -> None:
    m, _ = machine()
    layout = Layout(m.cells, declared_widths(m))
    taken = 0
    for cell in Random(1).sample(range(len(m.cells.values)), 400):
        low = layout.place(cell)
        ones = layout.ones(cell)
        assert low // 64 == (low + layout.widths[cell] - 1) // 64
        assert not taken & ones
        taken |= ones


def test_a_value_too_large_for_its_cell_is_told_with_the_bits_that_it_needs() -> None:
    m, _ = machine()
    cell = m.frame[0].base + Frame.content.offset
    with pytest.raises(TooWide) as told:
        Layout(m.cells, declared_widths(m)).packed({cell: 70_000})
    assert (cell, 17) == (told.value.cell, told.value.bits)


def test_a_search_whose_cells_are_too_narrow_begins_again_wider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = Search(start(race("munmap")).transitions).run()
    monkeypatch.setattr(packing, "USUAL", 1)
    narrow = Search(start(race("munmap")).transitions)
    assert of(usual) == of(narrow.run())
    assert narrow._wider


# -- rows -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("guard", ["", "note-pending"])
def test_every_row_that_is_used_is_what_the_engine_does(
    guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that a turn depends on is missing among its reads, nothing that it does among its
    writes.
    """
    monkeypatch.setattr(space, "OFTEN", 1)
    monkeypatch.setattr(space, "FIRST_ONES", 10_000)
    program = tiny(MORE)
    found = Search(start(program, *([guard] if guard else [])).transitions).run()
    assert found.checked > found.transitions


def test_few_rows_answer_for_many_states() -> None:
    found = Search(start(race("flush-before-pte")).transitions).run()
    assert (SAFE, 5420, 10518) == (found.verdict, found.states, found.transitions)
    assert found.learnt < 200


def test_every_row_is_asked_for_again_before_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "OFTEN", 10**9)
    monkeypatch.setattr(space, "SELDOM", 10**9)
    found = Search(start(race("munmap")).transitions).run()
    assert found.checked >= found.learnt > 100


class Moody(Luf):
    """Remembers in Python how often it was asked."""

    NAME = "moody"
    asked = 0

    def has(self, guard: Guard) -> bool:
        self.asked += 1
        return super().has(guard) and self.asked % 11 != 0


def test_a_policy_that_remembers_outside_the_cells_is_named_as_such() -> None:
    """But where what it remembers makes no difference, or breaks the order that is shown."""
    named = [name for name in GUARDED if is_named(name)]
    assert len(named) >= len(GUARDED) - 3


def is_named(name: str) -> bool:
    try:
        report = Exploration(race(name), Moody()).run()
    except HiddenState as told:
        return "not in `self`" in str(told)
    if report.verdict == UNSAFE:
        transitions = at_race(race(name), Moody()).transitions  # type: ignore[union-attr]
        assert transitions.replay([transitions.turn(word) for word in report.schedule])
    return False


class Sulking(Luf):
    """Right for as long as it is asked about one machine; wrong in what a new one never sees."""

    NAME = "sulking"
    asked = 0

    def has(self, guard: Guard) -> bool:
        self.asked += 1
        return super().has(guard) and self.asked < 300


@pytest.mark.parametrize("name", GUARDED)
def test_no_verdict_rests_on_what_a_policy_has_come_to_remember(name: str) -> None:
    try:
        report = Exploration(race(name), Sulking()).run()
    except HiddenState:
        return
    assert SAFE == report.verdict


class SecondOfItsKind(Luf):
    """Wrong throughout, but only the second that is made: the one that is searched with."""

    NAME = "second-of-its-kind"
    made = 0

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        type(self).made += 1
        self.wrong = self.made == 2

    def has(self, guard: Guard) -> bool:
        return super().has(guard) and not (self.wrong and guard == FLUSH_BEFORE_REUSE)


def test_an_order_that_a_new_policy_does_not_break_is_not_called_unsafe() -> None:
    """The search and its own policy agree from first to last."""
    with pytest.raises(HiddenState, match="not when a new policy plays it"):
        Exploration(race("flush-before-reuse"), SecondOfItsKind()).run()


class Burglar(Luf):
    """Empties TLBs by hand, and so owes nothing."""

    NAME = "burglar"

    def note(self, m: Machine, task: Task | None, pte: Pte, how: int) -> int:
        for entry in m.tlb:
            entry.mm = None
        return super().note(m, task, pte, how)


def test_a_policy_that_writes_what_is_not_its_own_is_told_with_method_and_cell() -> None:
    wanted = r"policy burglar: note\(\) writes cpu\d tlb 0 mm; a policy writes its own regions"
    with pytest.raises(LufError, match=wanted):
        Exploration(race("munmap"), Burglar()).run()


@pytest.mark.parametrize("policy", [*POLICIES])
def test_shipped_policies_write_only_what_is_their_own(policy: str) -> None:
    for name in ("munmap", "cow-reference", "wait-zone-generation"):
        limits = Limits(400)
        Search(start(race(name), policy=policy).transitions, limits=limits).run()


# -- whole levels ---------------------------------------------------------------------------------


@pytest.fixture
def levels_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole levels from the second one on, in small blocks and batches; one by one where few."""
    monkeypatch.setattr(searching, "LARGE", 2)
    monkeypatch.setattr(levels, "FEW", 5)
    monkeypatch.setattr(levels, "BLOCK", 7)
    monkeypatch.setattr(levels, "BATCH", 20)
    monkeypatch.setattr(index, "FEW", 1)


def both(name: str, guard: str, monkeypatch: pytest.MonkeyPatch, **options: object) -> None:
    """A search one by one and a search by levels are the same."""
    without = (guard,) if guard else ()
    options = {"symmetric": False, **options}
    levelled = Search(start(race(name), *without).transitions, **options).run()  # type: ignore[arg-type]
    monkeypatch.setattr(searching, "LARGE", 10**9)
    alone = Search(start(race(name), *without).transitions, **options).run()  # type: ignore[arg-type]
    assert of(alone) == of(levelled)


@pytest.mark.usefixtures("levels_at_once")
@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("name", ["flush-before-reuse", "munmap", "switched-out", "uffd"])
def test_whole_levels_find_what_one_by_one_finds(
    name: str, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    both(name, "" if guarded else GUARDED[name][0], monkeypatch)


@pytest.mark.usefixtures("levels_at_once")
@pytest.mark.parametrize("states", [2, 3, 50, 151, 152, 153, 300])
def test_so_they_do_up_to_a_limit(states: int, monkeypatch: pytest.MonkeyPatch) -> None:
    both("munmap", "", monkeypatch, limits=Limits(states))
    both("munmap", "note-pending", monkeypatch, limits=Limits(states))


@pytest.mark.usefixtures("levels_at_once")
def test_so_they_do_past_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    both("flush-before-reuse", "flush-before-reuse", monkeypatch, all_findings=True)


@pytest.mark.usefixtures("levels_at_once")
def test_so_they_do_where_hashes_coincide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up by hash is compared with the cells: what coincides is looked up by itself."""

    def coarse(words: Words, place: int, half: int) -> Words:
        return words & np.uint64(1)

    monkeypatch.setattr(index, "mixed", coarse)
    both("munmap", "", monkeypatch)


@pytest.mark.usefixtures("levels_at_once")
def test_what_is_known_is_found_though_cells_have_got_places_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hash that shifted with them would have the same states looked up one by one for ever."""
    walk = index.Index._walk
    missing = [0]

    def compared(self: index.Index, block: Words, left: Numbers, found: Numbers) -> list[int]:
        groups = walk(self, block, left, found)
        missing[0] += len(groups)
        assert not any(self.known.known(index.state_of(block[:, one])) for one in groups)
        return groups

    monkeypatch.setattr(index.Index, "_walk", compared)
    both("munmap", "", monkeypatch)
    assert missing[0]


def test_what_fingerprints_may_have_hidden_is_told_and_nothing_else() -> None:
    exact = Search(start(race("munmap")).transitions).run()
    whole = Search(start(race("four-cpus")).transitions, limits=Limits(20_000)).run()
    assert 0 == exact.collision
    assert chance(whole.states) == whole.collision > 0


def test_a_large_race_goes_by_whole_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    look = levels.Levels.look

    def noted(self: levels.Levels, ended: object) -> str:
        begun.append(self.states.shape[1])
        return look(self, ended)  # type: ignore[arg-type]

    monkeypatch.setattr(levels.Levels, "look", noted)
    limits = Limits(30_000)
    found = Search(start(race("four-cpus")).transitions, limits=limits).run()
    assert BOUNDED == found.verdict
    (states,) = begun
    assert states >= searching.LARGE


@pytest.mark.usefixtures("levels_at_once")
def test_rows_that_are_taken_over_are_those_that_would_be_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = levels.Levels._asked
    counts = [0, 0]

    def compared(
        self: levels.Levels, question: int, block: Words, at: Numbers, known: Rows
    ) -> Numbers:
        taken = np.flatnonzero(known >= 0)
        counts[0] += len(known)
        counts[1] += len(taken)
        looked_up = self.questions[question].rows(block, at[taken])
        assert looked_up.tolist() == known[taken].tolist()
        return asked(self, question, block, at, known)

    monkeypatch.setattr(levels.Levels, "_asked", compared)
    for name in ("munmap", "switched-out", "uffd"):
        guard, _ = GUARDED[name]
        transitions = start(race(name), guard).transitions
        Search(transitions, symmetric=False, all_findings=True).run()
    assert counts[1] > counts[0] / 3, counts


def test_a_violation_in_a_large_level_is_a_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "LARGE", 30)
    found = Search(start(race("four-cpus"), "flush-before-pte").transitions, symmetric=False).run()
    monkeypatch.setattr(searching, "LARGE", 10**9)
    alone = Search(start(race("four-cpus"), "flush-before-pte").transitions, symmetric=False).run()
    assert UNSAFE == found.verdict
    assert of(alone) == of(found)


def test_fingerprints_are_a_set_also_where_their_halves_coincide() -> None:
    drawn = Random(3)
    known: set[tuple[int, int]] = set()
    held = Fingerprints()
    for _ in range(60):
        some = sorted({(drawn.randrange(64) << 58, drawn.randrange(40)) for _ in range(30)})
        first, second = (np.array(half, np.uint64) for half in zip(*some, strict=True))
        absent = held.absent(first, second)
        assert [one not in known for one in some] == absent.tolist()
        held.add(first[absent], second[absent])
        known.update(some)
    assert len(known) == len(held)
    assert held.absent(np.zeros(0, np.uint64), np.zeros(0, np.uint64)).size == 0


def test_a_search_ends_when_it_takes_the_memory_that_it_may() -> None:
    limits = Limits(memory=used() // 2)
    found = Search(start(race("munmap")).transitions, limits=limits).run()
    assert (BOUNDED, f"stopped at {told(used() // 2)} of memory") == (found.verdict, found.why)


def test_memory_that_can_be_had_is_bounded_by_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = memory.free()
    assert 0 < whole
    (tmp_path / "memory.max").write_text("5000000\n", "ascii")
    (tmp_path / "memory.current").write_text("1000000\n", "ascii")
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    assert 4_000_000 == memory.free()
    (tmp_path / "memory.max").write_text("max\n", "ascii")
    assert memory.free() > whole // 2
    monkeypatch.setattr(memory, "STATM", tmp_path / "none")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    assert memory.free() > 0 and memory.used() > 0


def test_the_chance_of_a_collision_is_told() -> None:
    assert 0 == chance(1)
    assert 2**-128 == chance(2)
    assert chance(130_000_000) < 1e-21
