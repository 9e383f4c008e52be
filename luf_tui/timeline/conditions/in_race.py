"""Expectations of a race while one order of it is played: when each is judged, and what it sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import define, field, frozen

from luf_tui.engine.transitions import context_of
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.script.program import SOMETIMES, Expect, Op, Race


@define
class Line:
    """A line of a race that is under way."""

    op: Op
    events: list[int] = field(factory=list)
    """What happened in it: by its own context, and by handlers of interrupts meanwhile."""


@frozen
class Due:
    """A line of a race is over: the expectations of it are to be judged."""

    expects: tuple[Expect, ...]
    events: tuple[int, ...]


@define
class Lasting:
    """An expectation with a mood, while it is asked."""

    expect: Expect
    begun: bool
    """Its line is over, or it has none."""
    decided: bool = False
    """It has failed, or held where once is enough."""

    @property
    def sometimes(self) -> bool:
        """Whether one state is enough."""
        return self.expect.mood == SOMETIMES


class RacePlayed:
    """Follows one race, number `item` of its program, from its first micro-step on."""

    def __init__(self, machine: Machine, race: Race, item: int) -> None:
        self.machine = machine
        self.race = race
        self.item = item
        self._ops = {context_of(machine, one).index: one.begins for one in race.branches}
        self._under_way: dict[int, Line] = {}
        self.lasting = [Lasting(one, not one.after) for one in race.expects if one.mood]

    def over(self, line: int) -> None:
        """A line is over, or was refused: what holds from there on is asked."""
        for one in self.lasting:
            one.begun |= one.expect.after == line

    def number_of(self, expect: Expect) -> int:
        """The number of an expectation among the items of the program."""
        return self.item + 1 + self.race.expects.index(expect)

    def moved(self, ctx: int, events: Iterable[int]) -> Iterator[Due]:
        """A context has moved, with these events: lines that are over now, if any are asked of."""
        log, cpus = self.machine.events, self.machine.config.cpus
        over = []
        for event in events:
            kind = log.kind_of(event)
            if kind == ev.BEGIN and log.argument(event, ev.BEGIN.item) == self.item + 1:
                of, nth = log.argument(event, ev.BEGIN.ctx), log.argument(event, ev.BEGIN.nth)
                self._under_way[of] = Line(self._ops[of][nth - 1])
            for of, line in self._under_way.items():
                if of == ctx or ctx < cpus:
                    line.events.append(event)
            if kind == ev.END and log.argument(event, ev.END.ctx) in self._under_way:
                over.append(self._under_way.pop(log.argument(event, ev.END.ctx)))
        for line in over:
            number = line.op.span.line
            self.over(number)
            asked = tuple(one for one in self.race.expects if not one.mood and one.after == number)
            if asked:
                yield Due(asked, tuple(line.events))
