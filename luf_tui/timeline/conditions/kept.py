"""What conditions need of what happened, kept in a few numbers where there is no log to look at.

A search meets a state on many ways and keeps no events. What a condition asks of them is folded
into a number, event by event; a count goes no further than where it makes no difference any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import frozen

from luf_tui.machine import events as ev
from luf_tui.machine.event_log import EventLog
from luf_tui.oracle.oracle import BENIGN, DEVIATION, VIOLATION
from luf_tui.script.program import Condition
from luf_tui.timeline.conditions.lookups import Args, named, number
from luf_tui.timeline.conditions.predicates import FINDING_ARGS, OF_EVENTS
from luf_tui.timeline.store.event_index import COUNTED

Take: TypeAlias = "Callable[[int, EventLog, int], int]"
"""The number so far, and event `n` of a log: the number with it."""


@frozen
class Need:
    """What one condition needs of what happened."""

    kinds: frozenset[int]
    """Kinds of events that change it."""
    take: Take
    recent: bool = False
    """Only the last operation counts."""
    weight: str = ""
    """It counts findings of the oracle of this weight."""
    steps: bool = False
    """It counts micro-steps."""
    paid: bool = False
    """It counts deferred flushes that are over."""
    frames: bool = False
    """It is the frame that a page had last; `take` gives its number plus one."""
    most: int = 1
    """A count that is larger makes no difference."""
    answer: Callable[[int], int] = int
    """What the predicate answers with."""


def need_of(condition: Condition) -> Need | None:
    """What a condition needs of what happened; None where the machine as it stands is enough."""
    name, args = condition.predicate, named(condition.args)
    if name in AS_IT_STANDS:
        return None
    if name in ABOUT_A_FRAME:
        return _last_frame(args)
    most = condition.value + 1 if condition.relation else 1
    if name in MASKS and ("mask" in args or "cpu" in args or name == "flushed"):
        return _mask(MASKS[name], args)
    if name == "reads":
        return _read(number(args, "content"))
    if name in OF_EVENTS:
        return _signals(OF_EVENTS[name], args, most)
    if name in ("violation", "deviation"):
        return Need(frozenset(), _unchanged, weight=FOUND[name], most=most)
    if name == "steps":
        return Need(frozenset(), _unchanged, steps=True, most=most)
    if name == "paid":
        return Need(frozenset(), _unchanged, paid=True, most=most)
    if name == "ipis":
        return Need(frozenset((ev.SEND,)), _ipis(most), most=most)
    if name == "event":
        return _count(ev.BY_NAME[str(args["kind"])], most)
    return _count(COUNTED[name.replace("-", "_")], most)


AS_IT_STANDS = ("stale", "cached", "mapped", "writable", "swapped", "accessed", "blocked")
"""Predicates that need nothing of what happened."""
ABOUT_A_FRAME = ("free", "on", "content", "owed", "being-paid")
"""Predicates that look at the frame that a page has, or had last."""
MASKS: Mapping[str, int] = {"flushed": ev.FLUSH, "interrupted": ev.RECEIVE}
FOUND: Mapping[str, str] = {"violation": VIOLATION, "deviation": DEVIATION}
WEIGHTS: Mapping[int, str] = {ev.STALE: BENIGN, ev.DEVIATION: DEVIATION, ev.VIOLATION: VIOLATION}
"""Events that a recording has for findings; a search has the findings themselves."""


def found(condition: Condition, finding: object) -> bool:
    """Whether a finding is one that a condition asks for."""
    asked = [(name, condition.args[name]) for name in FINDING_ARGS if name in condition.args]
    return all(getattr(finding, name) == value for name, value in asked)


def _unchanged(value: int, _log: EventLog, _event: int) -> int:
    return value


def _count(kind: int, most: int) -> Need:
    if kind in WEIGHTS:
        return Need(frozenset(), _unchanged, weight=WEIGHTS[kind], most=most)
    return Need(frozenset((kind,)), lambda value, _log, _event: min(value + 1, most), most=most)


def _ipis(most: int) -> Take:
    def take(value: int, log: EventLog, event: int) -> int:
        return min(value + log.argument(event, ev.SEND.mask).bit_count(), most)

    return take


def _mask(kind: int, args: Args) -> Need:
    """CPUs that had an event in the last operation: all that are asked about, or how many."""
    wanted = number(args, "mask")
    if wanted < 0:
        wanted = 1 << number(args, "cpu") if "cpu" in args else 0

    def take(value: int, log: EventLog, event: int) -> int:
        cpu = 1 << log.cpu_of(event)
        return value | (cpu & wanted if wanted else cpu)

    def answer(value: int) -> int:
        return int(value == wanted) if wanted else value.bit_count()

    return Need(frozenset((kind,)), take, recent=True, answer=answer)


def _read(content: int) -> Need:
    """Whether what was read last in the last operation is a content."""

    def take(_value: int, log: EventLog, event: int) -> int:
        place = ev.READ.content if log.kind_of(event) == ev.READ else ev.DMA_READ.content
        return int(log.argument(event, place) == content)

    return Need(frozenset((ev.READ, ev.DMA_READ)), take, recent=True)


def _signals(kind: int, args: Args, most: int) -> Need:
    cpu = number(args, "cpu")

    def take(value: int, log: EventLog, event: int) -> int:
        return min(value + (cpu < 0 or log.cpu_of(event) == cpu), most)

    return Need(frozenset((kind,)), take, recent=True, most=most)


def _last_frame(args: Args) -> Need | None:
    if "vpn" in args:
        wanted = number(args, "mm"), number(args, "vpn")

        def unmapped(value: int, log: EventLog, event: int) -> int:
            page = log.argument(event, ev.UNMAP.mm), log.argument(event, ev.UNMAP.vpn)
            return log.argument(event, ev.UNMAP.pfn) + 1 if page == wanted else value

        return Need(frozenset((ev.UNMAP,)), unmapped, frames=True)
    if "page" in args:
        page = number(args, "page")

        def dropped(value: int, log: EventLog, event: int) -> int:
            same = log.argument(event, ev.UNCACHE.page) == page
            return log.argument(event, ev.UNCACHE.pfn) + 1 if same else value

        return Need(frozenset((ev.UNCACHE,)), dropped, frames=True)
    return None
