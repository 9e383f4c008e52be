"""Which micro-steps of a run tell what is broken in it: what a diagram is drawn of."""

from __future__ import annotations

from attrs import frozen

from luf_tui.oracle.oracle import VIOLATION, Finding
from luf_tui.script.program import Race
from luf_tui.timeline.timeline import Timeline


@frozen
class Story:
    """The micro-steps that are drawn, and what is broken in them, if anything is."""

    steps: range
    finding: Finding | None = None


def story(timeline: Timeline, until: int) -> Story:
    """What to draw of a run up to a position: where something is broken by then, from the race
    that breaks it or the line that made it possible, to the first access that shows it; else from
    the last race, or from the start.
    """
    findings = (found for found in timeline.findings if found.step <= until)
    broken = [found for found in findings if found.weight == VIOLATION]
    if not broken:
        return Story(range(_race(timeline, until), until + 1))
    first = broken[0]
    place = (first.mm, first.vpn, first.pfn)
    shown = [one for one in broken if one.rule != "C" and (one.mm, one.vpn, one.pfn) == place]
    finding = shown[0] if shown else first
    begins = _race(timeline, first.step)
    if begins == 1 and first.cause >= 0:
        item = timeline.item_at(timeline.step_of_event(first.cause))
        begins = max(1, timeline.item_steps(item).start)
    return Story(range(begins, finding.step + 1), finding)


def _race(timeline: Timeline, before: int) -> int:
    """The first micro-step of the last race that begins before a position; 1 without one."""
    program = timeline.program
    if program.recorded is not None:
        return 1
    begun = [
        timeline.item_steps(number).start
        for number, item in enumerate(program.items)
        if isinstance(item, Race) and timeline.item_steps(number)
    ]
    return max((step for step in begun if step <= before), default=1)
