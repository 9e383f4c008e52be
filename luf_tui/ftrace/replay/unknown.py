"""What a recording does not tell, and what the replay takes in its place."""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.ftrace.replay.outcome import PolicyOutcome
from luf_tui.ftrace.trace import Trace

NEVER = (
    "What no such recording tells: how long programs would have run, the TLB misses that flushes "
    "cause, and what TLBs hold (a CPU counts that has the page's address space loaded, lazily or "
    "not); what munmap, mprotect and exit unmap, and what write() changes, for which LUF would pay "
    "too; which CPU's list of free pages drains when, and which other page an allocation would "
    "have got; and the order in which a batch is done."
)


def not_known(trace: Trace, outcomes: Sequence[PolicyOutcome]) -> list[str]:
    """What this recording does not tell that another might, in sentences."""
    said = [*trace.survey.unknown]
    odd = outcomes[0].odd if outcomes else None
    if odd is None:
        return said
    if odd.not_placed:
        said.append(
            f"The address space of {odd.not_placed:,} flush requests: they settle no debt "
            "under any policy."
        )
    twice = [
        f"{odd.taken_twice:,} frames that were used without having been allocated",
        f"{odd.freed_twice:,} that were freed while free",
    ]
    counts = (odd.taken_twice, odd.freed_twice)
    told = [text for text, number in zip(twice, counts, strict=True) if number]
    if told:
        said.append(f"What happened to {' and '.join(told)}.")
    return said
