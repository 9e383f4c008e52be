"""`luf-tui fmt`: one style, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui.errors import InputError
from luf_tui.script.format import format_text
from luf_tui.script.parse import parse
from tests.conftest import ROOT

SCENARIOS = sorted((ROOT / "scenarios").rglob("*.luf"))
UGLY = """\


machine cpus 3 ,dram 8   # small
process   app


file lib,   2 pages
app mmap   lib read-only as text
cpu1 run app
race
cpu1   read text.0 # here
end
note   Spaces   in a note stay.
"""


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_shipped_scenarios_are_formatted(path: Path) -> None:
    """What ships is in the one style."""
    text = path.read_text(encoding="utf-8")

    assert format_text(text) == text


def test_formatting_twice_changes_nothing() -> None:
    """The style is a fixed point."""
    once = format_text(UGLY)

    assert once == format_text(once)


def test_formatting_keeps_the_meaning() -> None:
    """The program is the same; only spans move."""
    before, after = parse(UGLY), parse(format_text(UGLY))

    assert before.config == after.config
    assert len(before.items) == len(after.items)


def test_comments_and_notes_survive() -> None:
    """Nothing a person wrote is lost."""
    text = format_text(UGLY)

    for said in ("# small", "# here", "Spaces   in a note stay."):
        assert said in text


def test_words_stand_in_columns() -> None:
    """The first word has a column, the comment another, a race is indented."""
    assert "machine  cpus 3, dram 8              # small" == format_text(UGLY).splitlines()[0]
    assert "  cpu1     read text.0               # here" in format_text(UGLY).splitlines()


def test_a_broken_line_is_told() -> None:
    """A file that cannot be read is not rewritten."""
    with pytest.raises(InputError, match="does not fit here"):
        format_text("cpu1 raed x\n")
