"""Plays programs and judges every micro-step: the one loop for whoever needs no recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from luf_tui.engine.director import Director, Move
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import VIOLATION, Finding, Oracle
from luf_tui.policy.base import Policy
from luf_tui.script.program import Program


def judged_moves(machine: Machine, moves: Iterable[Move]) -> Iterator[tuple[Move, list[Finding]]]:
    """Each move made on a machine, with what the oracle finds in it."""
    oracle, first = Oracle(machine), len(machine.events)
    for moved in moves:
        yield moved, oracle.judge(first, moved.item)
        first = len(machine.events)


def judge_program(program: Program, policy: Policy) -> Iterator[Finding]:
    """Play a program to its end; what the oracle finds, as it is found.

    An operation that the machine refuses is passed over.
    """
    director = Director(program, policy)
    for _, findings in judged_moves(director.machine, director.play_on()):
        yield from findings


def violations(program: Program, policy: Policy) -> Iterator[Finding]:
    """Play a program to its end; the violations alone, as they are found."""
    return (one for one in judge_program(program, policy) if one.weight == VIOLATION)
