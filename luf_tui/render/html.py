"""A run as one web page: every step, walked with the keys of the app, nothing to fetch."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final

from luf_tui.render.page_data import KEYS, Page, as_json, held, texts
from luf_tui.render.screen_sequence import around
from luf_tui.render.svg import FONT
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.legend import legend
from luf_tui.view.marks import ROLES, clean
from luf_tui.view.palette import PALETTES, Palette
from luf_tui.view.state import OPENED, ViewState

LARGEST: Final = 6_000_000
"""Characters of data in one page: a browser opens it in a moment, and mail takes it."""
STYLE: Final = Path(__file__).with_name("page.css")
SCRIPT: Final = Path(__file__).with_name("page.js")
DECLARED: Final = {
    "bold": "font-weight:bold",
    "italic": "font-style:italic",
    "underline": "text-decoration:underline",
}
"""Attributes in CSS; what is dim has a colour of its own, and reverse needs the ground."""
SYSTEM: Final = "as my system"
BUTTONS: Final = (
    ("start", "⇤", "start (home)"),
    ("previous-match", "◂◆", "telling event before (N)"),
    ("back", "◂", "step back (←)"),
    ("forward", "▸", "step (→)"),
    ("next-match", "◆▸", "next telling event (n)"),
    ("end", "⇥", "end (end)"),
    ("play", "play", "play or pause (space)"),
)


def html(
    timeline: Timeline, width: int, height: int, theme: str = "", state: ViewState = OPENED
) -> str:
    """All steps of the run, opening at the timeline's position; a long run's steps around it.

    Without a theme the page follows the reader's system. Steps, rows and texts that are alike are
    stored once, and a page of more than LARGEST characters has fewer steps, which it says.
    """
    steps = around(timeline)
    page, data = _filled(timeline, steps, width, height, state)
    while len(data) > LARGEST and len(steps) > 1:
        steps = around(timeline, len(steps) // 2)
        page, data = _filled(timeline, steps, width, height, state)
    title = escape(clean(timeline.program.title) or "luf-tui")
    rows = "".join(f"<span>{row}</span>" for row in page.first_screen)
    here = timeline.position
    return f"""\
{head(title, theme, style(width, height))}<body>
<h1 class="unseen">{title}: a run of {timeline.steps} micro-steps</h1>
<main>
<section id="view" aria-label="screen">
<pre id="screen" tabindex="0" aria-describedby="spoken">{rows}</pre>
</section>
<nav aria-label="steps">
{"".join(_button(*one) for one in BUTTONS)}
<input id="place" type="range" min="{steps.start}" max="{steps[-1]}" value="{here}"
 aria-label="step">
<output id="said">{_place(timeline)}</output>
<input id="goto" type="text" placeholder="21, L12" aria-label="go to a step or script line (:)">
<button data-does="why" id="ask" title="why (w)" aria-expanded="false"
 aria-controls="why">why</button>
