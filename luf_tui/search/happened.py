"""What came to pass in the orders of a race, and what in none: how much a "safe" is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.oracle.truth import stale
from luf_tui.script.program import Op, Race

BEGAN, REFUSED, NO_PAGE, WITHOUT = "began", "refused", "no page", "without"
UNMAPPED, FREED, OWNED = "unmapped", "freed", "owned"
STALE, OWED, ASKED = "stale", "owed", "asked"
"""Facts of a turn: a line that begins or cannot, a CPU that gets no page, and the line of a race
that has to do without; a frame that is unmapped, given back, or has a new owner; a stale
translation used, a flush that somebody needs, a guard that is asked for.
"""
Fact = tuple[str, int | str]
COUNTS: dict[int, int] = {
    **{kind: kind.mask for kind in (ev.SEND, ev.DEFER, ev.NOTE)},
    ev.FLUSH: ev.FLUSH.dropped,
}
"""Events about a flush, and which of their arguments is 0 when there is nothing to flush for: the
CPUs, or the entries that went.
"""


def facts_of(machine: Machine, first: int) -> set[Fact]:
    """The facts among the events from number `first` on."""
    log, found = machine.events, set[Fact]()
    for event in range(first, len(log)):
        kind = log.kind_of(event)
        if kind == ev.UNMAP:
            found.add((UNMAPPED, log.argument(event, ev.UNMAP.pfn)))
        elif kind == ev.FREE:
            found.add((FREED, log.argument(event, ev.FREE.pfn)))
        elif kind == ev.ALLOC:
            found.add((OWNED, log.argument(event, ev.ALLOC.pfn)))
        elif kind == ev.OOM:
            found.add((NO_PAGE, log.cpu_of(event)))
        elif kind == ev.ISSUE or (kind in COUNTS and log.argument(event, COUNTS[kind])):
            found.add((OWED, 0))
    return found


def before(machine: Machine) -> set[Fact]:
    """What of the facts so far matters for what comes: frames given up, and flushes still due."""
    found = {fact for fact in facts_of(machine, 0) if fact[0] in (UNMAPPED, FREED)}
    entries = (one for cpu in machine.cpu for one in machine.tlb_of(cpu.index) if one.mm)
    return found | ({(OWED, 0)} if any(stale(machine, one) for one in entries) else set())


def ipis_of(machine: Machine, first: int) -> int:
    """How many CPUs were interrupted by the events from number `first` on."""
    log = machine.events
    return sum(
        log.argument(event, ev.SEND.mask).bit_count()
        for event in range(first, len(log))
        if log.kind_of(event) == ev.SEND
    )


@frozen
class Happened:
    """What came to pass in at least one order that was looked at."""

    facts: frozenset[Fact] = frozenset()
    lines: tuple[tuple[int, str], ...] = ()
    """The lines of the races, by number."""
    finals: int = 0
    """Different states in which everybody is done."""
    ipis: tuple[int, int] | None = None
    """The least and the most CPUs interrupted by any one order; None when not counted."""
    renamed: bool = False
    """Whether frames may have changed their names on the way."""
    forever: bool = False
    """Whether programs of any length were looked at, and not the orders of one."""
    permuted: tuple[str, ...] = ()
    """CPUs, or pages, that may do the same and have changed places, several to a text."""

    def numbers(self, kind: str) -> set[int]:
        """What the facts of a kind are about."""
        return {about for what, about in self.facts if what == kind and isinstance(about, int)}

    @property
    def asked(self) -> tuple[str, ...]:
        """The guards that the policy was asked for."""
        return tuple(sorted(str(about) for what, about in self.facts if what == ASKED))

    @property
    def refused(self) -> tuple[int, ...]:
        """Lines that were refused in some order."""
        return tuple(sorted(self.numbers(REFUSED)))

    @property
    def never(self) -> tuple[int, ...]:
        """Lines that did not begin in any order."""
        return tuple(number for number, _ in self.lines if number not in self.numbers(BEGAN))

    @property
    def reused(self) -> bool:
        """Whether a frame that had been mapped, and for which somebody had to flush, got a new
        owner in some order.
        """
        return bool(self.numbers(OWED)) and self._same(UNMAPPED, OWNED)

    def _same(self, one: str, other: str) -> bool:
        """Whether two kinds of facts are about one frame, or may be where frames were renamed."""
        some, others = self.numbers(one), self.numbers(other)
        return bool(some and others) if self.renamed else bool(some & others)

    @property
    def vacuous(self) -> bool:
        """Whether nothing dangerous came to pass, so that it says nothing that nothing was found:
        nobody had anything to flush for; or a frame was given back for which a flush was due, and
        whoever wanted a page got none, or could not even begin.
        """
        if not self.numbers(OWED):
            return True
        kept_from = self.numbers(NO_PAGE) or set(self.never) & {*self.refused}
        return bool(kept_from) and self._same(UNMAPPED, FREED) and not self.reused

    def sentences(self) -> list[str]:
        """What did not happen, or only in some orders, for a person."""
        lines = {number: f"line {number}, `{text}`," for number, text in self.lines}
        way = "program" if self.forever else "order"
        told = [
            f"{lines[number]} was refused in {'every' if number in self.never else 'some'} {way}"
            for number in self.refused
        ]
        told += [
            f"{lines[number]} began in no {way}"
            for number in self.never
            if number not in self.refused
        ]
        told += [
            f"an allocation on cpu{cpu} failed in some {way}"
            for cpu in sorted(self.numbers(NO_PAGE))
        ]
        told += [
            f"{lines[number]} got no page in some {way}"
            for number in sorted(self.numbers(WITHOUT))
            if number in lines
        ]
        if not self.numbers(OWED):
            told.append(f"nobody had anything to flush for in any {way}")
        if not self.numbers(OWNED):
            told.append(f"no frame got a new owner in any {way}")
        elif not self.reused:
            told.append(f"no frame for which a flush was due got a new owner in any {way}")
        if not self.numbers(STALE):
            told.append(f"no stale translation was used in any {way}")
        return told

    def beside(self, other: Happened) -> Happened:
        """This and what happened in another race of the file."""
        ipis = None
        if self.ipis is not None and other.ipis is not None:
            ipis = self.ipis[0] + other.ipis[0], self.ipis[1] + other.ipis[1]
        return Happened(
            self.facts | other.facts,
            self.lines + other.lines,
            self.finals + other.finals,
            ipis,
            self.renamed or other.renamed,
            self.forever and other.forever,
            tuple(dict.fromkeys((*self.permuted, *other.permuted))),
        )


NOTHING = Happened()
"""What is known when nobody looked."""


def lines_of(race: Race, behind: Sequence[Op] = ()) -> tuple[tuple[int, str], ...]:
    """The lines of a race that begin something, and of those that follow it, by number."""
    ops = [*(op for branch in race.branches for op in branch.begins), *behind]
    lines = {op.span.line: " ".join(op.written.split()) for op in ops}
    return tuple(sorted(lines.items()))


def extremes(
    states: int, edges: Sequence[tuple[int, int, int]], ends: Iterable[int]
) -> tuple[int, int] | None:
    """The least and the most that a way from state 0 to one of the ends adds up to, over edges from
    one state to another with what each adds; None when some way may go round for ever and add more.
    """
    least, most = [-1] * states, [-1] * states
    least[0] = most[0] = 0
    for _ in range(states + 1):
        changed = False
        for source, target, adds in edges:
            if least[source] < 0:
                continue
            low, high = least[source] + adds, most[source] + adds
            if least[target] < 0 or low < least[target]:
                least[target], changed = low, True
            if high > most[target]:
                most[target], changed = high, True
        if not changed:
            reached = [end for end in ends if least[end] >= 0]
            if not reached:
                return None
            return min(least[end] for end in reached), max(most[end] for end in reached)
    return None
