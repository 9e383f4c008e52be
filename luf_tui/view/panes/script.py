"""The script, with the line being executed and its micro-steps."""

from __future__ import annotations

from collections.abc import Mapping

from luf_tui.engine.operations import op_name, step_label
from luf_tui.machine.events import KINDS
from luf_tui.machine.refs import Ref
from luf_tui.script.program import Expect, Note, Race
from luf_tui.timeline.facts import Outcome
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

TELLING = {"◆": "pending", "▲": "flushed", "△": "saved", "○": "benign", "◇": "deviation",
           "✖": "violation", "↯": "ipi", "!": "failed"}  # fmt: skip
AROUND = 4
"""Micro-steps shown on either side of the current one."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """Source lines with a gutter; under the current one, a window of its micro-steps."""
    by_line: dict[int, int] = {
        item.span.line: number for number, item in enumerate(timeline.program.items)
    }
    outcomes = {outcome.item: outcome for outcome in timeline.outcomes}
    item = timeline.item_at(timeline.position)
    at = timeline.program.items[item].span.line if item >= 0 else 0
    rows: list[Row] = []
    current = 0
    for number, text in enumerate(timeline.program.source, start=1):
        number_item = by_line.get(number, -1)
        if number == at:
            current = len(rows)
        rows.append(_line(timeline, state, number, text, number_item, at, outcomes))
        if number == at:
            steps = _steps(timeline, item)
            current += next((n for n, row in enumerate(steps, 1) if row[0].role == "current"), 0)
            rows += steps
    while rows and not rows[-1]:
        rows.pop()
    return Pane("script", (Mark("script", "title"),), tuple(rows), current)


def _line(
    timeline: Timeline,
    state: ViewState,
    number: int,
    text: str,
    item: int,
    at: int,
    outcomes: Mapping[int, Outcome],
) -> Row:
    ref = Ref("line", number)
    here = number == at
    mark = _gutter(timeline, item, outcomes, here=here, stops=number in state.breakpoints)
    body = clean(text)
    head = Mark(f"{number:>3} ", "dim", ref)
    if item < 0:
        return mark, head, Mark(body, "dim", ref)
    said = timeline.program.items[item]
    code, _, comment = body.partition(" #")
    stepped = len(timeline.item_steps(item)) > 1
    role = "text" if not here else "title" if stepped else "current"
    if isinstance(said, Note):
        return mark, head, Mark(body, "current" if here else "note", ref)
    if not here and timeline.item_position(item) > timeline.position:
        role = "dim" if isinstance(said, Expect | Race) else "text"
    glyphs = _glyphs(timeline, timeline.item_steps(item), timeline.position)
    line = (mark, head, Mark(code.rstrip(), role, ref))
    return (*line, Mark(" "), *glyphs, Mark(f"  #{comment}" if comment else "", "dim", ref))


def _gutter(
    timeline: Timeline, item: int, outcomes: Mapping[int, Outcome], *, here: bool, stops: bool
) -> Mark:
    """The mark before a line: where the run stands, a breakpoint, how an expectation came out."""
    outcome = outcomes.get(item) if item >= 0 else None
    reached = outcome is not None and timeline.item_position(item) <= timeline.position
    if stops:
        return Mark("●", "current" if here else "breakpoint")
    if reached and outcome is not None and not (here and outcome.held):
        return Mark("✓" if outcome.held else "✗", "ok" if outcome.held else "failed")
    return Mark("▶", "current") if here else Mark(" ")


def _glyphs(timeline: Timeline, steps: range, until: int) -> Row:
    """The telling events of these micro-steps so far, one glyph each, repeats left out."""
    found: dict[str, None] = {}
    for step in steps:
        if step > until:
            break
        for event in timeline.events_of(step):
            glyph = KINDS[timeline.events.kind_of(event)].glyph
            if glyph in TELLING:
                found.setdefault(glyph)
    return tuple(Mark(glyph, TELLING[glyph]) for glyph in found)


def _steps(timeline: Timeline, item: int) -> list[Row]:
    """The micro-steps of an item around the current one, as a tree."""
    steps = timeline.item_steps(item)
    if len(steps) < 2:
        return []
    here = timeline.position
    first = max(steps.start, min(here - AROUND, steps.stop - 2 * AROUND - 1))
    last = min(steps.stop, first + 2 * AROUND + 1)
    rows: list[Row] = []
    if first > steps.start:
        rows.append((Mark(f"     ┆ {first - steps.start} before", "dim"),))
    for step in range(first, last):
        info = timeline.step_info(step)
        branch = "└" if step == steps.stop - 1 else "├"
        who = _who(timeline, info.ctx, item)
        text = f"{who}{op_name(info.op)}: {step_label(info.op, info.pos)}"
        role = "current" if step == here else "text" if step < here else "dim"
        lead = Mark(f"     {branch} ", "current" if step == here else "dim", Ref("step", step))
        glyphs = _glyphs(timeline, range(step, step + 1), here)
        rows.append((lead, Mark(text, role, Ref("step", step)), Mark(" "), *glyphs))
    if last < steps.stop:
        rows.append((Mark(f"     ┆ {steps.stop - last} more", "dim"),))
    return rows


def _who(timeline: Timeline, ctx: int, item: int) -> str:
    """Whose micro-step it was, where that is not plain from the line."""
    said = timeline.program.items[item]
    m = timeline.machine
    task = getattr(said, "task", -1)
    if ctx == m.boot_ctx or (task >= 0 and ctx == m.task_ctx(task)):
        return ""
    return f"{clean(m.ctx_name(ctx)).replace('irq ', '')} "
