"""Hundreds of random programs on machines of every kind: no policy breaks an obligation."""

from __future__ import annotations

from itertools import combinations
from statistics import mode

import pytest
from attrs import fields

from luf_tui.machine.config import ARM64, RISCV, MachineConfig
from luf_tui.oracle.play_and_judge import violations
from luf_tui.policy.registry import make_policy
from luf_tui.search.random_programs.machines import OF_FILES, UNUSUAL
from luf_tui.search.random_programs.random_program import random_program

PROGRAMS, CHUNK = 800, 100
POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
WORLD = frozenset(
    {
        *("actors", "processes", "tasks", "files", "objects", "contents", "fresh", "pages"),
        "huge_pages",
    }
)
"""What a random program acts on, the same for all."""


def broken(policy: str, seeds: range, **settings: object) -> list[str]:
    """The first violation of each random program that breaks an obligation."""
    found = []
    for seed in seeds:
        program = random_program(seed, **settings)
        for one in violations(program, make_policy(policy)):
            found.append(f"seed {seed}: {one.obligation or one.rule}: {one.message}")
            break
    return found


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
@POLICIES
def test_no_random_program_violates(policy: str, first: int) -> None:
    """With all guards on there is nothing to find, whatever the machine and the order."""
    assert [] == broken(policy, range(first, first + CHUNK))


@pytest.mark.parametrize("arch", [ARM64, RISCV])
@POLICIES
def test_no_random_program_violates_on_another_architecture(policy: str, arch: str) -> None:
    assert [] == broken(policy, range(PROGRAMS, PROGRAMS + CHUNK), arch=arch)


@POLICIES
def test_no_random_program_violates_with_page_tables(policy: str) -> None:
    assert [] == broken(policy, range(PROGRAMS, PROGRAMS + CHUNK), table_span=2)


@POLICIES
def test_no_random_program_violates_with_large_pages(policy: str) -> None:
    assert [] == broken(policy, range(PROGRAMS, PROGRAMS + CHUNK), huge_pages=2)


@pytest.mark.parametrize(
    "guard",
    [
        "check-on-switch-in",
        "flush-before-copy",
        "flush-before-reuse",
        "flush-before-set",
        "mark-on-drain",
        "no-shootdown",
        "refuse-writable",
    ],
)
def test_random_programs_find_a_missing_guard(guard: str) -> None:
    """The stress can fail: without a guard it does."""
    policies = (make_policy("luf", [guard]) for _ in range(CHUNK))
    programs = map(random_program, range(CHUNK))

    assert any(map(any, map(violations, programs, policies)))


def setting(config: MachineConfig, name: str) -> object:
    """What a machine, or its file, is like."""
    return getattr(config.files[0] if name in OF_FILES else config, name)


def test_every_setting_of_a_machine_is_drawn() -> None:
    """What costs how many nanoseconds decides no order of events."""
    settings = {one.name for one in fields(MachineConfig)} - WORLD - {"costs"}

    assert settings | set(OF_FILES) == {one.field for one in UNUSUAL}


def test_any_two_settings_are_unusual_together_on_some_machine() -> None:
    drawn = [random_program(seed, 0).config for seed in range(2000)]
    names = [one.field for one in UNUSUAL]
    usual = {name: mode(setting(config, name) for config in drawn) for name in names}
    unusual = [{name for name in names if usual[name] != setting(config, name)} for config in drawn]

    for pair in combinations(names, 2):
        assert any(set(pair) <= of_one for of_one in unusual), pair
