"""What was seen when a condition was judged, in words: the second half of a failed expectation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from luf_tui.machine import events as ev
from luf_tui.machine.schema import PRESENT, STATE_NAMES
from luf_tui.oracle import truth
from luf_tui.oracle.oracle import DEVIATION, VIOLATION
from luf_tui.timeline.conditions.lookups import (
    Args,
    debt_of,
    entries_of,
    frame_of,
    mask_of,
    number,
    page_text,
    ptes_of,
)
from luf_tui.timeline.conditions.moment import Moment
from luf_tui.timeline.open_debts import owed
from luf_tui.timeline.tell.words import cpus, flags_text

Detail: TypeAlias = "Callable[[Moment, Args], str]"
MOST = 4
"""Things listed before the rest is counted."""


def told(name: str, seen: int, args: Args, moment: Moment) -> str:
    """What predicate `name`, whose answer was `seen`, saw."""
    teller = TOLD.get(name)
    return teller(moment, args) if teller else f"{name} is {seen}"


def listed(things: list[str], nothing: str) -> str:
    """A few things, and how many more there are."""
    more = f" and {len(things) - MOST} more" if len(things) > MOST else ""
    return ", ".join(things[:MOST]) + more or nothing


def last_read(moment: Moment) -> int:
    """The content the last read of the last operation gave, or -1."""
    found = [event.args["content"] for event in moment.happened((ev.READ, ev.DMA_READ))]
    return found[-1] if found else -1


def _entries(moment: Moment, args: Args) -> str:
    config = moment.machine.config
    things = []
    for entry in entries_of(moment, args):
        assert entry.mm
        assert entry.frame
        page = config.page_name(entry.mm.index, entry.vpn)
        stale = "stale" if truth.stale(moment.machine, entry) else "up to date"
        who = moment.machine.tlb_owner(entry)
        things.append(f"{who} has {page} → f{entry.frame.pfn}, {stale}")
    cpu = number(args, "cpu")
    who = f"cpu{cpu} has" if cpu >= 0 else "no cpu has"
    return listed(things, f"{who} {'no' if cpu >= 0 else 'an'} entry for {page_text(moment, args)}")


def _mapping(moment: Moment, args: Args) -> str:
    things = []
    for pte in ptes_of(moment, args):
        mm, vpn = moment.machine.place(pte.index)
        page = moment.machine.config.page_name(mm, vpn)
        if pte.kind == PRESENT and pte.frame:
            things.append(f"{page} → f{pte.frame.pfn} {flags_text(pte.writable)}")
        elif pte.slot:
            things.append(f"{page} is in swap slot {pte.slot.index}")
    return listed(things, f"{page_text(moment, args)} is not mapped")


def _frame(moment: Moment, args: Args) -> str:
    frame = frame_of(moment, args)
    if not frame:
        return f"{page_text(moment, args)} has no frame"
    machine = moment.machine
    node = machine.config.nodes[machine.zone_of(frame).index].name
    holds = machine.config.content_name(frame.content)
    return f"f{frame.pfn} on {node} is {STATE_NAMES[frame.state]} and holds {holds}"


def _owed(moment: Moment, args: Args) -> str:
    if not {"pfn", "vpn", "page"} & set(args):
        return f"frames that wait for a flush: {owed(moment.policy, moment.machine)}"
    frame = frame_of(moment, args)
    if not frame:
        return f"{page_text(moment, args)} has no frame"
    debt = debt_of(moment, args)
    if debt is None:
        return f"f{frame.pfn} waits for no flush"
    return f"f{frame.pfn} waits for {cpus(debt.left)}: its flush is {debt.state}"


def _mask(kind: int, verb: str) -> Detail:
    def say(moment: Moment, args: Args) -> str:
        return f"{cpus(mask_of(moment, kind))} {verb} in the last operation"

    return say


def _reads(moment: Moment, args: Args) -> str:
    content = last_read(moment)
    if content < 0:
        return "the last operation read nothing"
    return f"the last operation read {moment.machine.config.content_name(content)}"


def _findings(weight: str) -> Detail:
    def say(moment: Moment, args: Args) -> str:
        things = [
            f"{found.rule} {found.obligation}: {found.message}"
            for found in moment.findings
            if found.weight == weight
        ]
        return listed(things, f"no {weight}")

    return say


def _blocked(moment: Moment, args: Args) -> str:
    task = number(args, "task")
    depth = moment.machine.task_ctx(moment.machine.task[task]).depth
    name = moment.machine.config.tasks[task].name
    return f"{name} is in the middle of an operation" if depth else f"{name} has nothing to finish"


TOLD: Mapping[str, Detail] = {
    **dict.fromkeys(("stale", "cached"), _entries),
    **dict.fromkeys(("mapped", "writable", "swapped", "accessed"), _mapping),
    **dict.fromkeys(("free", "on", "content"), _frame),
    **dict.fromkeys(("owed", "being-paid"), _owed),
    "flushed": _mask(ev.FLUSH, "flushed"),
    "interrupted": _mask(ev.RECEIVE, "took an IPI"),
    "reads": _reads,
    "violation": _findings(VIOLATION),
    "deviation": _findings(DEVIATION),
    "blocked": _blocked,
}
"""What each predicate saw; the others say their number."""
