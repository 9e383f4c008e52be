"""The example policy: LATR keeps every obligation without an IPI for a deferred unmap."""

from __future__ import annotations

import json
import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.oracle.play_and_judge import violations
from luf_tui.script.parse import load
from luf_tui.script.program import Program
from luf_tui.search.random_programs.random_program import random_program
from tests.shipped import PLAYED

SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"
LATR = SCENARIOS / "policies" / "latr.py"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def found(program: Program) -> list[str]:
    """What the oracle finds when LATR plays a program."""
    policy = runpy.run_path(str(LATR))["Latr"]()
    return [one.message for one in violations(program, policy)]


def test_the_example_is_under_sixty_lines() -> None:
    assert 60 > len(LATR.read_text(encoding="utf-8").splitlines())


def test_its_scenario_holds_without_an_ipi(luf_tui: Run) -> None:
    scenario = SCENARIOS / "policies" / "latr.luf"
    done = luf_tui("run", scenario, "--policy", f"{LATR}:Latr", "--json")
    said = json.loads(done.stdout)

    assert (0, "latr", 0) == (done.returncode, said["policy"], said["ipis"])
    assert {"owed": 0, "paid": 0, "saved": 1} == said["flushes"]


@pytest.mark.parametrize("path", [one.path for one in PLAYED], ids=str)
def test_no_scenario_breaks_an_obligation_under_latr(path: Path) -> None:
    assert [] == found(load(str(path)))


def test_no_random_program_breaks_an_obligation_under_latr() -> None:
    assert [] == [told for seed in range(60) for told in found(random_program(seed))]
