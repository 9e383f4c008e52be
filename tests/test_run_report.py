"""What `luf-tui run` says of each line: what the line did, and nothing of the lines behind it."""

from __future__ import annotations

import pytest

from luf_tui.commands.run import items, operation
from luf_tui.script.parse import parse
from luf_tui.script.program import Note, Op, Race
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.marks import ROLES
from tests.view_runs import NAMES, run

HEAD = """\
title Three lines
about Nothing to see.
machine cpus 2, dram 8
policy luf
process app
file lib, 1 page
app mmap lib read-only as text
"""


def told(text: str) -> dict[str, str]:
    """The result of every line, by its text."""
    return {line: result for _, line, result in items(record(parse(HEAD + text)))}


@pytest.mark.parametrize("name", NAMES)
def test_a_note_is_never_the_outcome_of_the_line_before_it(name: str) -> None:
    played: Timeline = run(name)
    notes = tuple(one.text for one in played.program.items if isinstance(one, Note))
    results = [
        operation(played, number)
        for number, one in enumerate(played.program.items)
        if isinstance(one, Op | Race)
    ]

    assert results
    assert [] == [result for result in results if notes and result.endswith(notes)]


def test_a_line_tells_what_it_did_though_a_note_and_an_expectation_follow() -> None:
    results = told("cpu0 run app\nnote So much for that.\nexpect no violation\n")

    assert results["cpu0 run app"].endswith("cpu0 now runs app.")
    assert "" == results["So much for that."]
    assert "holds" == results["expect no violation"]


def test_a_refusal_is_the_outcome_of_the_line_that_is_refused() -> None:
    results = told("cpu0 run app\ncpu1 online\n")
    fault = ROLES["fault"].glyph

    assert fault not in results["cpu0 run app"]
    assert results["cpu1 online"].startswith("refused: ")
