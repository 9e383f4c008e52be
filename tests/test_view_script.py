"""The script pane where it is narrow: code and prose are wrapped, comments give way."""

from __future__ import annotations

import pytest

from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import length
from luf_tui.view.marks import Row
from luf_tui.view.panes import script
from luf_tui.view.state import ViewState

TEXT = """\
title    Narrow
about    What a reader should know before the first step, in more words than fit.
machine  cpus 3, dram 8, pcp-batch 1, pcp-high 2, max-order 0
process  app
file     lib, 4 pages
app      mmap lib read-only as text
cpu1     run app
cpu1     read text.0          # a fault, short
kswapd   reclaim text.0 text.1 text.2 text.3
cpu1     read text.0          # a comment far too long to stand beside anything at all
cpu1     read text.1
"""


def plain(row: Row) -> str:
    return "".join(mark.text for mark in row)


@pytest.fixture(scope="module")
def run() -> Timeline:
    return record(parse(TEXT), "luf", [])


def shown(run: Timeline, width: int, line: int = 0) -> list[str]:
    positions = [p for p in range(run.steps + 1) if not line or run.line_at(p) == line]
    run.seek(positions[0])
    pane = script.build(run, ViewState(), width, 40)
    assert all(length(row) <= width for row in pane.rows)
    return [plain(row).rstrip() for row in pane.rows]


@pytest.mark.parametrize("width", [30, 40, 56, 100])
def test_every_word_of_the_code_is_there_at_any_width(run: Timeline, width: int) -> None:
    words = " ".join(shown(run, width)).split()
    code = [line.partition(" #")[0] for line in TEXT.splitlines()]

    assert not [word for line in code for word in line.split() if word not in words]
    assert not [word for word in words if word.endswith("…")]


def test_a_comment_is_whole_or_not_there(run: Timeline) -> None:
    rows = "\n".join(shown(run, 56))

    assert "8 cpu1     read text.0          # a fault, short" in rows
    assert "# a comment" not in rows


def test_the_comment_of_the_current_line_is_shown_below_it(run: Timeline) -> None:
    rows = shown(run, 40, line=10)
    at = next(n for n, row in enumerate(rows) if "▶" in row and "10" in row)

    assert "# a comment far too long" == rows[at + 1].strip()
    assert "to stand beside anything" == rows[at + 2].strip()
