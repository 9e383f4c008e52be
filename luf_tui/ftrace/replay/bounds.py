"""Between what a policy's figures lie, where a recording leaves open what it would have done."""

from __future__ import annotations

from array import array

from attrs import evolve, frozen

from luf_tui.ftrace.meaning.facts import FactKind, Flag
from luf_tui.ftrace.replay.flush_bill import FlushBill, bill_of, still_owed
from luf_tui.ftrace.replay.outcome import PolicyOutcome
from luf_tui.ftrace.trace import Trace
from luf_tui.machine.config import Costs

WRITABLE = "a mapping is writable"
_UNMAP = int(FactKind.UNMAP)
_UNSURE, _MAY = int(Flag.UNSURE), ~int(Flag.WRITABLE)


@frozen
class Bounds:
    """The least and the most that a policy's shootdowns may have been."""

    least: FlushBill
    """Of PTEs whose rights are not known, counted as read-only or as writable, whichever is less;
    what is owed at the end is never paid."""
    most: FlushBill
    """The other one, and all that is owed at the end is paid."""


def hinges_on_rights(trace: Trace, outcome: PolicyOutcome) -> bool:
    """Whether a policy might have deferred more, had it known what PTEs allowed."""
    return bool(trace.survey.recorded.unmaps_unsure and outcome.refused[WRITABLE])


def read_only(trace: Trace) -> Trace:
    """The same recording, with PTEs whose rights it does not tell counted as read-only."""
    flags = array("I", trace.facts.flags)
    for at in trace.facts.of(_UNMAP):
        if flags[at] & _UNSURE:
            flags[at] &= _MAY
    return evolve(trace, facts=evolve(trace.facts, flags=flags))


def bounds_of(outcome: PolicyOutcome, other: PolicyOutcome | None, costs: Costs) -> Bounds:
    """The bounds of a policy, from its play and the one with unsure PTEs counted as read-only."""
    plays = [outcome, *([other] if other else [])]
    least = [bill_of(one.flushes, costs) for one in plays]
    most = [
        bill + still_owed(one.debts.owing, costs) for bill, one in zip(least, plays, strict=True)
    ]
    return Bounds(min(least, key=_total), max(most, key=_total))


def _total(bill: FlushBill) -> tuple[int, int]:
    return bill.shootdowns, bill.total
