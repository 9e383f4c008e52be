"""The README says what is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.cli import COMMANDS
from luf_tui.policy.guards import GUARDS
from luf_tui.script.vocabulary import FLAGS, KERNEL_ACTORS, PREDICATES, SETTINGS

ROOT = Path(__file__).resolve().parent.parent

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_example_of_the_readme_holds(luf_tui: Run, tmp_path: Path) -> None:
    whole = (ROOT / "README.md").read_text(encoding="utf-8")
    example = whole.partition("```luf\n")[2].partition("```")[0]
    path = tmp_path / "example.luf"
    path.write_text(example, encoding="utf-8")
    done = luf_tui("check", path)

    assert (0, "") == (done.returncode, done.stderr)


def test_the_six_lines_of_the_readme_run_in_a_folder_of_ones_own(tmp_path: Path) -> None:
    whole = (ROOT / "README.md").read_text(encoding="utf-8")
    code = whole.partition("```python\n")[2].partition("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert 6 == len([line for line in code.splitlines() if line])
    for told in ("step 36/71", "cpu1 has text.0 → f0 cached", "unsafe", "'shootdowns': 140"):
        assert told in done.stdout


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_readme_tells_of_every_command(command: str) -> None:
    whole = (ROOT / "README.md").read_text(encoding="utf-8")

    assert f"`luf-tui {command}" in whole or f"`{command}`" in whole


@pytest.mark.parametrize("word", sorted([*SETTINGS, *FLAGS, *PREDICATES, *KERNEL_ACTORS]))
def test_the_readme_tells_of_every_word_of_the_language(word: str) -> None:
    whole = (ROOT / "README.md").read_text(encoding="utf-8")

    assert re.search(rf"`{word}\b|\b{word}\b[^`\n]*`", whole)


def test_the_guards_that_random_programs_find_and_those_they_miss_are_all_there_are() -> None:
    whole = (ROOT / "README.md").read_text(encoding="utf-8")
    told = whole.partition("Random programs alone")[2].partition("\n\n")[0]
    found, count = re.findall(r"find (\d+) of the (\d+) guards", told)[0]
    missed = re.findall(r"`([a-z-]+)`", told.partition("They did")[2])

    assert len(GUARDS) == int(count)
    assert set(missed) <= GUARDS.keys()
    assert len(GUARDS) == int(found) + len(set(missed))
