"""Ten thousand random programs of forty operations: no policy breaks an obligation."""

from __future__ import annotations

import pytest

from luf_tui.engine.director import Director, ItemInfo
from luf_tui.oracle.oracle import VIOLATION, Oracle
from luf_tui.policy.registry import make_policy
from luf_tui.search.random_programs.random_program import random_program

PROGRAMS, CHUNK = 10_000, 500


def violations(seed: int, policy: str) -> list[str]:
    """What the oracle finds in the random program of a seed."""
    program = random_program(seed)
    director = Director(program, make_policy(policy))
    oracle, seen, bad = Oracle(director.machine), 0, []
    for moved in director.play():
        if isinstance(moved, ItemInfo):
            continue
        found = oracle.judge(seen, moved.item)
        bad += [f"seed {seed}: {one.message}" for one in found if one.weight == VIOLATION]
        seen = len(director.machine.events)
    return bad


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_no_random_program_violates(policy: str, first: int) -> None:
    """With all guards on there is nothing to find, whatever the order of operations."""
    bad = [told for seed in range(first, first + CHUNK) for told in violations(seed, policy)]

    assert [] == bad


@pytest.mark.parametrize(
    "guard",
    [
        "capture-without-debt",
        "check-on-switch-in",
        "flush-before-copy",
        "flush-before-reuse",
        "flush-before-set",
        "flush-on-write",
        "mark-on-drain",
        "no-shootdown",
        "refuse-pended",
        "refuse-writable",
    ],
)
def test_random_programs_find_a_missing_guard(guard: str) -> None:
    """The stress can fail: without a guard it does."""
    for seed in range(400):
        program = random_program(seed)
        director = Director(program, make_policy("luf", [guard]))
        oracle, seen = Oracle(director.machine), 0
        for moved in director.play():
            if isinstance(moved, ItemInfo):
                continue
            if any(one.weight == VIOLATION for one in oracle.judge(seen, moved.item)):
                return
            seen = len(director.machine.events)
    pytest.fail(f"400 random programs do not need {guard}")
