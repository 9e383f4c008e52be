"""The README says what is there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.cli import COMMANDS
from luf_tui.script.vocabulary import FLAGS, KERNEL_ACTORS, PREDICATES, SETTINGS

ROOT = Path(__file__).resolve().parent.parent

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_example_of_the_readme_holds(luf_tui: Run, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = readme.partition("```luf\n")[2].partition("```")[0]
    path = tmp_path / "example.luf"
    path.write_text(example, encoding="utf-8")
    done = luf_tui("check", path)

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_readme_tells_of_every_command(command: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert f"`luf-tui {command}" in readme or f"`{command}`" in readme


@pytest.mark.parametrize("word", sorted([*SETTINGS, *FLAGS, *PREDICATES, *KERNEL_ACTORS]))
def test_the_readme_tells_of_every_word_of_the_language(word: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert re.search(rf"`{word}\b|\b{word}\b[^`\n]*`", readme)
