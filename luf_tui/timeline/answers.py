"""What a timeline answers with: small frozen values."""

from __future__ import annotations

from attrs import frozen

from luf_tui.machine.refs import Ref


@frozen
class Outcome:
    """How an expectation came out: judged at `position`, with what was seen."""

    item: int
    position: int
    held: bool
    detail: str


@frozen
class Refusal:
    """An operation the machine refused. The run is kept up to `position`, unless it was a line of a
    race or behind one, which is passed over in that order.
    """

    item: int
    position: int
    reason: str
    line: int = 0
    """The line that was passed over; 0 where the run ended."""


@frozen
class Counters:
    """Totals from the start up to and including one position."""

    steps: int = 0
    ipis: int = 0
    """CPUs that were sent an IPI, summed over all shootdowns."""
    sends: int = 0
    """Shootdowns: one per round of IPIs."""
    interrupted: int = 0
    """IPIs taken."""
    flushes: int = 0
    """Times a CPU dropped entries."""
    deferred: int = 0
    """Frames freed so far without their flush."""
    paid: int = 0
    """Deferred flushes that fired and are over: everybody has flushed."""
    saved: int = 0
    """Deferred flushes that had become needless."""
    stale_hits: int = 0
    deviations: int = 0
    violations: int = 0


@frozen
class Change:
    """One field that differs between two positions."""

    ref: Ref
    cell: int
    old: int
    new: int


@frozen
class Write:
    """One write in the history of a record or field."""

    step: int
    ref: Ref
    cell: int
    old: int
    new: int


@frozen
class Link:
    """One link of an explanation, the effect first and its causes after it."""

    text: str
    step: int
    """The micro-step it happened in: 0 is the power-on state, -1 when it is not in this run."""
    event: int = -1
    """The event it is about, or -1."""
    ref: Ref | None = None
    """What to look at."""
