"""What a finding is about, lit where it stands: the CPU, the entry, the frame, the page."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import TlbEntry
from luf_tui.oracle.oracle import VIOLATION, Finding
from luf_tui.timeline.ask.failing import findings_at
from luf_tui.timeline.caches import per_position
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.changes import AS_BEFORE
from luf_tui.view.marks import ROLES, Mark, Pane, Row

FRAME_SIGNS = frozenset(glyph for glyph, _ in (*names.FRAME_GLYPHS.values(), *names.SIGNS.values()))
"""What a frame is shown as where there is no room for more."""


@per_position
def broken(timeline: Timeline) -> Mapping[Ref, str]:
    """The things that findings of this micro-step are about, with the role they are lit in."""
    found: dict[Ref, str] = {}
    for one in reversed(findings_at(timeline, timeline.position)):
        role = "violation" if one.weight == VIOLATION else "deviation"
        found |= dict.fromkeys(_about(timeline, one), role)
    return found


def _about(timeline: Timeline, one: Finding) -> list[Ref]:
    m = timeline.machine
    refs = [Ref("cpu", one.cpu)] if one.cpu >= 0 else []
    if one.pfn >= 0:
        refs.append(Ref("frame", one.pfn))
    if one.mm >= 0 and one.vpn >= 0:
        entries: list[TlbEntry] = m.tlb_of(one.cpu) if one.cpu >= 0 else m.device_tlb
        mm = m.mm[one.mm]
        refs += [Ref("tlb", e.index) for e in entries if e.mm is mm and e.vpn == one.vpn]
    return refs


def lit(timeline: Timeline, pane: Pane) -> Pane:
    """A pane with what is broken in the colour of that, and its sign before it. Of TLBs it is the
    entry: another CPU may lead to the same frame and do no wrong.
    """
    about = broken(timeline)
    if pane.name == "tlbs":
        about = {ref: role for ref, role in about.items() if ref.region != "frame"}
    if not about:
        return pane
    rows = tuple(_row(row, about) for row in pane.rows)
    here = next((n for n, row in enumerate(rows) if row != pane.rows[n]), None)
    return pane if here is None else evolve(pane, rows=rows, current=here, lead=None)


def _row(row: Row, about: Mapping[Ref, str]) -> Row:
    marks = list(row)
    for number, mark in enumerate(row):
        role = about.get(mark.ref) if mark.ref else None
        if role is None:
            continue
        marks[number] = evolve(mark, role=role)
        sign = ROLES[role].glyph
        if number and _gutter(row[number - 1]):
            marks[number - 1] = Mark(sign, role, mark.ref, row[number - 1].changed)
        elif mark.text in FRAME_SIGNS and mark.ref and mark.ref.region == "frame":
            marks[number] = Mark(sign, role, mark.ref, mark.changed)
    return tuple(marks)


def _gutter(mark: Mark) -> bool:
    """Whether a mark is the place before a row or a frame that tells of changes."""
    return mark.ref is None and (mark == AS_BEFORE or mark.text == ROLES["changed"].glyph)
