"""How the expectations of a file came out over all orders that were looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from luf_tui.script.program import Expect, Program, Race
from luf_tui.search.expectations import Question, text_of


@frozen
class CameOut:
    """One expectation, and in how many states it held and failed."""

    line: int
    text: str
    mood: str
    """`always`, `sometimes`, or empty."""
    held: int = 0
    failed: int = 0
    not_judged: str = ""
    """Why it is not judged at all, if it is not."""
    never: bool = False
    """It should have held once, and did not, in all orders there are."""

    def sentence(self) -> str:
        """It, for a person."""
        what = f"line {self.line}, `{self.text}`"
        if self.not_judged:
            return f"{what} is not judged: {self.not_judged}"
        if self.mood == "sometimes":
            if self.held:
                return f"{what} held in {states(self.held)}"
            return f"{what} held in no state {'of any order' if self.never else 'so far'}"
        if not self.held and not self.failed:
            return f"{what} was judged in no order"
        if not self.failed:
            return f"{what} held in {'all ' if self.held > 1 else ''}{states(self.held)}"
        held = f", and held in {self.held:,}" if self.held else ""
        return f"{what} failed in {states(self.failed)}{held}"

    def as_json(self) -> dict[str, object]:
        """The object that `luf-tui explore --json` has."""
        return {
            "line": self.line,
            "expect": self.text,
            "held": self.held,
            "failed": self.failed,
            "judged": not self.not_judged,
        }


def states(count: int) -> str:
    """So many states."""
    return f"{count:,} state{'' if count == 1 else 's'}"


class Tally:
    """Counts how expectations come out, by their lines, race after race."""

    def __init__(self, program: Program) -> None:
        self._expects: dict[int, Expect] = {}
        self._counts: Counter[tuple[int, bool]] = Counter()
        self._program = program
        self._over: set[int] = set()

    def add(
        self, questions: Sequence[Question], verdicts: Mapping[int, int], race: int, *, whole: bool
    ) -> None:
        """Count the verdicts of the search of a race; whether it saw all orders."""
        for one in questions:
            line = one.expect.span.line
            self._expects[line] = one.expect
            for held in (False, True):
                self._counts[line, held] += verdicts.get(2 * one.number + held, 0)
            if one.race == race and whole:
                self._over.add(line)

    def came_out(self) -> tuple[CameOut, ...]:
        """All of them, in the order of the file."""
        found = [self._one(line) for line in self._expects]
        found += _not_judged(self._program)
        return tuple(sorted(found, key=lambda one: one.line))

    def _one(self, line: int) -> CameOut:
        expect = self._expects[line]
        held, failed = self._counts[line, True], self._counts[line, False]
        never = expect.mood == "sometimes" and not held and line in self._over
        return CameOut(line, text_of(expect), expect.mood, held, failed, never=never)


def _not_judged(program: Program) -> Iterator[CameOut]:
    """The expectations of races, and behind them, that a search does not judge."""
    race: Race | None = None
    for item in program.items:
        if isinstance(item, Race):
            race = item
        elif isinstance(item, Expect) and race is not None:
            why = ""
            if item.condition.predicate == "violation":
                why = "what is broken, the verdict says"
            elif race.forever and not item.inside:
                why = "a forever block has no end"
            if why and not _as_ever(item):
                yield CameOut(item.span.line, text_of(item), item.mood, not_judged=why)


def _as_ever(expect: Expect) -> bool:
    """Whether it is the `expect no violation` with which scenarios end."""
    asked = expect.condition
    none = asked.predicate == "violation" and asked.negated and not asked.args
    return none and not expect.inside
