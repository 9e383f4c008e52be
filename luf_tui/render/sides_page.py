"""Two runs side by side without a terminal: a screen as lines, or a page to walk by line."""

from __future__ import annotations

from html import escape
from typing import Final

from luf_tui.render.html import head, style
from luf_tui.render.page_data import as_json, texts
from luf_tui.timeline.navigate import moves
from luf_tui.timeline.navigate.alignment import Sides, differences_at
from luf_tui.view.marks import DIFFERS, ROLES, clean
from luf_tui.view.sides import Names, rows

SCRIPT: Final = """\
"use strict";
const run = JSON.parse(document.getElementById("run").textContent);
const screen_ = document.getElementById("screen");
const place = document.getElementById("place");
const said = document.getElementById("said");
const last = run.places.length - 1;
let here = run.here;
function show(number) {
  here = Math.min(Math.max(number, 0), last);
  screen_.innerHTML = run.places[here].map((row) => "<span>" + run.rows[row] + "</span>").join("");
  place.value = here;
  said.textContent = "place " + here + "/" + last;
  history.replaceState(null, "", "#" + here);
}
const moves = {
  start: () => 0,
  end: () => last,
  back: () => here - 1,
  on: () => here + 1,
  next: () => run.differing.find((number) => number > here) ?? here,
  before: () => run.differing.findLast((number) => number < here) ?? here,
};
const keys = {
  ArrowLeft: "back", ArrowUp: "back", ArrowRight: "on", ArrowDown: "on", Home: "start",
  End: "end", n: "next", N: "before",
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
  show(/^#\\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : run.here);
}
window.addEventListener("hashchange", linked);
linked();
"""
BUTTONS: Final = (
    ("start", "⇤", "start (home)"),
    ("before", "◂≠", "difference before (N)"),
    ("back", "◂", "place before (←)"),
    ("on", "▸", "next place (→)"),
    ("next", "≠▸", "next difference (n)"),
    ("end", "⇥", "end (end)"),
)


def lines(sides: Sides, names: Names, position: int, width: int, height: int) -> list[str]:
    """The screen at a position of the left run, without colour."""
    shown = rows(sides, names, position, width, height)
    return ["".join(mark.text for mark in row).rstrip() for row in shown]


def walked(
    sides: Sides, names: Names, position: int, width: int, height: int, theme: str = ""
) -> str:
    """A page with the ends of all lines and the places where the two begin to differ, which opens
    at a position; nothing in it is fetched. Without a theme it follows the reader's system.
    """
    differing = set(differences_at(sides))
    places = sorted({*moves.item_ends(sides.left), *differing, position})
    known: dict[str, int] = {}
    shown = [
        [known.setdefault(row, len(known)) for row in texts(rows(sides, names, at, width, height))]
        for at in places
    ]
    here = places.index(position)
    data = {
        "rows": list(known),
        "places": shown,
        "differing": [number for number, at in enumerate(places) if at in differing],
        "here": here,
    }
    told = list(known)
    first = "".join(f"<span>{told[row]}</span>" for row in shown[here])
    title = escape(clean(f"{names.left} beside {names.right}: {sides.left.program.title}"))
    css = f"{style(width, height)}\n{''.join(_lit(role) for role in ROLES if role != DIFFERS)}"
    return f"""\
{head(title, theme, css)}<body>
<h1 class="unseen">{title}</h1>
<main>
<section id="view" aria-label="both sides">
<pre id="screen" tabindex="0">{first}</pre>
</section>
<nav aria-label="places">
{"".join(_button(*one) for one in BUTTONS)}
<input id="place" type="range" min="0" max="{len(places) - 1}" value="{here}" aria-label="place">
<output id="said">place {here}/{len(places) - 1}</output>
</nav>
<noscript><p>The other places of this page need JavaScript.</p></noscript>
</main>
<script type="application/json" id="run">{as_json(data)}</script>
<script>
{SCRIPT}</script>
</body>
</html>
"""


def _button(move: str, sign: str, title: str) -> str:
    return f'<button data-to="{move}" title="{title}" aria-label="{title}">{sign}</button>\n'


def _lit(role: str) -> str:
    """How a mark looks that only one side has: in its own colour, reversed."""
    return f".{role}.{DIFFERS}{{color:var(--ground);background:var(--{role})}}"
