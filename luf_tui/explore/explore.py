"""The question a reviewer asks of a file: is it safe in every order, and if not, show me."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from luf_tui.errors import LufError
from luf_tui.explore import counterexample
from luf_tui.explore.moves import Moves, reach
from luf_tui.explore.search import BOUNDED, SAFE, UNSAFE, Broken, Limits, Search, Tell
from luf_tui.policy.base import Policy
from luf_tui.script.program import Program

Watch = Callable[[Search], None]
"""Is given each search before it runs, so that it can be stopped from outside."""


@frozen
class Report:
    """What exploring a file found, over all its races."""

    verdict: str
    states: int
    transitions: int
    seconds: float
    races: int
    """Races looked at; a race after an unsafe one is not."""
    obligation: str = ""
    message: str = ""
    line: int = 0
    """The line of the race that is not safe."""
    schedule: tuple[str, ...] = ()
    """A shortest order that breaks it, a word a turn."""
    scenario: str = ""
    """The counterexample as a scenario."""
    why: str = ""
    """Why a bounded search ended."""


def explore(
    program: Program,
    policy: Policy,
    *,
    limits: Limits | None = None,
    symmetric: bool = True,
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> Report:
    """Try every order of every race of a program, in turn, up to the first that is not safe.

    Raises LufError when there is no race, Refused when the way to one is refused.
    """
    limits = limits or Limits()
    states = transitions = number = 0
    seconds, why, verdict = 0.0, "", SAFE
    while (start := reach(program, policy, number)) is not None:
        number += 1
        line = program.items[start.item].span.line
        if start.before:
            first = start.before[0]
            found = Broken(first.obligation, first.rule, first.message, (), first)
            return _unsafe(
                program, policy, start.moves, found, states, transitions, seconds, number
            )
        search = Search(start.moves, symmetric=symmetric, limits=limits, tell=tell)
        if watch:
            watch(search)
        result = search.run()
        states += result.states
        transitions += result.transitions
        seconds += result.seconds
        if result.broken:
            done = (states, transitions, seconds, number)
            return _unsafe(program, policy, start.moves, result.broken[0], *done)
        if result.verdict == BOUNDED:
            verdict, why = BOUNDED, why or f"line {line}: {result.why}"
            if result.why == "interrupted":
                break
    if not number:
        hint = "put the lines whose order is open between `race` and `end`"
        raise LufError(f"{program.path}: there is no race to explore; {hint}")
    return Report(verdict, states, transitions, seconds, number, why=why)


def _unsafe(
    program: Program,
    policy: Policy,
    moves: Moves,
    broken: Broken,
    states: int,
    transitions: int,
    seconds: float,
    races: int,
) -> Report:
    turns = counterexample.tidy(moves, broken)
    return Report(
        UNSAFE,
        states,
        transitions,
        seconds,
        races,
        broken.obligation,
        broken.message,
        program.items[moves.turns.item].span.line,
        tuple(moves.turns.word(turn) for turn in turns),
        counterexample.text(program, policy, moves, broken, turns),
    )
