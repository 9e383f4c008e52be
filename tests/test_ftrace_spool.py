"""Long recordings: their facts stand in a file, and nothing that is found depends on it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from luf_tui import cli
from luf_tui.ftrace.meaning import facts, spool
from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.trace import read_trace
from luf_tui.runs.replayed import replay

ROOT = Path(__file__).parent.parent
LLM = ROOT / "scenarios" / "traces" / "llm-excerpt.trace.xz"
FORK = ROOT / "tests" / "data" / "fork-excerpt.trace.xz"


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings are long from a few hundred facts on, and are put aside a few hundred at a time.

    They are read in small pieces, so that this comes to pass more than once.
    """
    monkeypatch.setattr(facts, "LONG", 300)
    monkeypatch.setattr(facts, "AGAIN", 200)
    monkeypatch.setattr("luf_tui.ftrace.reading.source.CHUNK", 1 << 12)
    monkeypatch.setattr("luf_tui.ftrace.replay.outcome.LET_GO", 64)


def short(path: Path) -> Facts:
    """The facts of a recording that is not long."""
    return read_trace(str(path)).facts


@pytest.mark.parametrize("path", [LLM, FORK], ids=lambda path: path.name)
def test_the_facts_of_a_long_recording_are_the_same(
    path: Path, request: pytest.FixtureRequest
) -> None:
    expected = list(short(path))
    request.getfixturevalue("long")
    found = read_trace(str(path)).facts
    assert isinstance(found.time, memoryview)
    assert expected == list(found)


@pytest.mark.parametrize("path", [LLM, FORK], ids=lambda path: path.name)
def test_what_is_found_in_a_long_recording_is_the_same(
    path: Path, request: pytest.FixtureRequest
) -> None:
    expected = replay(path)
    request.getfixturevalue("long")
    found = replay(path, jobs=2)
    assert (str(expected), expected.summary()) == (str(found), found.summary())


def test_a_recording_that_is_not_long_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(spool, "TemporaryFile")
    assert len(short(FORK))


@pytest.mark.usefixtures("long")
def test_a_disk_that_is_full_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full:
        def write(self, data: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spool, "TemporaryFile", Full)
    assert 2 == cli.main(["replay", str(FORK)])
    said = capsys.readouterr().err
    assert "No space left on device; name a folder with more room by TMPDIR" in said


def test_the_facts_of_some_kinds_are_found_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "PIECE", 7)
    found = short(FORK)
    kinds = (FactKind.FAULT, FactKind.FREE)
    assert [at for at, kind in enumerate(found.kind) if kind in kinds] == list(found.of(*kinds))


def test_flags_and_numbers_together_are_numbers() -> None:
    both = [Flag.DIRTY | 1, 1 | Flag.DIRTY, Flag.DIRTY & 15, 15 & Flag.DIRTY, ~Flag.DIRTY]
    assert ([9, 9, 8, 8, -9], {int}) == (both, set(map(type, both)))
