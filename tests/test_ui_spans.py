"""What is sent to a terminal for a step: the cells that differ, and no more."""

from __future__ import annotations

import re

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.strip import Strip

from luf_tui.runs import opening
from luf_tui.ui.app import LufApp
from luf_tui.ui.drawing.spans import NEAR, SHOWN_ON_BLANKS, _Spans, differing
from luf_tui.ui.screens.base_screen import BaseScreen
from luf_tui.view.columns import cells
from tests.bench.pty_session import HEIGHT, WIDTH
from tests.ui_driver import driven, screen_of

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
        ("a" + "." * (NEAR + 1) + "b", "x" + "." * (NEAR + 1) + "y", [(0, 1), (6, 7)]),
        ("a" + "." * (NEAR - 1) + "b", "x" + "." * (NEAR - 1) + "y", [(0, 5)]),
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


Look = tuple[frozenset[str], str, str]
"""Attributes, colour and ground."""
NEVER: Look = (frozenset(), "", "")


class Seen:
    """The characters on a terminal and how they look, from what was written to it."""

    def __init__(self) -> None:
        self.rows = [[(" ", NEVER)] * WIDTH for _ in range(HEIGHT)]
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
            elif code[0].endswith("G"):
                self.x = int(code[0][2:-1]) - 1
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
        look = (frozenset(self.attributes), self.colours["3"], self.colours["4"])
        for char in text:
            if char == "\r":
                self.x = 0
            elif char.isprintable() and self.x < WIDTH and self.y < HEIGHT:
                self.rows[self.y][self.x] = (char, look)
                self.x += cells(char)

    def picture(self) -> list[list[tuple[str, Look]]]:
        """What is to be seen: of a plain blank, its ground."""
        return [[(char, _visible(char, look)) for char, look in row] for row in self.rows]


def _visible(char: str, look: Look) -> Look:
    attributes, _, ground = look
    return look if char != " " or attributes & SHOWN_ON_BLANKS else (frozenset(), "", ground)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the app sends to its terminal, an update each."""
    updates: list[str] = []

    def display(app: LufApp, screen: BaseScreen, update: CompositorUpdate | None) -> None:
        if update is not None and not app._batch_count:
            updates.append(update.render_segments(app.console))

    monkeypatch.setattr(LufApp, "_display", display)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    return updates


RIGHT, DOWN, UP = ("right",), ("down",), ("up",)
PLACES = {
    "steps of a tour": ("tour/flush-before-reuse@36", "", RIGHT * 14),
    "the map": ("tour/flush-before-reuse@36", "M", RIGHT * 14),
    "steps of a recording": ("llm-excerpt@900", "right", RIGHT * 20),
    "the gallery": ("", "", DOWN * 11 + UP * 3),  # below is a recording: all is drawn anew
    "help": ("tour/flush-before-reuse@36", "question_mark", DOWN * 5),
    "guards": ("tour/flush-before-reuse@36", "g", DOWN * 5),
}
"""Where, after which key first, and the keys pressed."""


@pytest.mark.parametrize("place", PLACES)
@driven
async def test_a_key_sends_little_and_leaves_the_screen_as_it_is_drawn_anew(
    place: str, sent: list[str]
) -> None:
    word, first, keys = PLACES[place]
    where = opening.place(word) if word else None
    sizes, seen = [], Seen()
    app = LufApp(where.path, where.spot) if where else LufApp()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.press(*filter(None, [first]))
        await pilot.pause()
        seen.take("".join(sent))
        for key in keys:
            sent.clear()
            await pilot.press(key)
            await pilot.pause()
            told = "".join(sent)
            sizes.append(len(told.encode()))
            seen.take(told)
        sent.clear()
        screen_of(app).grid._repaint()
        await pilot.pause()
        anew = Seen()
        anew.take("".join(sent))

    assert anew.picture() == seen.picture()
    assert all(0 < size <= MOST for size in sizes), sizes
    assert sum(map(len, sent)) > MOST


GREEN = Style(bgcolor="green")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((("a", RED), ("b", BLUE), ("c", RED)), "<1;1H>a<3G>c<34m><1;2H>b"),
        ((("a", RED), ("  ", BLUE), ("c", RED)), "<1;1H>a  c"),
        ((("  ", BLUE), ("a", RED), ("b", BLUE)), "<1;1H>  a<34m><1;4H>b"),
        ((("a", RED), (" ", BLUE + GREEN), ("c", RED)), "<1;1H>a<3G>c<34;42m><1;2H> "),
        (
            (("a", RED), (" ", BLUE + Style(underline=True)), ("c", RED)),
            "<1;1H>a<3G>c<4;34m><1;2H> ",
        ),
        ((("漢", RED), ("b", BLUE), ("字", RED)), "<1;1H>漢<4G>字<34m><1;3H>b"),
    ],
)
def test_cells_are_sent_style_by_style_and_blanks_have_none_but_their_ground(
    parts: tuple[tuple[str, Style], ...], said: str
) -> None:
    drawn = strip(*parts)
    wide = drawn.cell_length
    console = Console(color_system="standard", force_terminal=True)
    told = _Spans([{0: drawn}], [(0, 0, wide)], [[wide]]).render_segments(console)

    assert f"<0;31;49m>{said}<0m>" == re.sub(r"\x1b\[([\d;]*[GHm])", r"<\1>", told)
