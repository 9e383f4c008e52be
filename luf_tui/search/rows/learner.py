"""Asks the engine what happens in one state, and keeps the answer as a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import evolve, frozen

from luf_tui.errors import LufError
from luf_tui.machine.machine import Machine
from luf_tui.machine.watched_cells import WatchedCells
from luf_tui.search.rows.packing import Layout, StartOver, State, declared_widths

if TYPE_CHECKING:
    from luf_tui.search.rows.images import Image, ToldBeside

CANNOT, WAITS, MADE, BREAKS = range(4)
"""What comes of a turn: it cannot be taken, it has to wait and changes nothing, it is made, or it
is made and breaks an obligation.
"""


REMEMBER = "keep what a policy remembers in its regions, not in `self`, its class or its module"


class HiddenState(LufError):
    """What a turn does does not follow from the cells."""


class NotAlike(StartOver):
    """A turn does something else when those who may do the same change places: the search starts
    over without that. `parts` are the numbers of what was permuted.
    """

    def __init__(self, parts: tuple[int, ...]) -> None:
        super().__init__(parts)
        self.parts = parts


@frozen
class Answer:
    """What the engine said, beside what it wrote."""

    what: int = MADE
    """One of CANNOT, WAITS, MADE, BREAKS."""
    violations: int = 0
    deviations: int = 0
    given: tuple[int, ...] = ()
    """Turns or contexts, where the question is which."""
    ipis: int = 0
    """CPUs that it interrupts."""
    facts: frozenset[tuple[str, int | str]] = frozenset()
    """What came to pass, for the report."""
    verdicts: tuple[int, ...] = ()
    """How expectations come out: twice the number of one, and one more where it holds."""


Ask = Callable[[], Answer]
"""Puts a question to the engine, on the machine as it stands; leaves what it wrote there."""
Ran: TypeAlias = tuple[Answer, Iterable[int], dict[int, int]]
"""What the engine said, the cells that it read, and what it wrote to which."""


class System(Protocol):
    """What a search asks of one machine, each question a function of the cells alone."""

    @property
    def machine(self) -> Machine:
        """The machine, whose cells are watched."""

    @property
    def turns(self) -> tuple[int, ...]:
        """Every turn there can be, in the order in which they are tried."""

    def alone(self) -> Answer:
        """Which turn need not wait for the others; none when all are to be tried."""

    def take(self, turn: int) -> Answer:
        """Take a turn, if it can be taken."""

    def unfinished(self) -> Answer:
        """Which contexts are not done."""

    def word(self, turn: int) -> str:
        """What a person calls a turn."""

    def undo(self) -> None:
        """Take back what was asked last."""


class Row:
    """One answer, for every state that agrees on the cells it depends on.

    It leads from a state to `(state | clear) ^ flip`.
    """

    __slots__ = ("answer", "clear", "flip", "looks", "number", "reads", "seen", "what", "written")

    def __init__(
        self,
        number: int,
        answer: Answer,
        reads: frozenset[int],
        seen: State,
        written: frozenset[int],
    ) -> None:
        self.number = number
        self.answer = answer
        self.what = answer.what
        self.reads = reads
        """The cells that it depends on."""
        self.seen = seen
        """The state it was learnt in."""
        self.written = written
        """The cells that it writes."""
        self.clear = self.flip = 0
        self.looks = 0
        """The bits of the cells that it depends on."""


class Learner:
    """Asks questions of one system. Raises TooWide where a value does not fit its cell.

    A question may have images: the same under other names, which must come to the same. Raises
    NotAlike where one does not.
    """

    def __init__(self, system: System, wider: dict[int, int]) -> None:
        self.system = system
        cells = system.machine.cells
        assert isinstance(cells, WatchedCells)
        self.cells = cells
        widths = declared_widths(system.machine)
        for cell, bits in wider.items():
            widths[cell] = bits
        self.layout = Layout(cells, widths)
        self.rows: list[Row] = []
        self._reading: dict[frozenset[int], list[Row]] = {}
        self._writing: dict[frozenset[int], list[Row]] = {}
        """Those that depend on the same cells, and those that write the same."""
        self.grown: list[Row] = []
        """Rows that read or write cells which have got a place since somebody looked here."""
        self.checked = 0
        """Answers that were asked for again, and were the same."""
        self.beside: list[ToldBeside] = []
        """What the images of the last question came to."""

    def ask(self, ask: Ask, state: State, images: Sequence[Image] = ()) -> Row:
        """A new row, from one run of the engine, and one for each image."""
        answer, read, written = self._run(ask, state, images)
        value = self.layout.packed(written)
        return self.told(answer, frozenset(read), state, frozenset(written), value)

    def told(
        self,
        answer: Answer,
        reads: frozenset[int],
        seen: State,
        written: frozenset[int],
        value: State,
    ) -> Row:
        """A new row; what it writes stands in `value`, as a state has it."""
        row = Row(len(self.rows), answer, reads, seen, written)
        row.looks = self._looks_of(row)
        row.clear = self._clear_of(row)
        row.flip = row.clear ^ value
        self.rows.append(row)
        return row

    def _looks_of(self, row: Row) -> int:
        """The bits of the cells that a row depends on; those of a cell that gets a place later on
        are added then.
        """
        alike = self._reading.setdefault(row.reads, [])
        alike.append(row)
        if len(alike) > 1:
            return alike[0].looks

        def look(mask: int) -> None:
            for one in alike:
                one.looks |= mask
            self.grown += alike

        return self.layout.mask(row.reads, look)

    def _clear_of(self, row: Row) -> int:
        """The same of the cells that it writes."""
        alike = self._writing.setdefault(row.written, [])
        alike.append(row)
        if len(alike) > 1:
            return alike[0].clear

        def grow(mask: int) -> None:
            for one in alike:
                one.clear |= mask
                one.flip |= mask
            self.grown += alike

        return self.layout.mask(row.written, grow)

    def check(
        self, ask: Ask, question: str, state: State, row: Row, images: Sequence[Image] = ()
    ) -> None:
        """Run the engine again where a row was used; and for some images, not all of which need be
        asked again. Raises HiddenState when it says otherwise.
        """
        self.checked += 1
        try:
            answer, _, written = self._run(ask, state, images)
        except NotAlike:
            raise HiddenState(
                f"{question} does the same under other names, and then it does not, in states that "
                f"agree on all that it looks at: {REMEMBER}"
            ) from None
        wanted = (state | row.clear) ^ row.flip
        packed, mask = self.layout.packed(written), 0
        for cell in written:
            if cell in self.layout.places:
                mask |= self.layout.ones(cell)
        got = (state | mask) ^ mask ^ packed
        if answer.facts < row.answer.facts and not images:
            answer = evolve(answer, facts=row.answer.facts)
        if (answer, got) != (row.answer, wanted):
            raise HiddenState(self._difference(question, row, answer, wanted, got))

    def _run(self, ask: Ask, state: State, images: Sequence[Image]) -> Ran:
        self.layout.restore(state)
        ran = self.run(ask)
        if not images:
            return ran
        from luf_tui.search.rows.images import alike  # noqa: PLC0415 - it loads numpy

        return alike(self, self.layout.unpacked(state), ran, images)

    def run(self, ask: Ask) -> Ran:
        """What the engine says on the machine as it stands, what it reads, and what it writes."""
        self.cells.watch()
        answer = ask()
        read, written = self.cells.read, self.cells.written
        self.system.undo()
        return answer, read, {} if answer.what in (CANNOT, WAITS) else written

    def _difference(
        self, question: str, row: Row, answer: Answer, wanted: State, got: State
    ) -> str:
        """Both sides, in the machine's words."""
        sides = [*self._sides(wanted, got)] or [f"{row.answer} before, {answer} now"]
        more = f" and {len(sides) - 3} more" if len(sides) > 3 else ""
        return (
            f"{question} does one thing and then another in the same state: "
            f"{'; '.join(sides[:3])}{more}. What it does must follow from the cells: {REMEMBER}"
        )

    def _sides(self, wanted: State, got: State) -> Iterator[str]:
        m = self.system.machine
        then, now = dict(self.layout.changes(wanted)), dict(self.layout.changes(got))
        for cell in {**then, **now}:
            first = self.layout.first[cell]
            a, b = then.get(cell, first), now.get(cell, first)
            if a != b:
                place = m.locate(cell)
                record: Any = m.regions[place.region][place.index]
                what = f"{m.regions.name_of(record)} {place.field.name}"
                yield f"{what} becomes {m.told(cell, a)} and then {m.told(cell, b)}"
