"""What a replay keeps beside the machine: unsettled batches, and what did not fit."""

from __future__ import annotations

from attrs import define, field

BEFORE_COPY, BEFORE_FREE = 0, 1


@define
class Batch:
    """What one task has unmapped and not settled yet."""

    gate: int = BEFORE_COPY
    """What it is settled before, as a number of recorded.GATES."""
    bracket: bool = False
    """Between the events of a migration's start and end."""
    frames: list[int] = field(factory=list)
    later: list[int] = field(factory=list)
    """Facts held back until the flush that has to come before them."""


@define
class Odd:
    """What the recording and the model disagree on."""

    taken_twice: int = 0
    """Allocations of a frame that the model had in use."""
    freed_twice: int = 0
    """Frees of a frame that the model had free."""
    not_placed: int = 0
    """Requests of tasks whose address space is not known; counted, not carried out."""
    early: int = 0
    """Batches settled before the recording ended them, since a frame of theirs was wanted."""
