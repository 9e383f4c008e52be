"""Recording a program under a policy, from its names alone."""

from __future__ import annotations

from collections.abc import Iterable

from luf_tui.engine.director import Director
from luf_tui.oracle.oracle import Oracle
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy
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
    name = policy or program.policy
    gone = (*program.without, *without) if name == program.policy else tuple(without)
    return record_with(program, make_policy(name, gone), limit=limit)


def record_with(program: Program, policy: Policy, *, limit: int = LIMIT) -> Timeline:
    """As `record`, under a policy already made: a person's own, say."""
    director = Director(program, policy)
    oracle = Oracle(director.machine)
    recorder = Recorder(program, policy, director.machine, oracle.judge, limit)
    timeline = recorder.play(director.play())
    timeline.seek(0)
    return timeline
