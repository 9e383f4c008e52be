"""The example policy: LATR keeps every obligation without an IPI for a deferred unmap."""

from __future__ import annotations

import json
import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.engine.director import Director, ItemInfo
from luf_tui.oracle.oracle import VIOLATION, Oracle
from luf_tui.script.parse import load
from luf_tui.script.program import Program
from luf_tui.search.random_programs.random_program import random_program

SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"
LATR = SCENARIOS / "policies" / "latr.py"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def violations(program: Program) -> list[str]:
    """What the oracle finds when LATR plays a program."""
    director = Director(program, runpy.run_path(str(LATR))["Latr"]())
    oracle, seen, bad = Oracle(director.machine), 0, []
    for moved in director.play():
        if isinstance(moved, ItemInfo):
            continue
        found = oracle.judge(seen, moved.item)
        bad += [one.message for one in found if one.weight == VIOLATION]
        seen = len(director.machine.events)
    return bad


def test_the_example_is_under_sixty_lines() -> None:
    assert 60 > len(LATR.read_text(encoding="utf-8").splitlines())


def test_its_scenario_holds_without_an_ipi(luf_tui: Run) -> None:
    scenario = SCENARIOS / "policies" / "latr.luf"
    done = luf_tui("run", scenario, "--policy", f"{LATR}:Latr", "--json")
    said = json.loads(done.stdout)

    assert (0, "latr", 0) == (done.returncode, said["policy"], said["ipis"])
    assert {"owed": 0, "paid": 0, "saved": 1} == said["flushes"]


@pytest.mark.parametrize("path", sorted(SCENARIOS.rglob("*.luf")), ids=str)
def test_no_scenario_breaks_an_obligation_under_latr(path: Path) -> None:
    assert [] == violations(load(str(path)))


def test_no_random_program_breaks_an_obligation_under_latr() -> None:
    assert [] == [told for seed in range(60) for told in violations(random_program(seed))]
