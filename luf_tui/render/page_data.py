"""What a page of a run knows: its screens as changes from step to step, and where keys lead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from itertools import pairwise
from typing import Any, Final

from attrs import define, field

from luf_tui.machine.refs import Ref
from luf_tui.render.screen_sequence import marked, telling
from luf_tui.render.strokes import CHAR, LINE, Strokes, parts
from luf_tui.timeline.answers import Link
from luf_tui.timeline.ask.failing import troubles
from luf_tui.timeline.ask.why import why_step
from luf_tui.timeline.navigate import moves
from luf_tui.timeline.script_lines import to_line
from luf_tui.timeline.tell.narrate import narrate
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import cells
from luf_tui.view.marks import ACTION, Mark, Row, clean
from luf_tui.view.screen import MAP
from luf_tui.view.state import OPENED, ViewState

KEYS: Final = (
    ("forward", ("ArrowRight",), "→", "One micro-step on"),
    ("back", ("ArrowLeft",), "←", "One micro-step back"),
    ("next-event", ("Shift+ArrowRight", "."), "⇧→ .", "To the next micro-step with an event"),
    ("previous-event", ("Shift+ArrowLeft", ","), "⇧← ,", "To the one before with an event"),
    ("next-line", ("ArrowDown", "j"), "↓ j", "To the end of this script line, or the next one"),
    ("previous-line", ("ArrowUp", "k"), "↑ k", "To the end of the script line before"),
    ("forward-ten", (">",), ">", "Ten micro-steps on"),
    ("back-ten", ("<",), "<", "Ten micro-steps back"),
    ("start", ("Home",), "home", "To the first step of this page"),
    ("end", ("End",), "end", "To its last step"),
    ("next-match", ("n",), "n", "To the next telling event"),
    ("previous-match", ("N",), "N", "To the telling event before"),
    ("next-finding", ("]",), "]", "To the next finding of the oracle"),
    ("previous-finding", ("[",), "[", "To the finding before"),
    ("goto", (":",), ":", "Go to a step (21, +5, -5) or a script line (L12)"),
    ("jump-back", ("Backspace",), "⌫", "Back to where the last jump came from"),
    ("play", (" ",), "space", "Play, or pause"),
    ("faster", ("+", "="), "+ =", "Play faster"),
    ("slower", ("-",), "-", "Play slower"),
    ("why", ("w",), "w", "Why is this so: the chain of causes"),
    ("unselect", ("Escape",), "esc", "Select nothing; close the answer"),
    ("theme", ("t",), "t", "Next theme"),
    ("help", ("?", "F1"), "?", "All keys, and what the glyphs mean"),
)
"""Actions of the app that a page has: name, keys as browsers call them, as they are shown, and what
they do. Only what differs in a page is worded for it.
"""
DOES: Final = frozenset(name for name, *_ in KEYS)
NOT_SURE: Final = re.compile(r"[^\x00-\x7f\u00b7\u2013\u2026\u2212\u2500-\u259f]")
"""Characters that fonts of one width often lack; those of another font are held to their cells."""


@define
class _Numbered:
    """Things by number, each once, in the order they came."""

    known: dict[Any, int] = field(factory=dict)

    def number(self, thing: object) -> int:
        """The number of a thing; a new one is added."""
        return self.known.setdefault(thing, len(self.known))

    @property
    def all(self) -> list[Any]:
        """Every thing, by number."""
        return list(self.known)


class Page:
    """The steps of a run as a page holds them."""

    def __init__(
        self, timeline: Timeline, steps: range, width: int, height: int, state: ViewState = OPENED
    ) -> None:
        self._timeline, self._steps = timeline, steps
        self._written = drawn if state.group == MAP else held
        self._pieces, self._rows, self._texts = _Numbered(), _Numbered(), _Numbered()
        self._links, self._things = _Numbered(), _Numbered()
        self._lines: dict[int, int] = {}
        self.shown = [
            [self._row(row) for row in screen]
            for screen in marked(timeline, steps, width, height, state)
        ]

    @property
    def first_screen(self) -> list[str]:
        """The rows of the screen where the page opens."""
        pieces, rows = self._written_pieces(), self._rows.all
        here = self.shown[self._timeline.position - self._steps.start]
        return ["".join(pieces[piece] for piece in rows[row]) for row in here]

    def data(self) -> dict[str, Any]:
        """All that the page's script reads."""
        timeline, steps = self._timeline, self._steps
        told = [(timeline.line_at(step), self._text(narrate(timeline, step))) for step in steps]
        why = [[self._link(one) for one in why_step(timeline, step)[0]] for step in steps]
        return {
            "first": steps.start,
            "here": timeline.position,
            "steps": timeline.steps,
            "pieces": self._written_pieces(),
            "rows": self._rows.all,
            "start": self.shown[0],
            "changed": [_changed(one, other) for one, other in pairwise(self.shown)],
            "told": told,
            "why": why,
            "links": self._links.all,
            "texts": self._texts.all,
            "lines": {line: step for line, step in self._lines.items() if step in steps},
            "events": [step for step in steps if timeline.events_of(step)],
            "items": [step for step in moves.item_ends(timeline) if step in steps],
            "telling": telling(timeline, steps),
            "findings": sorted({at for at in troubles(timeline) if at in steps}),
            "keys": {key: name for name, keys, _, _ in KEYS for key in keys},
        }

    def _row(self, row: Row) -> int:
        found: list[tuple[str, str, str]] = []
        for mark in row:
            about = self._about(mark)
            if found and found[-1][1:] == (mark.role, about):
                found[-1] = (found[-1][0] + mark.text, mark.role, about)
            elif mark.text:
                found.append((mark.text, mark.role, about))
        return self._rows.number(tuple(self._pieces.number(one) for one in found))

    def _written_pieces(self) -> list[str]:
        """Every piece as HTML: most stand in many screens and are written once."""
        return [_piece(self._written(text), role, about) for text, role, about in self._pieces.all]

    def _about(self, mark: Mark) -> str:
        """What a mark stands for: a place to go to, or a thing that has other marks, too."""
        ref = mark.ref
        if ref is None:
            return ""
        if ref.region == ACTION:
            return f' data-does="{escape(ref.field)}"' if ref.field in DOES else ""
        if ref.region not in ("line", "step"):
            return f' data-is="{self._things.number(ref)}"'
        step = ref.index if ref.region == "step" else self._line(ref)
        return f' data-to="{step}"' if step in self._steps else ""

    def _line(self, ref: Ref) -> int:
        if ref.index not in self._lines:
            self._lines[ref.index] = to_line(self._timeline, ref.index)
        return self._lines[ref.index]

    def _text(self, text: str) -> int:
        return self._texts.number(clean(text))

    def _link(self, link: Link) -> int:
        return self._links.number((link.step, self._text(link.text)))