<button data-does="help" title="keys and glyphs (?)" aria-haspopup="dialog">?</button>
<select id="theme" aria-label="theme (t)">{_themes(theme)}</select>
</nav>
{_rest(timeline, steps)}<p id="spoken" class="unseen" role="status" aria-live="polite"></p>
<section id="why" class="list" aria-labelledby="question" hidden>
<h2 id="question">Why</h2>
<ol class="links" id="because"></ol>
</section>
{_found(timeline, steps)}<noscript><p>The other steps of this page need JavaScript.</p></noscript>
</main>
<dialog id="help" aria-labelledby="keys">
<form method="dialog"><button>close (esc)</button></form>
<div>
<section><h2 id="keys">Keys</h2><table>{"".join(_keys())}</table></section>
<section><h2>Glyphs</h2><table>{"".join(_glyphs())}</table></section>
</div>
</dialog>
<script type="application/json" id="run">{data}</script>
<script>
{SCRIPT.read_text("utf-8")}</script>
</body>
</html>
"""


def _filled(
    timeline: Timeline, steps: range, width: int, height: int, state: ViewState
) -> tuple[Page, str]:
    page = Page(timeline, steps, width, height, state)
    return page, as_json(page.data())


def _button(action: str, sign: str, title: str) -> str:
    named = f'id="{action}" title="{title}" aria-label="{title}"'
    return f'<button data-does="{action}" {named}>{sign}</button>\n'


def _themes(chosen: str) -> str:
    options = [f'<option value="">{SYSTEM}</option>']
    options += [
        f"<option{' selected' if name == chosen else ''}>{escape(name)}</option>"
        for name in PALETTES
    ]
    return "".join(options)


def _place(timeline: Timeline) -> str:
    line = timeline.line_at(timeline.position)
    step = f"step {timeline.position}/{timeline.steps}"
    return f"{step}, line {line}" if line else step


def _rest(timeline: Timeline, steps: range) -> str:
    """What the page leaves out, and how to get it."""
    if len(steps) == timeline.steps + 1:
        return ""
    told = f"This page has steps {steps.start} to {steps[-1]} of {timeline.steps}"
    others = "<code>luf-tui export FILE@STEP</code> makes one of those around a step"
    return f'<p class="told">{told}; {others}.</p>\n'


def _found(timeline: Timeline, steps: range) -> str:
    """What went wrong in these steps, each with the way there."""
    found = [
        (
            timeline.step_of_event(event),
            "deviation" if one.weight == "deviation" else "violation",
            one.message,
        )
        for one, event in zip(timeline.findings, timeline.finding_events, strict=True)
    ]
    found += [(one.position, "failed", one.detail) for one in timeline.outcomes if not one.held]
    found += [(one.position, "failed", one.reason) for one in timeline.refusals]
    shown = "".join(
        f'<li><button data-step="{step}"><small>{step}</small>'
        f'<span class="{role}">{ROLES[role].glyph}</span> {held(clean(text))}</button></li>'
        for step, role, text in sorted(found)
        if step in steps
    )
    if not shown:
        return ""
    head = '<h2 id="wrong">What went wrong, and what could be seen</h2>'
    return (
        f'<section class="list" id="wrongs" aria-labelledby="wrong">{head}'
        f'<ol class="links" id="found">{shown}</ol></section>\n'
    )


def _keys() -> Iterator[str]:
    for _, _, shown, about in KEYS:
        yield f"<tr><th>{escape(shown)}</th><td>{escape(about)}</td></tr>"


def _glyphs() -> Iterator[str]:
    for (sign, *_), row in zip(legend(), texts(legend()), strict=True):
        first, rest = row[: len(texts([(sign,)])[0])], row[len(texts([(sign,)])[0]) :]
        yield f'<tr><th class="sign">{first}</th><td>{rest}</td></tr>'


def head(title: str, theme: str, css: str) -> str:
    """What every page begins with: nothing is loaded from elsewhere. `title` is escaped already;
    without a theme it has that of the reader's system.
    """
    dressed = f' data-theme="{escape(theme)}"' if theme else ""
    return f"""\
<!DOCTYPE html>
<html lang="en"{dressed}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="generator" content="luf-tui">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
{css}
</style>
</head>
"""


def style(width: int, height: int) -> str:
    """The style sheet: the themes, and a class a role."""
    rules = [
        f":root{{--columns:{width};--lines:{height};--mono:{FONT}}}",
        _theme(":root", PALETTES["dark"]),
        _theme_where("prefers-color-scheme:light", "light"),
        _theme_where("prefers-contrast:more) and (prefers-color-scheme:dark", "high-contrast"),
        *(_theme(f':root[data-theme="{name}"]', one) for name, one in PALETTES.items()),
        "#screen{font-family:var(--mono)}",
        *(_rule(name) for name in ROLES if name != "text"),
        STYLE.read_text("utf-8").rstrip(),
    ]
    return "\n".join(rules)


def _theme_where(asked: str, name: str) -> str:
    return f"@media ({asked}){{{_theme(':root', PALETTES[name])}}}"


def _theme(selector: str, palette: Palette) -> str:
    """A theme as variables: the grounds, and the colour of every role."""
    inks = palette.inks()
    colours = {
        "ground": palette.background,
        "raised": palette.raised,
        **{name: inks[name].colour for name in ROLES},
    }
    declared = "".join(f"--{name}:{colour};" for name, colour in colours.items())
    return f"{selector}{{color-scheme:{palette.ground};{declared}}}"


def _rule(role: str) -> str:
    attributes = ROLES[role].attributes
    reverse = f"color:var(--ground);background:var(--{role})"
    parts = [reverse if "reverse" in attributes else f"color:var(--{role})"]
    parts += [DECLARED[name] for name in attributes if name in DECLARED]
    return f".{role}{{{';'.join(parts)}}}"
