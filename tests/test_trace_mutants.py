"""Spoilt recordings are read or refused in a sentence: no other end, no hang, bounded memory."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from tests import trace_mutants
from tests.trace_mutants import MUTATIONS, mutants, outcome, read_lines

HERE = Path(__file__).parent
EXCERPTS = [
    HERE / "data" / "fork-excerpt.trace.xz",
    HERE / "data" / "trace-cmd.report.txt",
    HERE / "data" / "perf-script.txt",
    HERE.parent / "scenarios" / "traces" / "llm-excerpt.trace.xz",
]


@pytest.mark.parametrize("seed", range(4))
def test_a_spoilt_recording_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    made = mutants([read_lines(path) for path in EXCERPTS], seed, lines=120)
    said = {
        number: outcome(tmp_path / "m.trace", text, number)
        for number, text in enumerate(itertools.islice(made, 30))
    }
    defects = {n: s for n, s in said.items() if s not in ("replayed", "refused")}
    assert {} == defects
    assert "replayed" in said.values()


def test_the_same_seed_makes_the_same_mutants() -> None:
    lines = read_lines(EXCERPTS[0])
    one, other = (list(itertools.islice(mutants([lines], 7), 40)) for _ in range(2))
    assert one == other
    assert len(set(one)) > 35
    assert len(set(MUTATIONS)) > 8


def fails(path: Path, policies: object) -> str:
    raise AssertionError("no such cell")


def hangs(path: Path, policies: object) -> str:
    time.sleep(5)
    return ""


def swells(path: Path, policies: object) -> str:
    return "x" * (300 << 20)


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        (fails, "AssertionError at test_trace_mutants.py"),
        (hangs, "Slow at"),
        (swells, "MemoryError at"),
    ],
)
def test_a_defect_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, defect: object, said: str
) -> None:
    monkeypatch.setattr(trace_mutants, "replay", defect)
    assert said in outcome(tmp_path / "m.trace", "", seconds=0.1, megabytes=100)
