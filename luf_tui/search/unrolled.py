"""From turns of a forever block to an ordinary race: its actors have the lines that they began."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from luf_tui.engine.strategy import Schedule
from luf_tui.engine.transitions import NoStep, Transitions, Turn
from luf_tui.errors import InputError, LufError
from luf_tui.policy.base import Policy
from luf_tui.policy.own import anew
from luf_tui.script.parse import parse
from luf_tui.script.program import Op, Program, Race
from luf_tui.script.syntax import strip_comment
from luf_tui.search.counterexample import shows
from luf_tui.search.expectations import item_of, questions_of
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.race_start import at_race
from luf_tui.search.result import Broken

FRESH = re.compile(r"(?<![\w\"/.-])fresh(?![\w\"/.-])(?!.*(?<![\w\"/.-])fresh(?![\w\"/.-]))")
"""The last `fresh` of a line: contents stand behind names."""


@frozen
class Unrolled:
    """A program with a race in the place of a forever block, and the same turns of it."""

    program: Program
    transitions: JudgedTransitions
    broken: Broken
    turns: tuple[Turn, ...]


def unrolled(
    program: Program,
    policy: Policy,
    transitions: JudgedTransitions,
    broken: Broken,
    turns: Sequence[Turn],
    number: int,
) -> Unrolled:
    """The turns of forever block `number` as those of a race. Raises LufError when they break
    something else there.
    """
    begun, words = _played(transitions, turns)
    fresh = _fresh_names(program)
    race = transitions.race
    rows = [one.text for one in race.expects if one.mood]
    rows += _rows(race, begun, fresh)
    try:
        plain = _parsed(program, race, rows)
    except InputError:  # what is expected names what other lines of the block make
        rows += _rows(race, _others(race, begun), fresh)
        plain = _parsed(program, race, rows)
    asked = questions_of(plain, item_of(plain, number))
    start = at_race(plain, anew(policy), number, reduced=False, questions=asked)
    assert start is not None
    played = tuple(start.transitions.turn(word) for word in words)
    if broken.verdict >= 0:
        broken = _asked_again(transitions, start.transitions, broken, played)
    same = broken.finding is None and broken.verdict < 0
    if not same and not shows(start.transitions, broken, played):
        raise LufError(
            f"{program.path}: {broken.obligation} is broken by a program of the forever block, "
            "and not by a race of the same lines"
        )
    waiting = tuple(start.transitions.turn(transitions.word(ctx)) for ctx in broken.waiting)
    told = evolve(broken, turns=played, waiting=waiting)
    return Unrolled(plain, start.transitions, told, played)


def _parsed(program: Program, race: Race, rows: Sequence[str]) -> Program:
    return parse("\n".join(_with_race(program, race.span.line, rows)), program.path)


def _rows(race: Race, ops: Iterable[Op], fresh: Iterator[str]) -> Iterator[str]:
    """Lines of a race, each with what is expected of it."""
    plainly = [one for one in race.expects if not one.mood]
    for op in ops:
        yield FRESH.sub(lambda _: next(fresh), op.text)
        yield from (one.text for one in plainly if one.after == op.span.line)


def _others(race: Race, begun: Sequence[Op]) -> list[Op]:
    """One operation of each line of a block that did not begin, in the order of the file."""
    lines = {op.span.line for op in begun}
    first = {op.span.line: op for branch in race.branches[::-1] for op in branch.begins[::-1]}
    return [first[line] for line in sorted(first) if line not in lines]


def _asked_again(
    transitions: JudgedTransitions,
    unrolled: JudgedTransitions,
    broken: Broken,
    turns: Sequence[Turn],
) -> Broken:
    """What went wrong, by the number that its expectation has there."""
    assert transitions.asked is not None
    assert unrolled.asked is not None
    text = transitions.asked.questions[broken.verdict >> 1].expect.text
    came = unrolled.comes_to(turns)
    codes = came.codes if came else ()
    alike = (one for one in codes if unrolled.asked.questions[one >> 1].expect.text == text)
    return evolve(broken, verdict=next((one for one in alike if not one & 1), broken.verdict))


def _played(transitions: Transitions, turns: Sequence[Turn]) -> tuple[list[Op], list[str]]:
    """The operations that began, in that order, and the turns' words in a race of them. Who is
    switched in and begins nothing gets a line to come, or there would be no turn for it.
    """
    begun: list[Op] = []
    words: list[str] = []
    idle: dict[int, None] = {}
    start = transitions.mark()
    m, k = transitions.machine, transitions.k
    schedule = Schedule(turns)
    while (turn := schedule.next(transitions)) is not None:
        ctx = transitions.mover(turn)
        op = transitions.begins(turn)
        task = ctx < m.actors and ctx in transitions.ops
        switched_in = op is None and task and k.cpu_of(m.ctx[ctx]) < 0
        in_flight = ctx < m.contexts and bool(m.ctx[ctx].depth)
        outcome = transitions.make(turn)
        if isinstance(outcome, NoStep):
            continue
        words.append(transitions.word(ctx))
        if op is not None:
            begun.append(op)
            idle.pop(ctx, None)
        elif switched_in and not in_flight:
            idle[ctx] = None
    transitions.undo(start)
    begun += [transitions.ops[ctx][0] for ctx in idle]
    return begun or _others(transitions.race, ()), words


def _fresh_names(program: Program) -> Iterator[str]:
    """Names of contents that the program has not, one for each use."""
    config = program.config
    taken = set(config.contents[: len(config.contents) - config.fresh])
    number = 0
    while True:
        number += 1
        if f"fresh-{number}" not in taken:
            yield f"fresh-{number}"


def _with_race(program: Program, line: int, rows: Sequence[str]) -> list[str]:
    """The lines of a file with a race of some rows in the place of the block at a line."""
    found: list[str] = []
    inside = False
    for number, row in enumerate(program.source, start=1):
        first = "".join(strip_comment(row).split()[:1])
        if number == line:
            inside = True
            found += ["race", *rows]
        elif inside and first == "end":
            inside = False
            found.append(row)
        elif not inside or first == "allow":
            found.append(row)
    return found
