"""A run as one web page: every step, walked with the arrow keys, nothing to fetch."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape

from luf_tui.render.screen_sequence import Run, around, screens, telling
from luf_tui.render.strokes import CHAR, LINE, Strokes
from luf_tui.render.strokes import parts as drawn_parts
from luf_tui.render.svg import FONT
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.marks import ROLES, clean
from luf_tui.view.palette import PALETTES, Ink, Palette
from luf_tui.view.screen import MAP
from luf_tui.view.state import OPENED, ViewState

DECLARED = {
    "bold": "font-weight:bold",
    "italic": "font-style:italic",
    "underline": "text-decoration:underline",
}
"""Attributes in CSS; what is dim has a colour of its own, and reverse needs the palette."""

SCRIPT = """\
"use strict";
const run = JSON.parse(document.getElementById("run").textContent);
const screen_ = document.getElementById("screen");
const place = document.getElementById("place");
const said = document.getElementById("said");
const last = run.first + run.shown.length - 1;
const whole = run.first === 0 && last === run.steps;
let here = run.here;
function line(number) {
  return run.rows[number].map((piece) => run.pieces[piece]).join("");
}
function show(step) {
  here = Math.min(Math.max(step, run.first), last);
  screen_.innerHTML = run.shown[here - run.first].map(line).join("\\n");
  place.value = here;
  const rest = whole ? "" : ", here from " + run.first + " to " + last;
  said.textContent = "step " + here + "/" + run.steps + rest;
  history.replaceState(null, "", "#" + here);
}
const moves = {
  start: () => run.first,
  end: () => last,
  back: () => here - 1,
  on: () => here + 1,
  next: () => run.telling.find((step) => step > here) ?? here,
  before: () => run.telling.findLast((step) => step < here) ?? here,
};
const keys = {
  ArrowLeft: "back", ArrowRight: "on", Home: "start", End: "end", n: "next", N: "before",
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  show(moves[keys[event.key]]());
});
for (const button of document.querySelectorAll("button")) {
  button.addEventListener("click", () => show(moves[button.dataset.to]()));
}
place.addEventListener("input", () => show(Number(place.value)));
function linked() {
  const step = /^#\\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : run.here;
  show(step);
}
window.addEventListener("hashchange", linked);
linked();
"""


def html(
    timeline: Timeline, width: int, height: int, theme: str = "dark", state: ViewState = OPENED
) -> str:
    """All steps of the run, opening at the timeline's position; a long run's steps around it.

    Rows that look alike are stored once, and so are pieces of rows, which keeps a page of hundreds
    of steps small.
    """
    steps = around(timeline)
    pieces: dict[str, int] = {}
    rows: dict[tuple[int, ...], int] = {}
    written = _drawn if state.group == MAP else _run
    shown = [
        [rows.setdefault(_row(row, pieces, written), len(rows)) for row in screen]
        for screen in screens(timeline, steps, width, height, state)
    ]
    here = timeline.position
    parts, table = list(pieces), list(rows)
    first = "\n".join(
        "".join(parts[piece] for piece in table[number]) for number in shown[here - steps.start]
    )
    title = escape(clean(timeline.program.title) or "luf-tui")
    data = {
        "first": steps.start,
        "here": here,
        "steps": timeline.steps,
        "pieces": parts,
        "rows": table,
        "shown": shown,
        "telling": telling(timeline, steps),
    }
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
{_page_style(PALETTES[theme])}
</style>
</head>
<body>
<main>
<pre id="screen" tabindex="0" aria-label="the screen of luf-tui">{first}</pre>
<nav aria-label="steps">
<button data-to="start" title="start (Home)">⇤</button>
<button data-to="before" title="telling event before (N)">◂◆</button>
<button data-to="back" title="step back (←)">◂</button>
<input id="place" type="range" min="{steps.start}" max="{steps[-1]}" value="{here}"
 aria-label="step">
<button data-to="on" title="step (→)">▸</button>
<button data-to="next" title="next telling event (n)">◆▸</button>
<button data-to="end" title="end (End)">⇥</button>
<output id="said">{_place(timeline, steps)}</output>
</nav>
<noscript><p>The other steps of this page need JavaScript.</p></noscript>
</main>
<script type="application/json" id="run">{_data(data)}</script>
<script>
{SCRIPT}</script>
</body>
</html>
"""


def _place(timeline: Timeline, steps: range) -> str:
    """Where the page opens, and what it leaves out."""
    place = f"step {timeline.position}/{timeline.steps}"
    whole = len(steps) == timeline.steps + 1
    return place if whole else f"{place}, here from {steps.start} to {steps[-1]}"


def _row(
    row: list[Run], pieces: dict[str, int], written: Callable[[str, str], str]
) -> tuple[int, ...]:
    """The row as numbers of its pieces; new ones are added."""
    return tuple(pieces.setdefault(written(text, role), len(pieces)) for text, role in row)


def _drawn(text: str, role: str) -> str:
    """A run whose lines are drawn: fonts leave gaps between them."""
    return "".join(
        _lines(part, role) if lines else _run(part, role) for lines, part in drawn_parts(text)
    )


def _lines(text: str, role: str) -> str:
    """Lines as a picture of so many characters' size, in the colour of its role."""
    strokes = Strokes()
    strokes.add(text, 0.0, 0.0, "currentColor")
    box = f'viewBox="0 0 {len(text) * CHAR:.1f} {LINE:g}" preserveAspectRatio="none"'
    style = f'style="width:{len(text)}ch"'
    return f'<svg class="{escape(role)}" {box} {style}>{"".join(strokes.elements())}</svg>'


def _run(text: str, role: str) -> str:
    shown = escape(text, quote=False)
    return shown if role == "text" else f'<span class="{escape(role)}">{shown}</span>'


def _data(value: object) -> str:
    """JSON that no text in it can end early."""
    said = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return said.replace("<", "\\u003c")


def _page_style(palette: Palette) -> str:
    """The style sheet of a theme: the page, and a class a role."""
    rules = [
        f":root{{color-scheme:{palette.ground}}}",
        f"body{{margin:0;background:{palette.background};color:{palette.text}}}",
        "main{width:max-content;margin:0 auto;padding:12px}",
        f"pre{{margin:0;outline:0;font:14px/16px {FONT}}}",
        "pre svg{height:16px;vertical-align:top}",
        "nav{display:flex;gap:6px;align-items:center;padding:10px 0;font:14px sans-serif}",
        "button{background:none;border-radius:4px;padding:2px 8px;cursor:pointer}",
        f"button{{border:1px solid {palette.frame};color:{palette.text}}}",
        f"input{{flex:1;accent-color:{palette.accent}}}",
    ]
    inks = palette.inks()
    rules += [_rule(role, inks[role]) for role in ROLES if role != "text"]
    return "\n".join(rules)


def _rule(role: str, one: Ink) -> str:
    parts = [f"color:{one.colour}"]
    if one.reverse:
        parts = [f"color:{one.ground}", f"background:{one.colour}"]
    parts += [DECLARED[name] for name in one.attributes if name in DECLARED]
    return f".{role}{{{';'.join(parts)}}}"
