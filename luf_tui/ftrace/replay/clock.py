"""What the times of a recording are worth."""

from __future__ import annotations

from luf_tui.ftrace.trace import Trace

SECOND = 1_000_000_000
"""Nanoseconds."""


def counts_seconds(trace: Trace) -> bool:
    """Whether its clock does: one that numbers events or cycles prints no decimal point."""
    return trace.survey.tally.counted <= 0


def length(trace: Trace) -> float:
    """From the first event to the last, in the recording's clock."""
    return trace.survey.seconds


def share(trace: Trace, nanoseconds: int) -> float | None:
    """Of the time of all CPUs of the recording, in per cent; None where its clock is no clock."""
    whole = length(trace) * len(trace.survey.cpus)
    if not whole or not counts_seconds(trace):
        return None
    return 100 * nanoseconds / SECOND / whole
