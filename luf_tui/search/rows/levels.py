"""Whole levels of states at once, with numpy: the same results in the same order as one by one.

A level is a matrix, a column of words a state. For each turn a block of states is sorted out by the
rows they take; the fingerprints of what they lead to follow from the words written alone, and only
states that are new are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from attrs import frozen

from luf_tui.search.rows.apart import Apart
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.fingerprints import (
    Fingerprints,
    Prints,
    Words,
    chance,
    fingerprints,
    mixed,
)
from luf_tui.search.rows.index import (
    Index,
    Numbers,
    RowTable,
    columns_of,
    state_of,
    states_of,
    wide,
    words_at,
)
from luf_tui.search.rows.inherited import Rows, inherited, inherited_renamed
from luf_tui.search.rows.learner import BREAKS, CANNOT, MADE, WAITS
from luf_tui.search.rows.naming import Naming
from luf_tui.search.rows.packing import Layout, State
from luf_tui.search.rows.space import BEHIND, EVERYWHERE, Made, Space

BLOCK = 65_536
"""States that are looked at together: many, as each takes part in calls of its own kind only; few
enough that 16 bits number them.
"""
FEW = 1500
"""States of a level up to which their turns are looked up one by one: that takes less time then."""
BATCH = 2_000_000
"""Turns after which new states are told from known ones."""


NOTHING_SAID = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)


@frozen
class Tried:
    """What became of some states of a level, in the order of the states and of their turns."""

    first: int
    """Number within the level of the first state."""
    sources: Numbers
    """For each turn made, the number within the level of the state it was made from."""
    places: Numbers
    """Which of the turns it is."""
    rows: Numbers
    prints: Prints
    """The fingerprints of the states that they lead to."""
    tried: Numbers
    """Turns tried from each state."""
    deviations: Numbers
    """From each state."""
    breaks: list[tuple[int, int]]
    """State and place of each turn that breaks an obligation."""
    stuck: list[tuple[int, tuple[int, ...]]]
    """States in which nobody can go on, and who is not done."""
    ends: list[int]
    """States in which everybody is done."""
    asked: Rows | None = None
    """The rows of each state, if they are kept for the states after it."""
    said: tuple[Numbers, Numbers, Numbers] = NOTHING_SAID
    """The rows that have verdicts on expectations: from which state, the place of the turn or -1
    for the state itself, and which row.
    """


def together(parts: Sequence[Tried], first: int) -> Tried:
    """What became of blocks that follow one another, the first state being that one."""
    if len(parts) == 1:
        return parts[0]
    nothing = np.zeros(0, np.int64)
    columns = {
        name: np.concatenate([nothing, *(getattr(part, name) for part in parts)])
        for name in ("sources", "places", "rows", "tried", "deviations")
    }
    none = np.zeros(0, np.uint64)
    halves = [np.concatenate([none, *(part.prints[half] for part in parts)]) for half in (0, 1)]
    breaks = [one for part in parts for one in part.breaks]
    stuck = [one for part in parts for one in part.stuck]
    ends = [one for part in parts for one in part.ends]
    kept = [part.asked for part in parts if part.asked is not None]
    asked = np.concatenate(kept, axis=1) if len(kept) == len(parts) > 0 else None
    prints = halves[0], halves[1]
    said = zip(NOTHING_SAID, *(part.said for part in parts), strict=True)
    at, places, rows = (np.concatenate(one) for one in said)
    return Tried(
        first,
        prints=prints,
        breaks=breaks,
        stuck=stuck,
        ends=ends,
        asked=asked,
        said=(at, places, rows),
        **columns,
    )


def _in_order(
    said: Sequence[tuple[Numbers, int, Numbers]], begin: int
) -> tuple[Numbers, Numbers, Numbers]:
    """Rows with verdicts, in the order of the states of a block and of their turns."""
    if not said:
        return NOTHING_SAID
    at = np.concatenate([one for one, _, _ in said]) + begin
    places = np.concatenate([np.full(len(one), place) for one, place, _ in said])
    rows = np.concatenate([rows for _, _, rows in said])
    order = np.lexsort((places, at))
    return at[order], places[order], rows[order]


def distinct(layout: Layout, states: Iterable[State], naming: Naming) -> int:
    """How many of these states have names of their own."""
    columns = CellColumns(layout, columns_of(states, layout.words))
    naming.rename(columns)
    return len(np.unique(np.stack(fingerprints(columns.words), axis=1), axis=0))


class Levels:
    """Goes on with a search that was begun one by one, from a level of it."""

    def __init__(
        self,
        space: Space,
        seen: Iterable[State],
        most: int = 0,
        naming: Naming | None = None,
        *,
        keep: int = 0,
    ) -> None:
        self.space = space
        self.most = most
        """States after which no further state is looked at; 0 is no limit."""
        self.naming = naming
        self.table = table = RowTable(space.learner)
        self.apart = Apart(space.learner)
        self.alone = Index(space.alone, table)
        self.turns = [(turn, Index(known, table)) for turn, known in space.turns]
        self.turn_numbers = np.array([turn for turn, _ in space.turns], np.ushort)
        self.unfinished = Index(space.unfinished, table)
        self.expected = Index(space.expected, table) if space.expected else None
        self.questions = (self.alone, *(index for _, index in self.turns))
        self.rows: Rows | None = None
        """For each of them and each state of the level what is known from the states before."""
        self.prints: Prints | None = None
        """The fingerprints of these states, where they are known."""
        self._next: list[tuple[Prints, Rows | None]] = []
        """Both, of states of the next level that were found."""
        self.seen = Fingerprints()
        self.keep = keep
        """How many states may be kept; 0 once there are more."""
        self.kept: list[Words] = []
        """Each level, if they are kept."""
        self.kept_to = 0
        """The number of the first state that is not."""
        self.states = np.zeros((1, 0), np.uint64)
        """The states of the level at hand, as columns, or those that are left of it."""
        self.first = 0
        """The number of the first of them."""
        self.made: list[Words] = []
        """States of the next level that were found already."""
        self._looked_at = 0
        """How many of them the search has counted."""
        self.enter(*fingerprints(self.named(columns_of(seen, self._width))))

    @property
    def _width(self) -> int:
        return self.space.learner.layout.words

    @property
    def memory(self) -> int:
        """Bytes that other processes take beside this one."""
        return 0

    @property
    def collision(self) -> float:
        """How likely it is that two states were taken for one."""
        return chance(len(self.space.ways))

    def enter(self, first: Words, second: Words) -> None:
        """Note the fingerprints of states that are new."""
        order = np.argsort(first)
        self.seen.add(first[order], second[order])

    def stand_at(self, level: Sequence[tuple[int, State]]) -> None:
        """Begin at a level, of states with their numbers."""
        self.first = level[0][0]
        self.states = self.named(columns_of([state for _, state in level], self._width))

    def look(self, ended: Callable[[], str]) -> str:
        """Search on to the end; `ended` says from time to time why it shall stop, or nothing.
        Returns that. Raises TooWide, HiddenState.
        """
        while self.states.size:
            self._keep_level()
            why = self._level(ended) or self.space.heard_enough
            if why or self.space.found:
                return why
            self.space.depth += bool(self.states.size)
        return ""

    def _keep_level(self) -> None:
        following = self.first + self.states.shape[1]
        if following > self.keep:
            self.keep, self.kept = 0, []
        elif self.keep and self.kept_to < following:
            self.kept.append(self.states.copy())
            self.kept_to = following

    def _level(self, ended: Callable[[], str]) -> str:
        """Take every turn from each state of the level, and stand at the next one, or at those that
        are left when the search ends before.
        """
        count, why = self.states.shape[1], ""
        made = self.made
        waiting: list[Tried] = []
        self._looked_at = 0
        self.space.level = range(self.first, self.first + count)
        prints = self.prints or fingerprints(self.states)
        for begin in range(0, count, BLOCK):
            why = ended()
            if why:
                break
            few = count <= min(FEW, BLOCK)
            tried = self._tried_in_turn() if few else self.tried(begin, prints, BLOCK)
            waiting.append(tried)
            enough = sum(len(part.sources) for part in waiting) >= BATCH
            if enough or tried.breaks or tried.stuck:
                made.append(self._entered(together(waiting, waiting[0].first)))
                waiting.clear()
            if self.space.found:
                break
        if waiting:
            made.append(self._entered(together(waiting, waiting[0].first)))
        if self._looked_at < count and not self.space.found:
            why = why or ended()
        if why:
            self.first += self._looked_at
            self.states = self.states[:, self._looked_at :]
            self.rows = self.prints = None
            return why
        self.first += count
        self.made = []
        width = self._width
        self.states = np.zeros((width, 0), np.uint64)  # the old level goes before the new one comes
        self.rows = self.prints = None
        known, self._next = self._next, []
        if len(made) == 1:
            self.states = wide(made[0], width)
        elif made:
            self.states = np.concatenate([wide(part, width) for part in made], axis=1)
        if made and len(known) == len(made):
            first, second = (np.concatenate([both[half] for both, _ in known]) for half in (0, 1))
            self.prints = first, second
            rows = [part for _, part in known if part is not None]
            self.rows = np.concatenate(rows, axis=1) if len(rows) == len(made) else None
        return ""

    # -- the turns of a block ---------------------------------------------------------------------

    def tried(self, begin: int, prints: Prints, size: int) -> Tried:
        """What becomes of the block of so many states that begins there."""
        block = wide(self.states[:, begin : begin + size], self._width)
        count, table, first = block.shape[1], self.table, self.first + begin
        checked = [number - first for number in self.space.checked_among(first, count)]
        everybody = np.arange(count)
        known = self._known(begin, count)
        forced = known[0] = self._asked(0, block, everybody, known[0])
        self._check(self.alone, block, everybody, forced, checked)
        alone = table.given[forced]
        tried = np.zeros(count, np.int64)
        deviations = np.zeros(count, np.int64)
        moved = np.zeros(count, np.bool_)
        made: list[tuple[int, Numbers, Numbers, Prints]] = []
        broken: list[tuple[int, int]] = []
        said: list[tuple[Numbers, int, Numbers]] = []
        if self.expected:
            rows = self.expected.rows(block, everybody)
            self._check(self.expected, block, everybody, rows, checked)
            said.append((everybody, -1, rows))
        for place, (turn, index) in enumerate(self.turns):
            at = np.flatnonzero((alone == turn) | (alone < 0))
            rows = known[place + 1, at] = self._asked(place + 1, block, at, known[place + 1, at])
            self._check(index, block, at, rows, checked)
            what = table.what[rows]
            tried[at] += what != CANNOT
            deviations[at] += table.deviations[rows]
            going = what > WAITS
            moved[at[going]] = True
            if (what == BREAKS).any():
                broken += [(one, place) for one in at[what == BREAKS].tolist()]
            going = what == MADE
            at, rows = at[going], rows[going]
            made.append((place, at, rows, self._led_to(block, at, rows, index, begin, prints)))
            if self.space.fails:
                speaks = table.speaks[rows]
                said.append((at[speaks], place, rows[speaks]))
        still = np.flatnonzero(~moved)
        stuck, ends = [], []
        for at_end, row in zip(still.tolist(), self.unfinished.rows(block, still), strict=True):
            given = self.space.learner.rows[row].answer.given
            if given:
                stuck.append((begin + at_end, given))
            else:
                ends.append(begin + at_end)
        sources = np.concatenate([at for _, at, _, _ in made])
        order = np.argsort(sources.astype(np.uint16), kind="stable")
        places = np.concatenate([np.full(len(at), place) for place, at, _, _ in made])
        rows = np.concatenate([rows for _, _, rows, _ in made])
        halves = [np.concatenate([both[half] for _, _, _, both in made]) for half in (0, 1)]
        return Tried(
            begin,
            sources[order] + begin,
            places[order],
            rows[order],
            (halves[0][order], halves[1][order]),
            tried,
            deviations,
            [(begin + at, place) for at, place in sorted(broken)],
            stuck,
            ends,
            known,
            _in_order(said, begin),
        )

    def _tried_in_turn(self) -> Tried:
        """What becomes of the states of a level that has few, looked up one by one."""
        space, count = self.space, self.states.shape[1]
        for number in space.checked_among(self.first, count):
            space.check(state_of(self.states[:, number - self.first]))
        made: list[tuple[int, int, int]] = []
        tried, deviations = np.zeros(count, np.int64), np.zeros(count, np.int64)
        breaks: list[tuple[int, int]] = []
        stuck: list[tuple[int, tuple[int, ...]]] = []
        ends: list[int] = []
        said: list[tuple[int, int, int]] = []
        for at, state in enumerate(states_of(self.states)):
            if space.expected:
                said.append((at, -1, space.expected.of(state).number))
            alone = space.alone.of(state).answer.given
            moved = False
            for place, (turn, known) in enumerate(space.turns):
                if alone and turn != alone[0]:
                    continue
                row = known.of(state)
                if row.what == CANNOT:
                    continue
                tried[at] += 1
                deviations[at] += row.answer.deviations
                moved |= row.what > WAITS
                if row.what == BREAKS:
                    breaks.append((at, place))
                elif row.what == MADE:
                    made.append((at, place, row.number))
                    if row.answer.verdicts:
                        said.append((at, place, row.number))
            waiting = () if moved else space.unfinished.of(state).answer.given
            if waiting:
                stuck.append((at, waiting))
            elif not moved:
                ends.append(at)
        self.table.sync()
        sources, places, rows = np.array(made, np.int64).reshape(-1, 3).T.copy()
        prints = fingerprints(self.made_by(sources, rows))
        heard = np.array(said, np.int64).reshape(-1, 3).T.copy()
        return Tried(
            0,
            sources,
            places,
            rows,
            prints,
            tried,
            deviations,
            breaks,
            stuck,
            ends,
            said=(heard[0], heard[1], heard[2]),
        )

    def _known(self, begin: int, count: int) -> Rows:
        """What is known of the rows of so many states."""
        if self.rows is None or self.rows.shape[1] != self.states.shape[1]:
            return np.full((len(self.questions), count), -1, np.int32)
        return self.rows[:, begin : begin + count]

    def _asked(self, question: int, block: Words, at: Numbers, known: Rows) -> Numbers:
        """The rows of some states of a block, of which some may be known."""
        index, found = self.questions[question], known.astype(np.intp)
        left = np.flatnonzero(found < 0)
        if len(left):
            found[left] = index.rows(block, at[left])
        else:
            index.sync()
        return found

    def _check(
        self, index: Index, block: Words, at: Numbers, rows: Numbers, checked: Sequence[int]
    ) -> None:
        """Ask the engine again about the rows that some of these states take.

        Raises HiddenState.
        """
        if not checked:
            return
        places = np.minimum(np.searchsorted(at, checked), max(0, len(at) - 1))
        for one in places[at[places] == checked].tolist() if len(at) else ():
            row = self.space.learner.rows[int(rows[one])]
            index.known.check(state_of(block[:, at[one]]), row)

    def _led_to(
        self,
        block: Words,
        at: Numbers,
        rows: Numbers,
        index: Index,
        begin: int,
        prints: Prints,
    ) -> Prints:
        """The fingerprints of the states that rows lead to."""
        table = self.table
        there = at + begin
        halves = prints[0].take(there), prints[1].take(there)
        for place in index.touched:
            # most rows leave most words alone
            clear = table.clear[place].take(rows)
            some = np.flatnonzero(clear)
            clear = clear.take(some)
            before = words_at(block, place, at.take(some))
            after = before | clear
            after ^= table.flip[place].take(rows.take(some))
            for half in (0, 1):
                change = mixed(after, place, half)
                change -= mixed(before, place, half)
                halves[half][some] += change
        return halves

    # -- what is new ------------------------------------------------------------------------------

    def _entered(self, tried: Tried) -> Words:
        """Count what was tried, up to where the search ends, and enter the states that are new;
        returns them.
        """
        sources = tried.sources
        new = self.new(tried.prints)
        made, prints = self.made_by(sources[new], tried.rows[new]), tried.prints
        prints = prints[0][new], prints[1][new]
        if self.naming:
            made = self.named(made)
            prints = fingerprints(made)
            left = self.new(prints)
            # not made[:, left], which would lay states out one by one
            new, made, prints = (
                new[left],
                made.take(left, axis=1),
                (prints[0][left], prints[1][left]),
            )
        self.look_behind(tried)
        end = self._end(tried, new)
        before = (sources[new] < end[0]) | ((sources[new] == end[0]) & (tried.places[new] < end[1]))
        if not before.all():
            new, made, prints = (
                new[before],
                made.compress(before, axis=1),
                (prints[0][before], prints[1][before]),
            )
        whole = slice(0, end[0] - tried.first)
        turns, deviations = int(tried.tried[whole].sum()), int(tried.deviations[whole].sum())
        self._count(tried, end, turns, deviations)
        self.enter(*prints)
        self._lead_back(sources[new], tried.places[new])
        self._next.append((prints, self.taken_over(tried, new, made)))
        return made

    def taken_over(self, tried: Tried, new: Numbers, made: Words) -> Rows | None:
        """The rows that these new states have from those before them, where those are kept."""
        if tried.asked is None:
            return None
        sources, rows = tried.sources[new] - tried.first, tried.rows[new]
        if not self.naming:
            return inherited(self.apart, tried.asked, sources, rows)
        before = wide(self.states, len(made)).take(tried.sources[new], axis=1)
        return inherited_renamed(self.table, self.questions, tried.asked, sources, before ^ made)

    def _count(self, tried: Tried, end: tuple[int, int], turns: int, deviations: int) -> None:
        """Count what was tried up to where the search ends, and note what was found."""
        space = self.space
        self._looked_at = end[0]
        space.turns_tried += turns
        space.deviations += deviations
        if end in tried.breaks and not space.all_findings:
            self._count_up_to(*end)
            space.breaks.append((self.first + end[0], self._turn_at(end[1])))
        else:
            space.breaks += [
                (self.first + at, self._turn_at(place)) for at, place in tried.breaks if at < end[0]
            ]
        space.stuck += [(self.first + at, given) for at, given in tried.stuck if at < end[0]]
        space.finals += sum(at < end[0] for at in tried.ends)
        if space.asks:
            space.hear_all(*self.heard(tried, end))
            for at in tried.ends:
                if at < end[0]:
                    space.go_on(self.first + at, state_of(self.states[:, at]))

    def _turn_at(self, place: int) -> int:
        """The turn at a place; the one after the last is for what stands behind the race."""
        return self.turns[place][0] if place < len(self.turns) else BEHIND

    def heard(
        self, tried: Tried, end: tuple[int, int]
    ) -> tuple[dict[int, int], dict[int, tuple[int, int]]]:
        """The verdicts on expectations up to where the search ends, by how often they came; and
        where those came first after which something has gone wrong.
        """
        verdicts: Counter[int] = Counter()
        failed: dict[int, tuple[int, int]] = {}
        at, places, rows = (one[tried.said[0] < end[0]] for one in tried.said)
        numbers, firsts, counts = np.unique(rows, return_index=True, return_counts=True)
        for one in np.argsort(firsts).tolist():
            where, place = int(at[firsts[one]]), int(places[firsts[one]])
            for code in self.space.learner.rows[int(numbers[one])].answer.verdicts:
                verdicts[code] += int(counts[one])
                if code in self.space.fails and code not in failed:
                    turn = self.turns[place][0] if place >= 0 else EVERYWHERE
                    failed[code] = self.first + where, turn
        return dict(verdicts), failed

    def _lead_back(self, sources: Numbers, places: Numbers) -> None:
        """Note where new states come from: a state of the level, and which of the turns."""
        turns = self.turn_numbers[places]
        self.space.ways.extend((self.first + sources).astype(np.uintc).tobytes(), turns.tobytes())

    def reached(self) -> Iterator[State]:
        """Every state, if levels are kept."""
        for level in self.kept:
            yield from map(state_of, level.T)

    def turns_made(self) -> Iterator[Made]:
        """Every turn that is made, if levels are kept and the search is over."""
        numbers = {state: number for number, state in enumerate(self.reached())}
        self.first, self.rows = 0, None
        for level in self.kept:
            self.states = level
            prints = fingerprints(self.states)
            for begin in range(0, self.states.shape[1], BLOCK):
                tried = self.tried(begin, prints, BLOCK)
                made = self.made_by(tried.sources, tried.rows)
                changed = wide(self.states, len(made)).take(tried.sources, axis=1) ^ made
                for source, target, bits in zip(
                    tried.sources.tolist(),
                    states_of(self.named(made)),
                    states_of(changed),
                    strict=True,
                ):
                    yield self.first + source, numbers[target], bits
            self.first += self.states.shape[1]

    def renumber(self, first: int, by: int) -> None:
        """The rows from that number on have come to stand so many further down."""
        self.table.forget(first)
        self.apart.forget(first)
        expected = (self.expected,) if self.expected else ()
        for index in (*self.questions, self.unfinished, *expected):
            index.renumber(first, by)
        self.table.sync()

    def named(self, states: Words) -> Words:
        """States under their names."""
        if not self.naming:
            return states
        parts = []
        for begin in range(0, max(1, states.shape[1]), BLOCK):
            columns = CellColumns(
                self.space.learner.layout, states[:, begin : begin + BLOCK].copy()
            )
            self.naming.rename(columns)
            parts.append(columns.words)
        return np.concatenate([wide(part, self._width) for part in parts], axis=1)

    def new(self, prints: Prints) -> Numbers:
        """Which of some states, in the order in which they were found, were not met before, not
        even among those before them.
        """
        first, second = prints
        order = np.argsort(first)
        ascending = first.take(order)
        alike = ascending[1:] == ascending[:-1]
        if (alike & (second.take(order[1:]) != second.take(order[:-1]))).any():
            order = np.lexsort((second, first))
            ascending = first.take(order)
            alike = (ascending[1:] == ascending[:-1]) & (
                second.take(order[1:]) == second.take(order[:-1])
            )
        groups = np.flatnonzero(np.concatenate([np.ones(min(1, len(order)), np.bool_), ~alike]))
        earliest = np.minimum.reduceat(order, groups) if len(groups) else order
        missing = self.seen.absent(ascending.take(groups), second.take(earliest))
        return np.sort(earliest[missing])

    def look_behind(self, tried: Tried) -> None:
        """Note what breaks an obligation behind a state in which everybody is done."""
        behind = self.space.behind
        for at in tried.ends if behind else ():
            if behind and behind.of(state_of(self.states[:, at])).what == BREAKS:
                tried.breaks.append((at, len(self.turns)))

    def _end(self, tried: Tried, new: Numbers) -> tuple[int, int]:
        """The state and the place of the turn before which the search ends, or the end of all."""
        end = tried.first + len(tried.tried), 0
        if not self.space.all_findings:
            stuck = [(at + 1, 0) for at, _ in tried.stuck]
            end = min([*stuck, *tried.breaks, end], key=lambda one: (one[0] - (one in stuck), one))
        over = len(self.space.ways) + len(new) - self.most
        if self.most and over >= 0:
            last = int(tried.sources[new[len(new) - over - 1]])
            end = min(end, (last + 1, 0))
        return end

    def _count_up_to(self, at: int, place: int) -> None:
        """Count the turns tried from a state up to the one that ends the search."""
        space = self.space
        state = state_of(self.states[:, at])
        alone = space.alone.of(state).answer.given
        if space.expected:
            space.hear(space.expected.of(state), self.first + at, EVERYWHERE)
        for turn, known in space.turns[: place + 1]:
            row = known.of(state)
            if row.what != CANNOT and (turn in alone or not alone):
                space.turns_tried += 1
                space.deviations += row.answer.deviations
                space.hear(row, self.first + at, turn)

    def made_by(self, sources: Numbers, rows: Numbers, into: Words | None = None) -> Words:
        """The states that rows lead to, `into` a place of their own if one is given."""
        table = self.table
        made = np.empty((table.words, len(sources)), np.uint64) if into is None else into
        for place, words in enumerate(wide(self.states, table.words)):
            words.take(sources, out=made[place], mode="clip")  # as it is: nothing is clipped
            made[place] |= table.clear[place].take(rows)
            made[place] ^= table.flip[place].take(rows)
        return made
