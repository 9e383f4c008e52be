"""The frame map: DRAM and CXL, a mark per frame, or per group when there are many."""

from __future__ import annotations

from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import FREE_STATES
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.marks import Mark, Pane, Row
from luf_tui.view.state import ViewState

NAMED = 64
"""Up to so many frames, each is shown with its content."""
SHADES = "·░▒▓█"


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """Rows of frames per node, and a legend."""
    rows: list[Row] = []
    config = timeline.config
    for node, spec in enumerate(config.nodes):
        first = config.first_frame(node)
        if spec.frames <= NAMED and config.frames <= NAMED:
            rows += _detailed(timeline, spec.name, first, spec.frames, width)
        else:
            room = max(1, height - len(config.nodes) * 2) // len(config.nodes)
            rows += _dense(timeline, spec.name, first, spec.frames, width, max(1, room))
    rows.append(
        (
            Mark("█", "used"), Mark(" anon  "), Mark("▓", "file"), Mark(" file  "),
            Mark("▒", "kernel"), Mark(" kernel  "), Mark("░", "free"), Mark(" free  "),
            Mark("◆", "pending"), Mark(" flush owed"),
        )
    )  # fmt: skip
    return Pane("frames", (Mark("frames", "title"),), tuple(rows))


def _detailed(timeline: Timeline, name: str, first: int, count: int, width: int) -> list[Row]:
    m = timeline.machine
    changed = names.touched(timeline)
    cell = 16
    across = max(1, (width - 6) // cell)
    rows: list[Row] = []
    for start in range(first, first + count, across):
        row = [Mark(f"{name if start == first else '':<5} ", "title")]
        for pfn in range(start, min(start + across, first + count)):
            glyph, role = names.frame(timeline, pfn)
            ref = Ref("frame", pfn)
            if role != "pending" and ("frame", pfn) in changed:
                role = "changed"
            what = names.content(m, m.frame[pfn].content)
            if m.frame[pfn].state in FREE_STATES and not m.frame[pfn].content:
                what = ""
            row += [
                Mark(f"{glyph} f{pfn} ", role, ref),
                Mark(f"{what[: cell - 6]:<{cell - 4 - len(str(pfn)) + 1 - 1}}", "dim", ref),
            ]
        rows.append(tuple(row))
    return rows


def _dense(
    timeline: Timeline, name: str, first: int, count: int, width: int, height: int
) -> list[Row]:
    """Each cell stands for a group of frames: how full it is, and whether any owes a flush."""
    room = max(1, width - 6) * height
    group = max(1, -(-count // room))
    rows: list[Row] = []
    row: list[Mark] = [Mark(f"{name:<5} ", "title")]
    across = max(1, width - 6)
    for number, start in enumerate(range(first, first + count, group)):
        if number and number % across == 0:
            rows.append(tuple(row))
            row = [Mark(" " * 6)]
        row.append(_group(timeline, start, min(start + group, first + count)))
    rows.append(tuple(row))
    if group > 1:
        rows.append((Mark(f"      a cell is {group} frames", "dim"),))
    return rows


def _group(timeline: Timeline, start: int, end: int) -> Mark:
    m = timeline.machine
    ref = Ref("frame", start)
    if end - start == 1:
        return Mark(*names.frame(timeline, start), ref)
    used = 0
    for pfn in range(start, end):
        frame = m.frame[pfn]
        if frame.state not in FREE_STATES:
            used += 1
        elif frame.mark and timeline.policy.owed(m, pfn):
            return Mark("◆", "pending", ref)
    shade = SHADES[-(-used * (len(SHADES) - 1) // (end - start))]
    return Mark(shade, "used" if used else "free", ref)
