"""The narrow panes: header, event strip and narration."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from attrs import evolve

from luf_tui.machine.events import NOTE_TEXT
from luf_tui.machine.refs import Ref
from luf_tui.oracle.obligations import ABOUT
from luf_tui.oracle.oracle import VIOLATION, Finding
from luf_tui.timeline.ask.failing import failed_at, failed_up_to, findings_at, lasting
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.tell.narrate import narrate, notes
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import cut, ends, length, pad, wrap
from luf_tui.view.glyphs import PLAIN, SHOWN, mark, of_kind
from luf_tui.view.marks import ACTION, ROLES, Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

NOTE = "note  "
"""Stands before what a note of the script says."""
LEFT = "left  "
"""Stands before what is left at the end of a run."""
WIDE = 110
URGENT = ("violation", "failed")
"""Roles that no bookmark hides in the strip."""
LEAST_TITLE, LEAST_GUARDS, LEAST_WORD = 10, 12, 4
"""Cells below which other things give way to the title, and to the guards that are off; and what a
title has at least."""


def header(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """Title and policy on the left; position and counters on the right. Where there is little room
    the names of guards are cut, then a counter goes, then the title is cut.
    """
    policy = (Mark(" · ", "dim"), Mark(timeline.policy.name))
    wide = width >= WIDE
    for ipis, least in ((True, width), (True, LEAST_GUARDS), (False, LEAST_GUARDS), (False, 6)):
        right = _counters(timeline, wide=wide, ipis=ipis)
        room = width - length(right) - length(policy) - 2
        guards = _guards(timeline.policy.without, max(least, room - LEAST_TITLE))
        if room - length(guards) >= LEAST_TITLE:
            break
    room = max(LEAST_WORD, room - length(guards))
    title = Mark(f" {cut(clean(timeline.program.title), room)}", "title")
    return Pane("header", (), (ends((title, *policy, *guards), right, width),))


def _guards(without: Sequence[str], room: int) -> Row:
    """The guards that are off, in so many cells: how many they are where they do not fit."""
    whole = tuple(Mark(f" −{guard}", "failed") for guard in without)
    if length(whole) <= room:
        return whole
    told = f" −{without[0]}" if len(without) == 1 else f" −{len(without)} guards"
    return (Mark(cut(told, room), "failed"),)


def _counters(timeline: Timeline, *, wide: bool, ipis: bool) -> Row:
    """The position and the counters; only what matters most where there is little room."""
    before = max(0, timeline.position - 1)
    seen, was = timeline.counters(timeline.position), timeline.counters(before)
    places = len(str(timeline.steps))
    told: list[Mark] = [
        Mark("step ", "dim"),
        Mark(f"{timeline.position:>{places}}", "title"),
        Mark(f"/{timeline.steps}", "dim"),
        *_count("owed", timeline.owed(timeline.position), "pending", then=timeline.owed(before)),
        *_count("paid", seen.paid, "flushed", then=was.paid),
    ]
    if wide:
        told += _count("saved", seen.saved, "saved", then=was.saved)
    if ipis:
        told += _count("IPIs", seen.ipis, "ipi", then=was.ipis)
    if wide:
        told += _count("interrupted", seen.interrupted, "ipi", then=was.interrupted)
    if seen.deviations:
        new = seen.deviations != was.deviations
        told += [Mark("  "), Mark(f"◇ {seen.deviations}", "deviation", changed=new)]
    failed, then = (failed_up_to(timeline, at) for at in (timeline.position, before))
    if failed:
        told += [Mark("  "), Mark(f"✗ {failed}", "failed", changed=failed != then)]
    if seen.violations:
        new = seen.violations != was.violations
        told += [Mark("  "), Mark(f" ✖ {seen.violations} ", "violation", changed=new)]
    return (*told, Mark(" "))


def _count(name: str, value: int, role: str, *, then: int) -> list[Mark]:
    number = Mark(str(value), role if value else "dim", changed=value != then)
    return [Mark(f"  {name} ", "dim"), number, Mark(" " * (2 - len(number.text)))]


def strip(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """The whole run in one row: a glyph for what happened, the cursor, and what glyphs mean."""
    room = max(1, width - 2)
    count = timeline.steps + 1
    legend = _legend(timeline)
    if length(legend) > room // 2:
        legend = ()
    across = min(room - length(legend), count)
    here = timeline.position * across // count
    row: list[Mark] = [Mark(" ")]
    flags = {flag.position * across // count: flag.name for flag in reversed(state.flags)}
    for number, cell in enumerate(condensed(timeline, across)):
        if number in flags and cell.role not in URGENT:
            role = "current" if number == here else "accent"
            row.append(Mark(flags[number], role, cell.ref))
        elif number == here:
            row.append(Mark("▮" if cell.text == PLAIN else cell.text, "current", cell.ref))
        else:
            row.append(cell)
    row += legend
    return Pane("strip", (), (tuple(row),))


@per_run(most=32)
def condensed(timeline: Timeline, across: int) -> tuple[Mark, ...]:
    """The whole run in so many cells, the most telling glyph of each."""
    count = timeline.steps + 1
    shown = [PLAIN] * across
    for kind in sorted(SHOWN, key=attrgetter("rank"), reverse=True):
        glyph = of_kind(kind)
        for event in timeline.index.by_kind[kind]:
            shown[timeline.step_of_event(event) * across // count] = glyph
    for one in timeline.outcomes:
        at = one.position * across // count
        if not one.held and shown[at] != ROLES["violation"].glyph:
            shown[at] = ROLES["failed"].glyph
    firsts = (-(-number * count // across) for number in range(across))
    return tuple(
        evolve(mark(glyph), ref=Ref("step", first))
        for glyph, first in zip(shown, firsts, strict=True)
    )


@per_run
def _legend(timeline: Timeline) -> Row:
    """What the glyphs are that this run has."""
    seen = {kind.role for kind in SHOWN if timeline.index.by_kind[kind]}
    told: list[Mark] = []
    for name, role in ROLES.items():
        if name in seen:
            told += [Mark("  "), Mark(role.glyph, name), Mark(f" {role.event}", "dim")]
    if not all(one.held for one in timeline.outcomes):
        told += [Mark("  "), Mark(ROLES["failed"].glyph, "failed"), Mark(" failed", "dim")]
    return tuple(told)


def narration(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """What the last micro-step did, in a sentence, wrapped to the rows there are, or what it broke;
    and under it the notes that follow in the script.
    """
    height, room = max(1, height), max(8, width - 2)
    head, said = NOTE, clean(" ".join(notes(timeline, timeline.position)))
    if not said and timeline.position == timeline.steps:
        head, said = LEFT, clean("; ".join(lasting(timeline)))
    told = list(_banner(timeline, room, height, height - bool(said)))
    if not told:
        text = clean(narrate(timeline, timeline.position, state.level))
        lines = _wrapped(text, room, height - bool(said and height > 1))
        told = [(Mark(f" {line}", "note"),) for line in lines]
    if said and len(told) < height:
        first, *more = _wrapped(said, room - len(NOTE), height - len(told))
        told.append((Mark(f" {head}", "dim"), Mark(first, "note")))
        told += [(Mark(f" {' ' * len(NOTE)}{line}", "note"),) for line in more]
    return Pane("narration", (), tuple(told))


@per_run
def rows_wanted(timeline: Timeline, width: int) -> int:
    """Rows in which neither what a scenario is about nor any of its notes is cut."""
    if timeline.program.recorded is not None:
        return 1
    room = max(8, width - 2)
    most = len(wrap(clean(narrate(timeline, 0)), room))
    for event in timeline.index.by_kind[NOTE_TEXT]:
        position = timeline.step_of_event(event)
        said = wrap(clean(narrate(timeline, position)), room)
        note = wrap(clean(" ".join(notes(timeline, position))), room - len(NOTE))
        most = max(most, len(said) + len(note))
    return most


def _banner(timeline: Timeline, room: int, height: int, wanted: int) -> tuple[Row, ...]:
    """What was broken in this micro-step, and by which rule; or the expectation that fails here.
    Each has a row, and more where so many rows are wanted for it.
    """
    told: list[tuple[str, str, Row]] = []
    for one in findings_at(timeline, timeline.position):
        role = "violation" if one.weight == VIOLATION else "deviation"
        rule = _rule(timeline, one)
        if told and told[-1] == rule:  # of several alike the rule is told once, after the last
            told.pop()
        told += [(f"{ROLES[role].glyph} {clean(one.message)}", role, ()), rule]
    for outcome in failed_at(timeline, timeline.position):
        item = timeline.program.items[outcome.item]
        line = timeline.program.source[item.span.line - 1].split("#")[0].strip()
        said = f"✗ line {item.span.line}: {' '.join(clean(line).split())}: {clean(outcome.detail)}"
        told.append((said, "failed", ()))
    rows: list[Row] = []
    spare = max(0, wanted - len(told))
    for text, role, tail in told:
        wide = room - length(tail)
        lines = _wrapped(text, wide, 1 + spare)
        spare -= len(lines) - 1
        rows += [(Mark(" "), Mark(pad(one, wide), role)) for one in lines]
        rows[-1] += tail
    return tuple(rows[:height])


def _rule(timeline: Timeline, one: Finding) -> tuple[str, str, Row]:
    """The obligation that a finding names, since when it could come to that, and the way to why."""
    about = ABOUT.get(one.obligation, "")
    name = one.obligation or f"rule {one.rule}"
    told = f"{name}: {about}." if about else f"{name}."
    if one.cause >= 0:
        told += f" Possible since step {timeline.step_of_event(one.cause)}."
    return told, "note", (Mark("  "), Mark("why", "tab", Ref(ACTION, 0, "why")))


def _wrapped(text: str, room: int, rows: int) -> list[str]:
    """A text in lines, what does not fit in the last one cut off."""
    lines = wrap(text, room)
    return (
        lines
        if len(lines) <= rows
        else [*lines[: rows - 1], cut(" ".join(lines[rows - 1 :]), room)]
    )
