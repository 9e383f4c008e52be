"""Actions that differ by names only, learnt once.

What a CPU does to a page and a frame is what the first one does to the first of them, under other
names. So the engine is asked about those only: which cells it read, in which order, and what it
wrote, is kept, and played for the others with the names changed, reading and writing the cells that
the engine would have.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from attrs import field, frozen

from luf_tui.machine.watched_cells import WatchedCells
from luf_tui.search.rows.learner import BREAKS, CANNOT, MADE, WAITS, Answer
from tests.promela.client import Action, Client
from tests.promela.renaming import Names, Order, Placed, Renaming, dependent, placed


@frozen
class Done:
    """What came of an action, and what it wrote: a cell, its value, and what decides of what that
    is a name.
    """

    answer: Answer
    written: Sequence[tuple[int, int, int]]


@frozen
class Reads:
    """The cell that is read next, and what follows from each of its values."""

    cell: int
    following: dict[int, Reads | Done] = field(factory=dict)


class Alike:
    """What is known of the actions of one machine, by those of the first names."""

    def __init__(self, client: Client) -> None:
        self.client = client
        """A client whose machine is here to be asked."""
        self._known: dict[Action, Reads | Done] = {}
        self._names: dict[tuple[int, int, int], Renamed] = {}
        self._played: set[tuple[Action, int]] = set()
        self._cells = placed(client.m)
        self._dependent = dependent(client, self._cells)
        self._start = client.m.cells.values.tolist()
        self._first = len(client.m.events)

    def play(self, action: Action, cells: WatchedCells) -> Answer | None:
        """What comes of an action in the state that these cells hold; what it reads and writes is
        noted there, and nothing is changed. Nothing where that was played before: then somebody
        wants to know whether it is so.
        """
        what, cpu, vpn, pfn = action
        swapped = cpu, max(vpn, 0), max(pfn, 0)
        renamed = self._names.get(swapped)
        if renamed is None:
            renamed = self._names[swapped] = Renamed(self.client, self._cells, swapped)
        first = what, 0, min(vpn, 0), min(pfn, 0)
        done = self._found(first, renamed, cells)
        if done is None:
            self._ask(first, renamed, cells)
            done = self._found(first, renamed, cells)
            assert done is not None
        if (action, id(done)) in self._played:
            cells.watch()
            return None
        self._played.add((action, id(done)))
        cells.written.update(renamed.value(*write) for write in done.written)
        return done.answer

    def _found(self, first: Action, renamed: Renamed, cells: WatchedCells) -> Done | None:
        at = self._known.get(first)
        values = cells.values
        while isinstance(at, Reads):
            at = at.following.get(renamed.read(at.cell, values))
        return at

    def _ask(self, first: Action, renamed: Renamed, cells: WatchedCells) -> None:
        """Ask the engine in the state as it looks under the first names."""
        client = self.client
        here = client.m.cells
        assert isinstance(here, WatchedCells)
        state = self._state(renamed, cells)
        here.apply(enumerate(state))
        here.watch()
        answer = made(client, first)
        read, written = list(here.read), here.written
        after = list(state)
        for cell, value in written.items():
            after[cell] = value
        for cell in list(written):
            for named in self._dependent.get(cell, ()):
                written[named] = after[named]  # a 0 that stays is another name for others
        writes = [(cell, value, after[renamed.move(cell).kind]) for cell, value in written.items()]
        here.undo(0)
        client.m.events.truncate(self._first)
        done = Done(answer, [] if answer.what in (CANNOT, WAITS) else writes)
        self._enter(first, read, state, done)

    def _state(self, renamed: Renamed, cells: WatchedCells) -> list[int]:
        """A whole state under the first names, of which the start is the same under all."""
        values = memoryview(cells.snapshot()).cast(cells.typecode)  # nothing is noted as read
        found, start = list(self._start), self._start
        changed = [cell for cell, value in enumerate(values) if value != start[cell]]
        dependent = chain(*(self._dependent.get(cell, ()) for cell in changed))
        for cell in (*changed, *dependent):
            kind = values[renamed.move(cell).kind]
            target, found[target] = renamed.value(cell, values[cell], kind)
        return found

    def _enter(self, first: Action, read: Sequence[int], state: Sequence[int], done: Done) -> None:
        if not read:
            self._known[first] = done
            return
        at = self._known.setdefault(first, Reads(read[0]))
        for cell, following in zip(read, (*read[1:], None), strict=True):
            assert isinstance(at, Reads)
            assert at.cell == cell, "the engine reads the same cells in the same order"
            below = done if following is None else Reads(following)
            at = at.following.setdefault(state[cell], below)


def made(client: Client, action: Action) -> Answer:
    """Make an action, if it can begin, and hear what the oracle says of it."""
    if not client.can_make(action):
        return Answer(CANNOT)
    client.make(action)
    return Answer(BREAKS, len(client.findings)) if client.findings else Answer(MADE)


class Renamed:
    """Cells under names of which the first CPU, page and frame have changed places with others.
    The same change leads back.
    """

    def __init__(self, client: Client, cells: Sequence[Placed], swapped: Sequence[int]) -> None:
        counts = client.cpus, client.pages, client.m.config.frames
        swaps = [_swap(count, one) for count, one in zip(counts, swapped, strict=True)]
        renaming = Renaming(client.m, cells, Names(*swaps))
        self.move = renaming.move

    def value(self, cell: int, value: int, kind: int) -> tuple[int, int]:
        """Where a cell with some value is, and what it holds."""
        move = self.move(cell)
        table = move.by_kind.get(kind) if move.by_kind else move.table
        return move.target, value if table is None else table[value]

    def read(self, cell: int, values: Sequence[int]) -> int:
        """What a cell holds under the first names."""
        move = self.move(cell)
        table = move.table
        if move.by_kind:
            table = move.by_kind.get(values[self.move(move.kind).target])
        return values[move.target] if table is None else table[values[move.target]]


def _swap(count: int, one: int) -> Order:
    """Names in which the first and another one have changed places."""
    order = list(range(count))
    order[0], order[one] = one, 0
    return tuple(order)
