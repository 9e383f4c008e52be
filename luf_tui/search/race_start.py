"""The start of a race, where a search begins, on the very machine the stepper plays on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from attrs import frozen

from luf_tui.engine.director import Director, Remark, make_kernel
from luf_tui.errors import LufError
from luf_tui.oracle.oracle import VIOLATION, Finding
from luf_tui.oracle.play_and_judge import judged_moves
from luf_tui.policy.base import Policy
from luf_tui.script.program import Program, Race
from luf_tui.search.expectations import Asked, Question, regions_of
from luf_tui.search.judged import JudgedTransitions


@frozen
class Start:
    """A race about to begin: its turns, and what went wrong on the way there."""

    item: int
    """The race's number among the program's items."""
    transitions: JudgedTransitions
    before: tuple[Finding, ...]
    """Violations of what stands before the race."""


def at_race(
    program: Program,
    policy: Policy,
    number: int = 0,
    *,
    reduced: bool = True,
    questions: Sequence[Question] | None = None,
) -> Start | None:
    """Play everything before race `number` of a program and stand at its start.

    `reduced` leaves out turns that lead nowhere else: evictions that nothing notices, and waiting
    before an acknowledgement. `questions` are the expectations that are judged, too. None when the
    program has no such race. Raises Refused when the way there is refused, and when the schedule of
    the race has turns of nobody.
    """
    races = [n for n, item in enumerate(program.items) if isinstance(item, Race)]
    if number >= len(races):
        return None
    item = races[number]
    k = make_kernel(program, policy, regions_of(program, questions or ()))
    director, machine = Director(program, policy, k), k.m
    before: list[Finding] = []
    for _, findings in judged_moves(machine, director.play_until(item)):
        before += findings
    race = program.items[item]
    assert isinstance(race, Race)
    asked = None if questions is None else Asked(program, questions, k)
    if asked is not None:
        asked.begin(item, before)
    machine.cells.forget()
    transitions = JudgedTransitions(k, race, item, reduced=reduced, asked=asked)
    check_schedule(transitions)
    return Start(item, transitions, tuple(one for one in before if one.weight == VIOLATION))


def remarks(program: Program, policy: Policy) -> list[str]:
    """What is to be told of the schedules that a program has, with their lines: a search, which
    plays every order, does not come upon it. `policy` is none that is in use.
    """
    found: list[Remark] = []
    if any(race.schedule for race in program.races):
        with suppress(LufError):
            moves = Director(program, policy).play()
            found.extend(move for move in moves if isinstance(move, Remark))
    return [f"line {program.items[one.item].span.line}: {one.text}" for one in found]


def check_schedule(transitions: JudgedTransitions) -> None:
    """Raises Refused when the schedule of a race has a word that is no turn of it: a search plays
    every order, and so none of them in particular.
    """
    for word in dict.fromkeys(transitions.race.schedule):
        transitions.turn(word)
