"""What `luf-tui run` says of each line: what the line did, and nothing of the lines behind it."""

from __future__ import annotations

import pytest

from luf_tui.commands.run import items, operation, report
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
    played = record(parse(HEAD + text))
    return {line: result for _, line, result in items(played, played.steps)}


@pytest.mark.parametrize("name", NAMES)
def test_a_note_is_never_the_outcome_of_the_line_before_it(name: str) -> None:
    played: Timeline = run(name)
    notes = tuple(one.text for one in played.program.items if isinstance(one, Note))
    results = [
        operation(played, number, played.steps)
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


def test_a_report_up_to_a_place_has_what_was_reached_by_then() -> None:
    played: Timeline = run(NAMES[0])
    whole, part = report(played, played.steps), report(played, 30)
    before = [line for line, _, _ in items(played, 30)]

    assert before == [line for line, _, _ in items(played, played.steps)][: len(before)]
    assert len(part) < len(whole)
    assert f"at step 30 of {played.steps}; what follows is up to there" in part
    assert any(row.startswith("30 micro-steps, ") for row in part)
    assert played.owed(30) == 1 != played.owed(played.steps)
    assert any(row.startswith("flushes owed 1, ") for row in part)
    assert not any("what follows is up to there" in row for row in whole)
    assert any(
        row.startswith(f"{played.steps} micro-steps, {len(played.events)} ") for row in whole
    )
