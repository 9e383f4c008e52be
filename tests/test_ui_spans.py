"""What is sent to a terminal for a step: the cells that differ, and no more."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from luf_tui.ui.drawing.spans import NEAR, differing
from luf_tui.view.columns import cells
from tests.bench.pty_session import HEIGHT, WIDTH, Terminal

RED, BLUE = Style(color="red"), Style(color="blue")
MOVE = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>78]|\x1b\][^\x07]*\x07|\n")
ENDS = {"22": {"1", "2"}, "23": {"3"}, "24": {"4"}, "25": {"5"}, "27": {"7"}, "29": {"9"}}
"""What each code of ECMA-48 ends."""
MOST = 4096
"""Bytes of an ordinary step."""


def strip(*parts: tuple[str, Style]) -> Strip:
    return Strip([Segment(text, style) for text, style in parts])


@pytest.mark.parametrize(
    ("old", "new", "spans"),
    [
        ("abc", "abc", []),
        ("abc", "abd", [(2, 3)]),
        ("a" + "." * (NEAR + 1) + "b", "x" + "." * (NEAR + 1) + "y", [(0, 1), (10, 11)]),
        ("a" + "." * (NEAR - 1) + "b", "x" + "." * (NEAR - 1) + "y", [(0, 9)]),
        ("漢字", "漢名", [(2, 4)]),
        ("a漢b", "a..b", [(1, 3)]),
        ("..b", "漢b", [(0, 2)]),
    ],
)
def test_differences_are_found_by_cell(old: str, new: str, spans: list[tuple[int, int]]) -> None:
    assert spans == differing(strip((old, RED)), strip((new, RED)))


def test_a_style_is_a_difference_too() -> None:
    assert [(1, 3)] == differing(strip(("abcd", RED)), strip(("a", RED), ("bc", BLUE), ("d", RED)))
    assert [] == differing(strip(("abcd", RED)), strip(("ab", RED), ("cd", RED)))


class Seen:
    """The characters on a terminal and how they look, from what was written to it."""

    def __init__(self) -> None:
        self.rows = [[(" ", "")] * WIDTH for _ in range(HEIGHT)]
        self.x = self.y = 0
        self.attributes: set[str] = set()
        self.colours = {"3": "39", "4": "49"}

    def take(self, written: str) -> None:
        at = 0
        for code in MOVE.finditer(written):
            self._put(written[at : code.start()])
            at = code.end()
            if code[1]:
                self.y, self.x = int(code[1]) - 1, int(code[2]) - 1
            elif code[0] == "\n":
                self.y += 1
            elif code[0] == "\x1b[H":
                self.x = self.y = 0
            elif code[0].endswith("m") and "?" not in code[0] and ">" not in code[0]:
                self._look(code[0][2:-1])
        self._put(written[at:])

    def _look(self, said: str) -> None:
        codes = iter(said.split(";"))
        for code in codes:
            if code in ("", "0"):
                self.attributes, self.colours = set(), {"3": "39", "4": "49"}
            elif code in ("38", "48"):
                self.colours[code[0]] = ";".join([code, *(next(codes) for _ in range(4))])
            elif code in ("39", "49"):
                self.colours[code[0]] = code
            elif code in ENDS:
                self.attributes -= ENDS[code]
            else:
                self.attributes.add(code)

    def _put(self, text: str) -> None:
        look = ";".join((*sorted(self.attributes), *self.colours.values()))
        for char in text:
            if char == "\r":
                self.x = 0
            elif char.isprintable() and self.x < WIDTH and self.y < HEIGHT:
                self.rows[self.y][self.x] = (char, look)
                self.x += cells(char)


def test_a_step_sends_little_and_leaves_the_screen_as_it_is_drawn_anew(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "luf_tui"]
    steps, sizes, seen = 14, [], Seen()
    with Terminal([*command, "tour/flush-before-reuse@36"], str(tmp_path)) as terminal:
        seen.take(terminal.written("lanes"))
        for _ in range(steps):
            terminal.press(b"\x1b[C")
            told = terminal.written()
            sizes.append(len(told.encode()))
            seen.take(told)
    anew = Seen()
    with Terminal([*command, f"tour/flush-before-reuse@{36 + steps}"], str(tmp_path)) as terminal:
        anew.take(terminal.written("lanes"))

    assert anew.rows == seen.rows
    assert all(0 < size <= MOST for size in sizes), sizes
