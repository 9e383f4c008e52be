"""Conditions of a script, judged against the machine and the run up to one position.

A predicate answers with a number: a count, or 1 and 0. `relation` compares it; without one,
anything but 0 holds. *Recent* is the last operation line.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.machine import events as ev
from luf_tui.machine.schema import FREE_STATES, PRESENT, SWAP
from luf_tui.oracle import truth
from luf_tui.oracle.oracle import DEVIATION, VIOLATION
from luf_tui.policy.base import PAYING
from luf_tui.script.program import Condition
from luf_tui.timeline import open_debts
from luf_tui.timeline.conditions.detail import last_read, told
from luf_tui.timeline.conditions.lookups import (
    Args,
    cpus_of,
    debt_of,
    entries_of,
    frame_of,
    mask_of,
    named,
    number,
    ptes_of,
)
from luf_tui.timeline.conditions.moment import Moment, moment_at

if TYPE_CHECKING:
    from luf_tui.timeline.timeline import Timeline

Predicate: TypeAlias = "Callable[[Moment, Args], int]"


@frozen
class Verdict:
    """How a condition came out, and what was seen."""

    held: bool
    detail: str


def judge(condition: Condition, moment: Moment) -> Verdict:
    """Whether a condition holds now. Raises LufError for a predicate nobody knows."""
    count = seen(condition, moment)
    held = holds(condition, count)
    return Verdict(held, told(condition.predicate, count, named(condition.args), moment))


def holds(condition: Condition, count: int) -> bool:
    """Whether a condition holds where its predicate answers with this number."""
    if condition.relation:
        return RELATIONS[condition.relation](count, condition.value) != condition.negated
    return bool(count) != condition.negated


def seen(condition: Condition, moment: Moment) -> int:
    """The number that a condition's predicate answers with now, whatever it is compared to."""
    name = condition.predicate
    predicate = PREDICATES.get(name)
    if predicate is None:
        raise LufError(with_hint(f"nobody knows the condition '{name}'", nearest(name, PREDICATES)))
    return predicate(moment, named(condition.args))


def scan(
    timeline: Timeline, condition: Condition, positions: range
) -> Generator[tuple[int, bool], None, None]:
    """Positions one after the other with whether a condition held there.

    The cursor goes along, and comes back when the scan is over or closed.
    """
    before = timeline.position
    try:
        for position in positions:
            timeline.seek(position)
            yield position, judge(condition, moment_at(timeline)).held
    finally:
        timeline.seek(before)


RELATIONS: Mapping[str, Callable[[int, int], bool]] = {
    "=": eq,
    "==": eq,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}

# -- what there is --------------------------------------------------------------------------------


def _cached(moment: Moment, args: Args) -> int:
    return len(entries_of(moment, args))


def _stale(moment: Moment, args: Args) -> int:
    return sum(truth.stale(moment.machine, entry) for entry in entries_of(moment, args))


def _mapped(moment: Moment, args: Args) -> int:
    pfn = number(args, "pfn")
    present = [pte.frame for pte in ptes_of(moment, args) if pte.kind == PRESENT]
    return sum(frame is not None and pfn in (-1, frame.pfn) for frame in present)


def _writable(moment: Moment, args: Args) -> int:
    return sum(pte.kind == PRESENT and pte.writable for pte in ptes_of(moment, args))


def _swapped(moment: Moment, args: Args) -> int:
    return sum(pte.kind == SWAP for pte in ptes_of(moment, args))


def _accessed(moment: Moment, args: Args) -> int:
    return sum(pte.kind == PRESENT and pte.accessed for pte in ptes_of(moment, args))


def _free(moment: Moment, args: Args) -> int:
    frame = frame_of(moment, args)
    return int(frame is not None and frame.state in FREE_STATES)


def _on(moment: Moment, args: Args) -> int:
    frame, m = frame_of(moment, args), moment.machine
    if not frame or frame is m.zero_page:
        return 0
    return int(m.zone_of(frame).index == number(args, "node"))


def _owed(moment: Moment, args: Args) -> int:
    if not {"pfn", "vpn", "page"} & set(args):
        return open_debts.owed(moment.policy, moment.machine)
    debt = debt_of(moment, args)
    wanted = number(args, "mask")
    return int(debt is not None and (wanted < 0 or debt.left & wanted == wanted))


