"""The micro-steps of the current line as a tree: what is done, the current one, what comes."""

from __future__ import annotations

from luf_tui.engine.operations import op_name, step_label
from luf_tui.machine.refs import Ref
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import glyphs
from luf_tui.view.columns import cells, length
from luf_tui.view.marks import Mark, Row, clean

LEAD = "    "
MOST, FEWEST = 5, 1
"""Micro-steps on either side of the current one, by how high the pane is."""
GLYPHS = 4
"""Cells after a micro-step for what happened in it."""
ENOUGH = 5000
"""Micro-steps of a long run that are looked at for the longest."""
SHORT = 12
"""Rows below which how many are left out is not said."""


def tree(timeline: Timeline, item: int, width: int, height: int) -> list[Row]:
    """The micro-steps of an item around the current one; none where it has only one."""
    steps = timeline.item_steps(item)
    if len(steps) < 2:
        return []
    around = max(FEWEST, min(MOST, (height - 4) // 4))
    short = height < SHORT
    here = timeline.position
    first = max(steps.start, min(here - around, steps.stop - 2 * around - 1))
    last = min(steps.stop, first + 2 * around + 1)
    rows: list[Row] = []
    if first > steps.start and not short:
        before = Ref("step", steps.start)
        rows.append((Mark(f"{LEAD}┆ {first - steps.start} before", "dim", before),))
    rows += [
        _row(timeline, step, width, last=step == steps.stop - 1) for step in range(first, last)
    ]
    if last < steps.stop and not short:
        after = Ref("step", steps.stop - 1)
        rows.append((Mark(f"{LEAD}┆ {steps.stop - last} more", "dim", after),))
    return rows


def columns_wanted(timeline: Timeline) -> int:
    """Columns in which no micro-step is cut."""
    lead = len(LEAD) + len("├ ")
    return lead + max((cells(text) for text in _texts(timeline)), default=0) + GLYPHS


@per_run
def _texts(timeline: Timeline) -> frozenset[str]:
    """What the micro-steps are called; of a very long run, those of its first part."""
    found: dict[tuple[int, int, int, int], str] = {}
    for step in range(1, min(timeline.steps, ENOUGH) + 1):
        info = timeline.step_info(step)
        known = (info.op, info.pos, info.ctx, info.item)
        if known not in found:
            found[known] = _text(timeline, step)
    return frozenset(found.values())


def _text(timeline: Timeline, step: int, *, function: bool = True) -> str:
    """What a micro-step is called, and whose it was where that is not plain; with the kernel's
    function, where there is room for it.
    """
    info = timeline.step_info(step)
    who = _who(timeline, info.ctx, timeline.item_at(step))
    label = step_label(info.op, info.pos)
    return f"{who}{op_name(info.op)}: {label}" if function else f"{who}{label}"


def _row(timeline: Timeline, step: int, width: int, *, last: bool) -> Row:
    here = timeline.position
    found = glyphs.marks(glyphs.of_steps(timeline, range(step, step + 1), here))
    room = width - len(LEAD) - len("├ ") - length((Mark(" "), *found) if found else ())
    text = _text(timeline, step)
    if cells(text) > room:
        text = _text(timeline, step, function=False)
    role = "current" if step == here else "text" if step < here else "dim"
    ref = Ref("step", step)
    branch = "└" if last else "├"
    lead = Mark(f"{LEAD}{branch}▶", "title", ref)
    if step != here:
        lead = Mark(f"{LEAD}{branch} ", "dim", ref)
    return (lead, Mark(text, role, ref), *((Mark(" "), *found) if found else ()))


def _who(timeline: Timeline, ctx: int, item: int) -> str:
    """Whose micro-step it was, where that is not plain from the line."""
    m = timeline.machine
    task = getattr(timeline.program.items[item], "task", -1)
    acting = m.ctx[ctx]
    if acting is m.boot_ctx or (task >= 0 and acting is m.task_ctx(m.task[task])):
        return ""
    return f"{clean(m.ctx_name(acting)).replace('irq ', '')} "
