"""What the times of a recording are worth."""

from __future__ import annotations

from itertools import islice

from luf_tui.ftrace.trace import Trace

_ENOUGH = 2000
SECOND = 1_000_000_000
"""Nanoseconds."""


def counts_seconds(trace: Trace) -> bool:
    """Whether its clock does: one that numbers events or cycles prints no decimal point."""
    times = trace.facts.time
    return any(not time.is_integer() for time in islice(times, _ENOUGH)) or not len(times)


def length(trace: Trace) -> float:
    """From the first event to the last, in the recording's clock."""
    return trace.survey.seconds


def share(trace: Trace, nanoseconds: int) -> float | None:
    """Of the time of all CPUs of the recording, in per cent; None where its clock is no clock."""
    whole = length(trace) * len(trace.survey.cpus)
    if not whole or not counts_seconds(trace):
        return None
    return 100 * nanoseconds / SECOND / whole
