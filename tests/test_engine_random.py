"""Random programs: no policy breaks an obligation, and the books are right at every step."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from luf_tui.engine.director import Director, ItemInfo
from luf_tui.oracle.oracle import VIOLATION, Oracle
from luf_tui.policy.registry import make_policy
from luf_tui.script.program import Program
from tests import invariants
from tests.strategies import programs


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
@given(program=programs())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_policy_violates(policy: str, program: Program) -> None:
    """With all guards on, no CPU ever reads or writes what it must not."""
    director = Director(program, make_policy(policy))
    oracle, seen, bad = Oracle(director.machine), 0, []
    for moved in director.play_on():
        if isinstance(moved, ItemInfo):
            continue
        found = oracle.judge(seen, moved.item)
        bad += [finding.message for finding in found if finding.weight == VIOLATION]
        seen = len(director.machine.events)

    assert [] == bad


@pytest.mark.parametrize("policy", ["eager", "luf"])
@given(program=programs(length=12))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_bookkeeping_holds_after_every_micro_step(policy: str, program: Program) -> None:
    """Lists, buddies, map counts, caches and masks agree with one another at all times."""
    director = Director(program, make_policy(policy))
    for _ in director.play_on():
        invariants.check(director.machine)


@given(program=programs(length=12))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_undo_restores_every_byte(program: Program) -> None:
    """Taking back a whole run leaves the machine as it was at power-on."""
    director = Director(program, make_policy("luf"))
    before = director.machine.cells.snapshot()
    for _ in director.play_on():
        pass
    director.machine.cells.undo(0)

    assert before == director.machine.cells.snapshot()


@given(program=programs(length=12))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_nothing_writes_a_cell_but_the_logged_write(program: Program) -> None:
    """The log replayed over the power-on state is the final state."""
    director = Director(program, make_policy("luf"))
    cells = director.machine.cells
    replayed = cells.values[:]
    for _ in director.play_on():
        pass
    for cell, new in zip(cells.log_cell, cells.log_new, strict=True):
        replayed[cell] = new

    assert replayed == cells.values
