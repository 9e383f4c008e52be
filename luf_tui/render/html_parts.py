"""The parts of the web page that are the same for every run: its style and its script."""

from __future__ import annotations

from luf_tui.render.ink import FONT, Ink, inks
from luf_tui.view.palette import Palette

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


def page_style(palette: Palette) -> str:
    """The style sheet of a theme: the page, and a class a role."""
    rules = [
        f":root{{color-scheme:{palette.ground}}}",
        f"body{{margin:0;background:{palette.background};color:{palette.text}}}",
        "main{width:max-content;margin:0 auto;padding:12px}",
        f"pre{{margin:0;outline:0;font:14px/16px {FONT}}}",
        "nav{display:flex;gap:6px;align-items:center;padding:10px 0;font:14px sans-serif}",
        "button{background:none;border-radius:4px;padding:2px 8px;cursor:pointer}",
        f"button{{border:1px solid {palette.frame};color:{palette.text}}}",
        f"input{{flex:1;accent-color:{palette.accent}}}",
    ]
    rules += [_rule(role, one, palette) for role, one in inks(palette).items() if role != "text"]
    return "\n".join(rules)


def _rule(role: str, one: Ink, palette: Palette) -> str:
    parts = [f"color:{one.colour}"]
    if "reverse" in one.attributes:
        parts = [f"color:{palette.background}", f"background:{one.colour}"]
    parts += [DECLARED[name] for name in one.attributes if name in DECLARED]
    return f".{role}{{{';'.join(parts)}}}"