def _being_paid(moment: Moment, args: Args) -> int:
    """Whether the flush of a page's frame is on its way; without a page, how many frames'."""
    if not {"pfn", "vpn", "page"} & set(args):
        known = open_debts.debts_of(moment.policy, moment.machine)
        return len({pfn for one in known if one.state == PAYING for pfn in one.all_frames})
    debt = debt_of(moment, args)
    return int(debt is not None and debt.state == PAYING)


def _content(moment: Moment, args: Args) -> int:
    frame = frame_of(moment, args)
    return int(frame is not None and frame.content == number(args, "content"))


def _blocked(moment: Moment, args: Args) -> int:
    m = moment.machine
    return int(bool(m.task_ctx(m.task[number(args, "task")]).depth))


# -- what happened --------------------------------------------------------------------------------


def _flushed(moment: Moment, args: Args) -> int:
    """Whether every CPU asked about flushed in the last operation; any CPU when none is named."""
    flushed = mask_of(moment, ev.FLUSH)
    if "mask" not in args and "cpu" not in args:
        return flushed.bit_count()
    return int(all(flushed >> cpu & 1 for cpu in cpus_of(moment, args)))


def _got_ipi(moment: Moment, args: Args) -> int:
    """Whether every CPU asked about was interrupted in the last operation."""
    if "mask" not in args and "cpu" not in args:
        return moment.counters.interrupted
    taken = mask_of(moment, ev.RECEIVE)
    return int(all(taken >> cpu & 1 for cpu in cpus_of(moment, args)))


def _happened(moment: Moment, args: Args) -> int:
    """How often a kind of event happened so far, with these arguments."""
    kind = args.get("kind", "")
    which = ev.BY_NAME[kind] if isinstance(kind, str) else number(args, "kind")
    wanted = {n: v for n, v in args.items() if n != "kind" and isinstance(v, int)}
    cpu = wanted.pop("cpu", -1)
    if not wanted and cpu == -1:
        return moment.count(which)
    return sum(
        wanted.items() <= event.args.items() and cpu in (-1, event.cpu)
        for event in moment.happened((which,), recent=False)
    )


def _reads(moment: Moment, args: Args) -> int:
    """Whether the last read in the last operation gave a content."""
    found = last_read(moment)
    return int(found >= 0 and found == number(args, "content"))


def _signal(kind: int) -> Predicate:
    """How often one of the CPUs asked about had an event of a kind in the last operation."""

    def asked(moment: Moment, args: Args) -> int:
        cpus = cpus_of(moment, args)
        return sum(event.cpu in cpus for event in moment.happened((kind,)))

    return asked


OF_EVENTS: Mapping[str, int] = {
    "sigsegv": ev.SIGSEGV,
    "sigbus": ev.SIGBUS,
    "fault": ev.FAULT,
    "monitor-told": ev.UFFD,
}
"""Predicates that ask for events of a kind in the last operation."""

FINDING_ARGS = ("rule", "obligation", "cpu", "mm", "vpn", "pfn", "read", "expected")


def _found(weight: str) -> Predicate:
    """How many findings of a weight there are: of one rule, obligation, CPU, or bytes read."""

    def asked(moment: Moment, args: Args) -> int:
        wanted = [(name, args[name]) for name in FINDING_ARGS if name in args]
        return sum(
            found.weight == weight and all(getattr(found, name) == value for name, value in wanted)
            for found in moment.findings
        )

    return asked


def _counter(name: str) -> Predicate:
    def asked(moment: Moment, args: Args) -> int:
        total: int = getattr(moment.counters, name)
        return total

    return asked


COUNTERS = (
    "ipis", "sends", "flushes", "deferred", "paid", "saved", "stale_hits", "steps",
)  # fmt: skip

PREDICATES: dict[str, Predicate] = {
    **{name.replace("_", "-"): _counter(name) for name in COUNTERS},
    "violation": _found(VIOLATION),
    "deviation": _found(DEVIATION),
    "cached": _cached,
    "stale": _stale,
    "mapped": _mapped,
    "writable": _writable,
    "swapped": _swapped,
    "accessed": _accessed,
    "free": _free,
    "on": _on,
    "owed": _owed,
    "being-paid": _being_paid,
    "content": _content,
    "blocked": _blocked,
    "flushed": _flushed,
    "interrupted": _got_ipi,
    "event": _happened,
    "reads": _reads,
    **{name: _signal(kind) for name, kind in OF_EVENTS.items()},
}
"""Every predicate by the name that scripts use."""
