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
from luf_tui.script.verbs import verbs_by_actor
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


def table_of_verbs() -> str:
    """The verbs as their declarations have them."""
    rows = ["| who | the line | what it does |", "| --- | --- | --- |"]
    for actor, verbs in verbs_by_actor().items():
        for verb in verbs:
            who, usage = actor if verb is verbs[0] else "", verb.usage.replace("|", "\\|")
            rows.append(f"| {who} | `{usage}` | {verb.about} |")
    return "\n".join(rows)


def test_the_readme_has_the_table_of_verbs() -> None:
    """LUF_UPDATE_GOLDENS=1 writes it anew."""
    path = ROOT / "README.md"
    before, rest = path.read_text(encoding="utf-8").split("<!-- verbs -->\n")
    table, after = rest.split("\n<!-- end of the verbs -->")
    if os.environ.get("LUF_UPDATE_GOLDENS"):
        table = table_of_verbs()
        whole = f"{before}<!-- verbs -->\n{table}\n<!-- end of the verbs -->{after}"
        path.write_text(whole, encoding="utf-8")

    assert table_of_verbs() == table


def test_the_six_lines_of_the_readme_run_in_a_folder_of_ones_own(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = readme.partition("```python\n")[2].partition("```")[0]
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
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert f"`luf-tui {command}" in readme or f"`{command}`" in readme


@pytest.mark.parametrize("word", sorted([*SETTINGS, *FLAGS, *PREDICATES, *KERNEL_ACTORS]))
def test_the_readme_tells_of_every_word_of_the_language(word: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert re.search(rf"`{word}\b|\b{word}\b[^`\n]*`", readme)


def test_the_guards_that_random_programs_find_and_those_they_miss_are_all_there_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = readme.partition("Random programs alone")[2].partition("\n\n")[0]
    found, count = re.findall(r"find (\d+) of the (\d+) guards", told)[0]
    missed = re.findall(r"`([a-z-]+)`", told.partition("They did")[2])

    assert len(GUARDS) == int(count)
    assert set(missed) <= GUARDS.keys()
    assert len(GUARDS) == int(found) + len(set(missed))
