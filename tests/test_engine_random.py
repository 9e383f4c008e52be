"""Random programs: the books are right at every step, and every write is logged."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from luf_tui.engine.director import Director
from luf_tui.policy.registry import make_policy
from luf_tui.script.program import Program
from tests import invariants
from tests.strategies import programs


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
