"""What no obligation forbids, and lasts: an actor that waits for ever, a flush that stays owed.

Asked of all states of a forever block: "wherever one comes to, is there a way on?" (AG EF).
Backward from the states where it holds, every state from which it can still be reached is marked;
what is left over is the answer.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from attrs import frozen

from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import STACK_DEPTH, Context
from luf_tui.search.rows.known import Known
from luf_tui.search.rows.packing import Layout, State
from luf_tui.search.rows.space import Made, Space
from luf_tui.search.watched_race import WatchedRace

SHOWN = 8
"""Words of a way that a sentence has."""


@frozen
class Lasting:
    """What lasts, each with the words of a shortest way there, as `schedule` has them."""

    waits: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Actors that can wait for ever in the middle of something, however the others go on."""
    unpaid: tuple[str, ...] | None = None
    """Where some flush is owed, whatever happens from then on; None where all can be paid."""

    def sentences(self) -> list[str]:
        """It, for a person."""
        told = [f"{actor} can wait for ever, first {_after(words)}" for actor, words in self.waits]
        if not told:
            told = ["nobody can be kept waiting for ever"]
        if self.unpaid is None:
            return [*told, "from everywhere there is a way on to where every flush is paid"]
        return [*told, f"some flush may stay owed for ever, first {_after(self.unpaid)}"]

    def as_json(self) -> dict[str, object]:
        """The object that `luf-tui explore --json` has."""
        waits = [{"actor": actor, "schedule": list(words)} for actor, words in self.waits]
        return {"waits": waits, "unpaid": None if self.unpaid is None else list(self.unpaid)}


def lasting(
    race: WatchedRace, space: Space, states: Sequence[State], turns: Iterable[Made]
) -> Lasting:
    """What lasts in a forever block, of which all states are known, and all turns."""
    layout, m = space.learner.layout, race.machine
    tasks = [m.ctx[ctx] for ctx in sorted(race.transitions.ops)]
    stacks = [_stack(layout, m, ctx) for ctx in tasks]
    moved = [set[int]() for _ in tasks]
    sources, targets = array("I"), array("I")
    for number, target, changed in turns:
        sources.append(number)
        targets.append(target)
        for can_move, stack in zip(moved, stacks, strict=True):
            if changed & stack:
                can_move.add(number)
    back = Backwards(len(states), sources, targets)

    def way(number: int) -> tuple[str, ...]:
        return tuple(race.word(turn) for turn in space.ways.path(number))

    waits = []
    for ctx, can_move in zip(tasks, moved, strict=True):
        depth = ctx.base + Context.FIELDS.index(Context.depth)
        busy = (number for number, state in enumerate(states) if _at(layout, state, depth))
        left = back.without(can_move, busy)
        if left >= 0:
            waits.append((m.ctx_name(ctx), way(left)))
    owed = Known(space.learner, "what is owed", race.owed)
    owing = [bool(owed.of(state).answer.given) for state in states]
    paid = {number for number, owes in enumerate(owing) if not owes}
    unpaid = back.without(paid, range(len(states)))
    return Lasting(tuple(waits), way(unpaid) if unpaid >= 0 else None)


class Backwards:
    """States by what leads to them."""

    def __init__(self, states: int, sources: Sequence[int], targets: Sequence[int]) -> None:
        self._first = array("I", bytes(4 * (states + 1)))
        for target in targets:
            self._first[target + 1] += 1
        for state in range(states):
            self._first[state + 1] += self._first[state]
        place, self._before = self._first[:], array("I", bytes(4 * len(sources)))
        for source, target in zip(sources, targets, strict=True):
            self._before[place[target]] = source
            place[target] += 1

    def without(self, wanted: set[int], asked: Iterable[int]) -> int:
        """The first of the states asked about from which none of the wanted can be reached, or -1
        where there is none such.
        """
        reaching, left = set(wanted), list(wanted)
        while left:
            state = left.pop()
            for before in self._before[self._first[state] : self._first[state + 1]]:
                if before not in reaching:
                    reaching.add(before)
                    left.append(before)
        return next((state for state in asked if state not in reaching), -1)


def _after(words: Sequence[str]) -> str:
    if not words:
        return "at the start"
    shown = " ".join(words[:SHOWN]) + (" …" if len(words) > SHOWN else "")
    return f"after {len(words)} turn{'' if len(words) == 1 else 's'}: {shown}"


def _stack(layout: Layout, m: Machine, ctx: Context) -> int:
    """The bits of a state that say where the operations of a context are."""
    first = m.stack.base + ctx.index * STACK_DEPTH * m.stack.size
    cells = range(first, first + STACK_DEPTH * m.stack.size)
    bits = 0
    for cell in cells:
        if cell in layout.places:
            bits |= layout.ones(cell)
    return bits


def _at(layout: Layout, state: State, cell: int) -> int:
    """The value of a cell in a state."""
    at = layout.places.get(cell)
    change = 0 if at is None else state >> at & (1 << layout.widths[cell]) - 1
    return layout.first[cell] ^ change
