"""Recording a program under a policy, from its names alone."""

from __future__ import annotations

from collections.abc import Iterable

from luf_tui.engine.director import Director
from luf_tui.errors import InputError
from luf_tui.oracle.oracle import Oracle
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy, problems_of
from luf_tui.script.program import Program
from luf_tui.timeline.recorder import Recorder
from luf_tui.timeline.timeline import Timeline

LIMIT = 2_000_000
"""Micro-steps after which a recording stops unless told otherwise."""


def record(
    program: Program,
    policy: str | None = None,
    without: Iterable[str] = (),
    *,
    limit: int = LIMIT,
) -> Timeline:
    """Play a program to its end and keep everything; the cursor stands at the start.

    Without `policy` it is the program's own, and the guards that the program takes away are
    gone besides those in `without`. Raises LufError for an unknown policy or guard.
    """
    return record_with(program, chosen_policy(program, policy, without), limit=limit)


def chosen_policy(program: Program, name: str | None, without: Iterable[str] = ()) -> Policy:
    """The policy to play a program under, as `record` chooses it.

    Raises InputError with the places of unknown names in the program's own file, LufError for
    those that are given here.
    """
    chosen = name or program.policy
    if chosen != program.policy:
        return make_policy(chosen, without)
    places = (program.policy_span, program.without_spans)
    if problems := problems_of(program.policy, program.without, *places):
        raise InputError(program.path, tuple(problems), program.source)
    return make_policy(chosen, (*program.without, *without))


def record_with(program: Program, policy: Policy, *, limit: int = LIMIT) -> Timeline:
    """As `record`, under a policy already made: a person's own, say."""
    recorder, director = prepare(program, policy, limit)
    timeline = recorder.play(director.play())
    timeline.seek(0)
    return timeline


def prepare(program: Program, policy: Policy, limit: int = LIMIT) -> tuple[Recorder, Director]:
    """A recorder and what it is to play, for those who play it in a thread of their own."""
    director = Director(program, policy)
    oracle = Oracle(director.machine)
    return Recorder(program, policy, director.machine, oracle.judge, limit), director
