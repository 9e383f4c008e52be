"""Watched expressions: what each is worth now, what it was before, and when it changes."""

from __future__ import annotations

from luf_tui.machine.refs import Ref
from luf_tui.timeline.navigate import watches
from luf_tui.timeline.navigate.watches import Shift, Watch
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import cells, cut, ends, length, pad
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

BEHIND, AHEAD = 40, 12
"""Changes before and after the position that a line of history is made of, at most."""
BARS = "▁▂▃▄▅▆▇█"
INDENT = "    "
GAP = "  "


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """Two rows a watch: its value, and its history."""
    rows: list[Row] = []
    wide = min(
        max((cells(one.text) for one in state.watches), default=0), max(8, width * 45 // 100)
    )
    for watched in state.watches:
        rows += _watch(timeline, watched, wide, width)
    if not rows:
        rows.append((Mark("nothing is watched yet", "dim"),))
    return Pane("watches", (Mark("watch", "title"),), tuple(rows))


def _watch(timeline: Timeline, watched: Watch, wide: int, width: int) -> list[Row]:
    name = Mark(f"{pad(clean(watched.text), wide)}  ", "text", watched.ref)
    if watched.problem:
        gone = Mark(f"not in this run: {clean(watched.problem)}", "dim")
        return [(Mark("  "), name, gone)]
    behind, ahead = watches.shifts(timeline, watched, timeline.position, BEHIND, AHEAD)
    last = behind[-1] if behind else None
    moved = last is not None and last.step == timeline.position
    role = "changed" if moved else "text"
    now = clean(watches.value(timeline, watched))
    place = Ref("step", last.step) if last is not None else None
    head: Row = (Mark("• " if moved else "  ", role, place), name, Mark(now, role, place))
    was: Row = ()
    if last is not None:
        was = (Mark(f"  was {clean(last.before)}, until {last.step}", "dim", place),)
    if length(head) + length(was) > width:
        was = ()
    rows = [ends(head, was, width)]
    looked = watches.looked_at(timeline, watched, timeline.position)
    whole = len(looked) > timeline.steps
    around = "" if whole else f"{GAP}looked at {looked.start}–{looked.stop - 1}"
    room = width - cells(around)
    if behind or ahead:
        history = _history(behind, ahead, timeline.position, room)
        rows.append(ends(history, (Mark(around, "dim"),), width) if around else history)
    elif around:
        rows.append((Mark(cut(f"{INDENT}no change{around}", width), "dim"),))
    return rows


def _history(behind: list[Shift], ahead: list[Shift], position: int, width: int) -> Row:
    """The changes around the position, as many as fit; of numbers, their bars."""
    told = [*behind, *ahead]
    room = width - len(INDENT)
    if all(one.after.isdecimal() and one.before.isdecimal() for one in told):
        return (Mark(INDENT), *_bars(told, len(behind), position, room))
    after = [_entry(one, position) for one in ahead[: max(1, AHEAD // 4)]]
    kept: list[Mark] = []
    left = max(room // 2, room - sum(cells(mark.text) for mark in after))
    for one in reversed(behind):
        mark = _entry(one, position)
        if cells(mark.text) > left:
            break
        left -= cells(mark.text)
        kept.insert(0, mark)
    row = (Mark(INDENT), *kept)
    for mark in after:
        if length(row) + cells(mark.text) > width:
            break
        row = (*row, mark)
    if len(row) == 1:
        row = (*row, Mark(cut(_entry(told[0], position).text, room), "dim"))
    return row


def _entry(one: Shift, position: int) -> Mark:
    role = "changed" if one.step == position else "text" if one.step < position else "dim"
    return Mark(f"{one.step}:{clean(one.after)}{GAP}", role, Ref("step", one.step))


def _bars(told: list[Shift], behind: int, position: int, room: int) -> list[Mark]:
    """A bar for the number after each change, the highest one whole; then what the last one is."""
    numbers = [int(told[0].before), *(int(one.after) for one in told)]
    first = max(0, min(behind - room * 3 // 4, len(numbers) - room // 2))
    most = max(1, *numbers)
    marks: list[Mark] = []
    for number, value in enumerate(numbers[first : first + room], start=first):
        bar = BARS[value * (len(BARS) - 1) // most]
        if number == 0:
            marks.append(Mark(bar, "text"))
            continue
        step = told[number - 1].step
        role = "changed" if step == position else "text" if step < position else "dim"
        marks.append(Mark(bar, role, Ref("step", step)))
    return marks
