"""The narrow panes: header, event strip and narration."""

from __future__ import annotations

from array import array

from luf_tui.machine.refs import Ref
from luf_tui.timeline.tell.narrate import narrate
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import cells, cut, ends, length, wrap
from luf_tui.view.glyphs import RANK, ROLE_OF, TELLING
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

SAID: tuple[tuple[str, str], ...] = (
    ("◆", "deferred"), ("▲", "fired"), ("△", "saved"), ("↯", "IPIs"), ("○", "stale, harmless"),
    ("◇", "visible"), ("✖", "violation"), ("!", "fault"),
)  # fmt: skip
"""What the glyphs of the strip are, for those who have room to read it."""
WIDE = 110
LEAST_TITLE = 10
"""Cells below which a title is left out."""


def header(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """Title and policy on the left; position and counters on the right."""
    policy: Row = (
        Mark(" · ", "dim"),
        Mark(timeline.policy.name),
        *(Mark(f" −{guard}", "failed") for guard in timeline.policy.without),
    )
    right = _counters(timeline, wide=width >= WIDE)
    room = width - length(right) - length(policy) - 2
    if room < LEAST_TITLE:
        return Pane("header", (), (ends((Mark(" "), *policy[1:]), right, width),))
    title = Mark(f" {cut(clean(timeline.program.title), room)}", "title")
    return Pane("header", (), (ends((title, *policy), right, width),))


def _counters(timeline: Timeline, *, wide: bool) -> Row:
    """The position and the counters; only what matters most where there is little room."""
    seen = timeline.counters(timeline.position)
    places = len(str(timeline.steps))
    told: list[Mark] = [
        Mark("step ", "dim"),
        Mark(f"{timeline.position:>{places}}", "title"),
        Mark(f"/{timeline.steps}", "dim"),
        *_count("owed", seen.owed, "pending"),
        *_count("paid", seen.paid, "flushed"),
    ]
    if wide:
        told += _count("saved", seen.saved, "saved")
    told += _count("IPIs", seen.ipis, "ipi")
    if wide:
        told += _count("interrupted", seen.interrupted, "ipi")
    if seen.deviations:
        told.append(Mark(f"  ◇ {seen.deviations}", "deviation"))
    if seen.violations:
        told += [Mark("  "), Mark(f" ✖ {seen.violations} ", "violation")]
    return (*told, Mark(" "))


def _count(name: str, value: int, role: str) -> list[Mark]:
    return [Mark(f"  {name} ", "dim"), Mark(f"{value:<2}", role if value else "dim")]


def strip(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """The whole run in one row: a glyph for what happened, the cursor, and what glyphs mean."""
    room = max(1, width - 2)
    count = timeline.steps + 1
    across = min(room, count)
    here = timeline.position * across // count
    row: list[Mark] = [Mark(" ")]
    for number, mark in enumerate(_strip(timeline, across)):
        if number == here:
            row.append(Mark("▮" if mark.text == "·" else mark.text, "current", mark.ref))
        else:
            row.append(mark)
    row += _said(timeline, room - across)
    return Pane("strip", (), (tuple(row),))


def _strip(timeline: Timeline, across: int) -> tuple[Mark, ...]:
    """The most telling glyph of each cell; the run never changes, so it is kept."""
    kept: tuple[Mark, ...] | None = timeline.memo.get(("strip", across))
    if kept is None:
        count = timeline.steps + 1
        shown = ["·"] * across
        ranks = array("i", [len(RANK)]) * across
        for kind in TELLING:
            rank = RANK[kind.glyph]
            for event in timeline.index.by_kind[kind.number]:
                cell = timeline.step_of_event(event) * across // count
                if rank < ranks[cell]:
                    ranks[cell], shown[cell] = rank, kind.glyph
        firsts = (-(-number * count // across) for number in range(across))
        kept = tuple(
            Mark(glyph, ROLE_OF.get(glyph, "dim"), Ref("step", first))
            for glyph, first in zip(shown, firsts, strict=True)
        )
        timeline.memo["strip", across] = kept
    return kept


def _said(timeline: Timeline, room: int) -> list[Mark]:
    """A legend of the glyphs in this run, as far as it fits."""
    kinds = {kind.glyph for kind in TELLING if timeline.index.by_kind[kind.number]}
    told: list[Mark] = []
    room -= 1
    for glyph, words in SAID:
        size = 4 + cells(words)
        if glyph in kinds and size <= room:
            told += [Mark(f"  {glyph} ", ROLE_OF[glyph]), Mark(words, "dim")]
            room -= size
    return told


def narration(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """What the last micro-step did, in a sentence, wrapped to the rows there are."""
    height = max(1, height)
    lines = wrap(clean(narrate(timeline, timeline.position, state.level)), max(8, width - 2))
    if len(lines) > height:
        rest = " ".join(lines[height - 1 :])
        lines = [*lines[: height - 1], cut(rest, width - 2)]
    return Pane("narration", (), tuple((Mark(f" {line}", "note"),) for line in lines))
