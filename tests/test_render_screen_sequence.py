"""The formats that move: a recording plays back, and a page holds, the screens of the run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from luf_tui.render import screen_sequence
from luf_tui.render.formats import export
from luf_tui.render.text import lines
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import cells
from tests.render_runs import hostile, tour

SIZE = (120, 40)
SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")


class Terminal:
    """As much of a terminal as a recording needs: clear, move to a place, write."""

    def __init__(self, width: int, height: int) -> None:
        self.cells = [[" "] * width for _ in range(height)]
        self.row = self.column = 0

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            found = SEQUENCE.match(text, at)
            if found is None:
                self.write(text[at])
                at += 1
                continue
            self.obey(*found.groups())
            at = found.end()

    def write(self, char: str) -> None:
        """A wide character leaves nothing in its second cell; an accent joins the one before."""
        row, wide = self.cells[self.row], cells(char)
        if wide == 0:
            row[self.column - 1] += char
            return
        assert self.column + wide <= len(row)
        row[self.column : self.column + wide] = [char, ""][:wide]
        self.column += wide

    def obey(self, arguments: str, command: str) -> None:
        if command == "H":
            self.row, self.column = (int(word) - 1 for word in arguments.split(";"))
        elif command == "J":
            self.cells = [[" "] * len(row) for row in self.cells]
        else:
            assert (command, arguments) in {("h", "?25"), ("l", "?25")} or command == "m"

    @property
    def rows(self) -> list[str]:
        return ["".join(row) for row in self.cells]


@pytest.mark.parametrize("make", [tour, hostile])
def test_a_recording_played_back_shows_every_screen(make: Callable[[], Timeline]) -> None:
    run: Timeline = make()
    head, *events = map(json.loads, export(run, run.steps, "cast", *SIZE).splitlines())
    terminal = Terminal(head["width"], head["height"])
    shown = [data for _, code, data in events if code == "o"]

    assert run.steps + 2 == len(shown)
    for step, data in enumerate(shown[:-1]):
        terminal.feed(data)
        run.seek(step)
        assert lines(run, *SIZE) == [row.rstrip() for row in terminal.rows]
        assert {head["width"]} == {cells(row) for row in terminal.rows}


def test_a_recording_says_what_it_is_and_has_no_date() -> None:
    head = json.loads(export(tour(), 5, "cast", *SIZE).splitlines()[0])

    expected = {"version": 2, "width": 120, "height": 40, "title": "Flush before reuse"}
    assert expected == head


def test_the_times_of_a_recording_rise_and_its_telling_steps_are_markers() -> None:
    run = tour()
    events = [json.loads(one) for one in export(run, run.steps, "cast", *SIZE).splitlines()[1:]]
    times = [time for time, _, _ in events]
    markers = [label for _, code, label in events if code == "m"]

    assert sorted(times) == times
    assert len(screen_sequence.telling(run, range(run.steps + 1))) == len(markers)
    assert all(markers)


def page_of(run: Timeline, step: int) -> tuple[str, dict[str, Any]]:
    text = export(run, step, "html", *SIZE)
    found = re.search(r'<script type="application/json" id="run">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return text, json.loads(found[1])


def plain(row: str) -> str:
    return unescape(re.sub("<[^>]*>", "", row)).rstrip()


def screens_of(data: dict[str, Any]) -> list[list[str]]:
    """The screens of a page's data, as its script puts them together."""
    rows, pieces = data["rows"], data["pieces"]
    shown = [data["start"]]
    for changed in data["changed"]:
        shown.append(list(shown[-1]))
        for at, row in zip(changed[::2], changed[1::2], strict=True):
            shown[-1][at] = row
    return [["".join(pieces[piece] for piece in rows[row]) for row in screen] for screen in shown]


@pytest.mark.parametrize("make", [tour, hostile])
def test_a_page_holds_every_screen(make: Callable[[], Timeline]) -> None:
    run: Timeline = make()
    _, data = page_of(run, 3)

    shown = screens_of(data)
    assert run.steps + 1 == len(shown)
    for step in range(run.steps + 1):
        run.seek(step)
        assert lines(run, *SIZE) == [plain(row) for row in shown[step]]


def test_a_page_shows_its_first_screen_without_its_script() -> None:
    run = tour()
    text, data = page_of(run, 37)
    found = re.search(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL)

    run.seek(37)
    assert found is not None
    first = found[1].removeprefix("<span>").removesuffix("</span>").split("</span><span>")
    assert lines(run, *SIZE) == [plain(row) for row in first]
    assert 37 == data["here"]
    assert "step 37/71, line 25</output>" in text


def test_a_page_fetches_nothing() -> None:
    text, _ = page_of(tour(), 0)

    assert not re.search(r"https?:|\bsrc=|\bhref=|@import|url\(", text)


def test_no_text_of_a_file_becomes_an_element_or_ends_the_data_of_a_page() -> None:
    text, _ = page_of(hostile(), 0)

    assert 2 == text.count("</script>")
    assert "<b>" not in text
    assert "<script>alert" not in text


def test_a_page_says_which_steps_of_a_long_run_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    run = tour()
    few = screen_sequence.around
    monkeypatch.setattr("luf_tui.render.html.around", lambda one: few(one, 10))
    text, data = page_of(run, 30)

    assert "This page has steps 25 to 34 of 71" in text
    assert (25, 9) == (data["first"], len(data["changed"]))
