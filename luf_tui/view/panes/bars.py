"""The narrow panes: header, event strip and narration."""

from __future__ import annotations

from luf_tui.machine.events import BEGIN, END, KINDS, Event
from luf_tui.machine.refs import Ref
from luf_tui.timeline.narrate import narrate, sentence
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import fit, length
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.panes.script import TELLING
from luf_tui.view.state import ViewState

SILENT = (BEGIN, END)
"""Kinds that the script pane tells already."""
RANK = "✖◇▲◆△○↯!"
"""Which glyph wins when a cell of the strip stands for several events."""


def header(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """Title and policy on the left; position and counters on the right."""
    without = "".join(f" −{guard}" for guard in timeline.policy.without)
    left: Row = (
        Mark(f" {clean(timeline.program.title)} ", "title"),
        Mark(f"· {timeline.policy.name}"),
        Mark(without, "violation"),
    )
    right = _counters(timeline, state, wide=width >= 110)
    room = width - length(right)
    if room < 12:
        return Pane("header", (), (fit(right, width),))
    return Pane("header", (), ((*fit(left, room), *right),))


def _counters(timeline: Timeline, state: ViewState, *, wide: bool) -> Row:
    """The position and the counters; only what matters most where there is little room."""
    seen = timeline.counters(timeline.position)
    told: list[Mark] = [
        Mark("step ", "dim"),
        Mark(f"{timeline.position}/{timeline.steps}", "title"),
        Mark("  owed ", "dim"),
        Mark(str(seen.owed), "pending" if seen.owed else "text"),
        Mark("  paid ", "dim"),
        Mark(str(seen.paid), "flushed" if seen.paid else "text"),
    ]
    if wide:
        told += [Mark("  saved ", "dim"), Mark(str(seen.saved))]
    told += [Mark("  IPIs ", "dim"), Mark(str(seen.ipis))]
    if wide:
        told += [Mark("  interrupted ", "dim"), Mark(str(seen.interrupted))]
    return (*told, *_wrong(seen.violations), Mark(" "))


def _wrong(violations: int) -> Row:
    return (Mark(f"  ✖ {violations} ", "violation"),) if violations else ()


def strip(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """The whole run in one row, a glyph for what happened, and the cursor."""
    cells = max(1, width - 2)
    glyphs = _strip(timeline, cells)
    here = _cell(timeline, timeline.position, cells)
    row: list[Mark] = [Mark(" ")]
    for number, glyph in enumerate(glyphs):
        first = -(-number * (timeline.steps + 1) // min(cells, timeline.steps + 1))
        ref = Ref("step", min(first, timeline.steps))
        role = "current" if number == here else TELLING.get(glyph, "dim")
        row.append(Mark("▮" if number == here and glyph == "·" else glyph, role, ref))
    return Pane("strip", (), (tuple(row),))


def _cell(timeline: Timeline, step: int, cells: int) -> int:
    """The cell of the strip that stands for a position."""
    return step * min(cells, timeline.steps + 1) // (timeline.steps + 1)


def _strip(timeline: Timeline, cells: int) -> list[str]:
    """The most telling glyph of each cell; the run never changes, so it is kept."""
    kept: list[str] | None = timeline.memo.get(("strip", cells))
    if kept is None:
        kept = ["·"] * min(cells, timeline.steps + 1)
        for kind in KINDS:
            rank = RANK.find(kind.glyph)
            if rank < 0:
                continue
            for event in timeline.index.by_kind[kind.number]:
                cell = _cell(timeline, timeline.step_of_event(event), cells)
                if kept[cell] == "·" or RANK.find(kept[cell]) > rank:
                    kept[cell] = kind.glyph
        timeline.memo["strip", cells] = kept
    return kept


def narration(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """What the last micro-step did, in a sentence, wrapped to the rows there are."""
    text = clean(narrate(timeline, timeline.position, state.level))
    rows: list[Row] = []
    line = ""
    for word in text.split(" "):
        if line and len(line) + len(word) + 1 > width - 2:
            rows.append((Mark(f" {line}", "note"),))
            line = word
        else:
            line = f"{line} {word}" if line else word
    rows.append((Mark(f" {line}", "note"),))
    return Pane("narration", (), tuple(rows[: max(1, height)]))


def events(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """The events around the position, those of the last micro-step marked."""
    until = timeline.event_index_at(timeline.position)
    log = timeline.events
    first = max(0, until - max(4, height * 2))
    now = timeline.events_of(timeline.position) if timeline.position else range(0)
    rows: list[Row] = []
    current, from_step = 0, -1
    for number in range(first, min(len(log), until + height)):
        if log.kind_of(number) in SILENT:
            continue
        if number < until:
            current = len(rows)
        event = log[number]
        glyph = event.kind.glyph
        step = timeline.step_of_event(number)
        ref = Ref("step", step)
        role = "current" if number in now else "text" if number < until else "dim"
        rows.append(
            (
                Mark(f"{step if step != from_step else '':>5} ", "dim", ref),
                Mark(f"{glyph} ", TELLING.get(glyph, "dim"), ref),
                Mark(clean(_said(timeline, event, state.level)), role, ref),
            )
        )
        from_step = step
    return Pane("events", (Mark("events", "title"),), tuple(rows), current)


def _said(timeline: Timeline, event: Event, level: str) -> str:
    """The sentence of an event, kept per level."""
    key = ("said", event.index, level)
    kept: str | None = timeline.memo.get(key)
    if kept is None:
        kept = timeline.memo[key] = sentence(timeline, event, level)
    return kept
