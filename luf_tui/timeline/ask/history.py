"""Every write to one thing, over the whole run."""

from __future__ import annotations

from luf_tui.machine.refs import Ref
from luf_tui.timeline.answers import Change, Write
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline


def cells_of(timeline: Timeline, ref: Ref) -> tuple[int, int]:
    """The cells of a record, or of one field of it: first, and after the last.

    Raises KeyError for an unknown region or field and IndexError for an unknown record.
    """
    region = timeline.machine.regions[ref.region]
    if not 0 <= ref.index < len(region):
        raise IndexError(ref.index)
    base = region.base + ref.index * region.size
    if not ref.field:
        return base, base + region.size
    for field in region.kind.FIELDS:
        if field.name == ref.field:
            return base + field.offset, base + field.offset + 1
    raise KeyError(ref.field)


@per_run(most=64)
def history(timeline: Timeline, ref: Ref) -> tuple[Write, ...]:
    """All writes to a record or field, oldest first."""
    region = timeline.machine.regions[ref.region]
    base, fields = region.base, region.kind.FIELDS
    return tuple(
        Write(
            step,
            Ref(ref.region, ref.index, fields[(cell - base) % region.size].name),
            cell,
            old,
            new,
        )
        for step, cell, old, new in timeline.all_writes(*cells_of(timeline, ref))
    )


def last_write(timeline: Timeline, ref: Ref, position: int) -> int:
    """The micro-step that last wrote a record or field, up to a position; 0 is never."""
    return timeline.last_write(*cells_of(timeline, ref), position)


def changed(timeline: Timeline, write: Change | Write) -> str:
    """What a write did, or a change to what is now, in the machine's words: `frame f0 → none`."""
    step = write.step if isinstance(write, Write) else timeline.position
    old = _told(timeline, write, write.old, step - 1)
    new = _told(timeline, write, write.new, step)
    return f"{write.ref.field} {old} → {new}"


def _told(timeline: Timeline, write: Change | Write, value: int, step: int) -> str:
    """What a cell held after a micro-step, as a person reads it; a virtual page by its name in its
    address space.
    """
    if (write.ref.region, write.ref.field) != ("tlb", "vpn"):
        return timeline.machine.told(write.cell, value)
    space = _space(timeline, write.ref.index, step)
    return timeline.config.page_name(space, value) if space >= 0 else "none"


def _space(timeline: Timeline, entry: int, step: int) -> int:
    """Whose translation a TLB entry was after a micro-step; -1 for nobody's."""
    known = [one for one in history(timeline, Ref("tlb", entry, "mm")) if one.step <= step]
    return known[-1].new - 1 if known else -1