def _changed(before: list[int], after: list[int]) -> list[int]:
    """The rows that differ: where, and which row stands there now, in turns."""
    return [
        number
        for at, (old, new) in enumerate(zip(before, after, strict=True))
        if old != new
        for number in (at, new)
    ]


def _piece(shown: str, role: str, about: str) -> str:
    if role == "text" and not about:
        return shown
    return f'<span class="{escape(role)}"{about}>{shown}</span>'


def held(text: str) -> str:
    """A text as HTML, what a font may lack in boxes as wide as its cells."""
    return NOT_SURE.sub(_boxed, escape(text, quote=False))


def drawn(text: str) -> str:
    """The same, its lines drawn: fonts leave gaps between them."""
    return "".join(_lines(part) if lines else held(part) for lines, part in parts(text))


def _lines(text: str) -> str:
    """Lines as a picture of so many characters' size, in the colour they stand in."""
    strokes = Strokes()
    strokes.add(text, 0.0, 0.0, "currentColor")
    box = f'viewBox="0 0 {len(text) * CHAR:.1f} {LINE:g}" preserveAspectRatio="none"'
    return f'<svg {box} style="width:{len(text)}ch">{"".join(strokes.elements())}</svg>'


def _boxed(found: re.Match[str]) -> str:
    char = found[0]
    wide = cells(char)
    if not wide:
        return char
    return f'<i class="wide">{char}</i>' if wide > 1 else f"<i>{char}</i>"


def as_json(value: object) -> str:
    """JSON that no text in it can end early."""
    said = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return said.replace("<", "\\u003c")


def texts(rows: Iterable[Row]) -> list[str]:
    """Rows as HTML, each mark in the class of its role."""
    return ["".join(_piece(held(mark.text), mark.role, "") for mark in row) for row in rows]
