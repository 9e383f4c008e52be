"""Streams that are closed, full or unread: a sentence and an exit code, never a defect."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from luf_tui.commands.all_commands import COMMANDS
from tests.conftest import ROOT

SCENARIO = "tour/flush-before-reuse"
PRINTS = {
    "run": f"run {SCENARIO}",
    "check": f"check {SCENARIO}",
    "compare": f"compare {SCENARIO}",
    "list": "list tour",
    "new": "new doubt",
    "show": f"show {SCENARIO}",
    "matrix": f"matrix {SCENARIO} --json",
    "explore": "explore races/flush-before-reuse --json",
    "replay": "replay llm-excerpt --policies luf",
    "record": "record",
    "export": f"export {SCENARIO} --format jsonl -o -",
    "fmt": f"fmt --check {Path('messy.luf')}",
    "help": "help",
    "config": "config",
    "policies": "policies",
    "guards": "guards",
    "explain": "explain TLB",
    "completion": "completion bash",
    "man": "man",
}
"""What every command prints something for."""
WORDS = [*PRINTS.values(), "--help", "--version", "run --help", ""]
SOME = ["list", "--help", "run --help", PRINTS["run"], PRINTS["check"], PRINTS["export"]]


def done(folder: Path, words: str, how: str) -> subprocess.CompletedProcess[str]:
    """The command with a redirection, as a shell makes it."""
    (folder / "messy.luf").write_text("process   app\n", "utf-8")
    line = f"{sys.executable} -m luf_tui {words} {how}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )


def test_every_command_is_tried() -> None:
    assert set(COMMANDS) == set(PRINTS)


@pytest.mark.parametrize(
    ("words", "how", "why"),
    [
        *((words, ">&-", "is closed") for words in WORDS),
        *((words, "> /dev/full", "No space left on device") for words in SOME),
    ],
)
def test_output_that_cannot_be_written_is_told(
    tmp_path: Path, words: str, how: str, why: str
) -> None:
    told = done(tmp_path, words, how)
    last = told.stderr.splitlines()[-1]

    assert 2 == told.returncode
    assert "luf-tui: " in last
    assert why in last or not words  # the app has no output of its own: it wants a terminal
    assert "defect" not in told.stderr
    assert "Traceback" not in told.stderr
    assert "Exception ignored" not in told.stderr


@pytest.mark.parametrize("words", ["list", "nosuch", "run --nosuch", "check tour", "run --help"])
@pytest.mark.parametrize("how", ["2>&-", "2> /dev/full"])
def test_narration_that_cannot_be_told_changes_nothing_else(
    tmp_path: Path, words: str, how: str
) -> None:
    as_ever, told = done(tmp_path, words, ""), done(tmp_path, words, how)

    assert (as_ever.returncode, as_ever.stdout) == (told.returncode, told.stdout)


@pytest.mark.parametrize("words", ["fmt -", "replay -"])
def test_input_that_is_closed_is_told(tmp_path: Path, words: str) -> None:
    told = done(tmp_path, words, "<&-")

    assert (2, "") == (told.returncode, told.stdout)
    assert "it is closed" in told.stderr


def test_a_file_is_written_whole_where_the_streams_are_closed(tmp_path: Path) -> None:
    words = f"export {SCENARIO} -o picture.svg"
    assert 0 == done(tmp_path, words, "").returncode
    picture = (tmp_path / "picture.svg").read_text("utf-8")
    (tmp_path / "picture.svg").unlink()

    assert 0 == done(tmp_path, words, "<&- >&- 2>&-").returncode
    assert picture == (tmp_path / "picture.svg").read_text("utf-8")


@pytest.mark.parametrize("words", ["guards --json", "run --help", f"run {SCENARIO} --json"])
def test_a_reader_that_has_gone_is_no_mistake(tmp_path: Path, words: str) -> None:
    told = done(tmp_path, words, "| true")

    assert told.returncode in (0, 141)
    assert told.stderr.count("\n") <= 1
    assert "luf-tui: " not in told.stderr


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")
    told = done(tmp_path, "fmt -", "< bytes")

    assert (2, "") == (told.returncode, told.stdout)
    assert "this is not UTF-8 text" in told.stderr
