"""Conditions of a script, judged against the machine and the run up to one position.

A predicate answers with a number: a count, or 1 and 0. `relation` compares it; without one,
anything but 0 holds. *Recent* is the last operation line.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from luf_tui.errors import LufError, nearest
from luf_tui.machine import events as ev
from luf_tui.machine.schema import FREE_STATES, MIGRATION, PRESENT, SWAP, Pte, TlbEntry
from luf_tui.oracle import truth
from luf_tui.oracle.oracle import DEVIATION, VIOLATION
from luf_tui.script.program import Condition, Value
from luf_tui.timeline.moments import Moment, moment_at

if TYPE_CHECKING:
    from luf_tui.timeline.timeline import Timeline

Args: TypeAlias = "Mapping[str, Value]"
Predicate: TypeAlias = "Callable[[Moment, Args], int]"


@frozen
class Verdict:
    """How a condition came out, and what was seen."""

    held: bool
    detail: str


def judge(condition: Condition, moment: Moment) -> Verdict:
    """Whether a condition holds now. Raises LufError for a predicate nobody knows."""
    name = condition.predicate
    predicate = PREDICATES.get(name)
    if predicate is None:
        raise LufError(f"nobody knows the condition '{name}'. {nearest(name, PREDICATES)}".strip())
    seen = predicate(moment, _named(condition.args))
    if condition.relation:
        held = RELATIONS[condition.relation](seen, condition.value)
    else:
        held = bool(seen)
    held = held != condition.negated
    told = f"{name} is {seen}" if condition.relation or seen > 1 else "it is so" if seen else "no"
    return Verdict(held, told)


def holds_at(timeline: Timeline, condition: Condition, position: int) -> bool:
    """Whether a condition held at a position of a recorded run. The cursor stays."""
    with timeline.visit(position):
        return judge(condition, moment_at(timeline)).held


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

# -- arguments ------------------------------------------------------------------------------------


def _number(args: Args, name: str, default: int = -1) -> int:
    value = args.get(name, default)
    return value if isinstance(value, int) else default


def _named(args: Args) -> Args:
    """The arguments with a target told by its page."""
    target = args.get("target")
    if not isinstance(target, tuple) or not target:
        return args
    kind, first, *rest = (n for n in target if isinstance(n, int))
    return {**args, **({"page": first} if kind == 1 else {"mm": first, "vpn": rest[0]})}


def _cpus(moment: Moment, args: Args) -> range | list[int]:
    """The CPUs asked about: those of a mask, one, or all."""
    mask, cpu = _number(args, "mask"), _number(args, "cpu")
    if mask >= 0:
        return [n for n in range(moment.machine.config.cpus) if mask >> n & 1]
    return [cpu] if cpu >= 0 else range(moment.machine.config.cpus)


def _frame(moment: Moment, args: Args) -> int:
    """The frame asked about: by number, by page of an address space, or by place in a file."""
    if "pfn" in args:
        return _number(args, "pfn")
    if "vpn" in args:
        mm, vpn = _number(args, "mm"), _number(args, "vpn")
        pte = moment.machine.pte_at(mm, vpn)
        if pte.kind in (PRESENT, MIGRATION):
            return pte.pfn - 1
        return _last_frame(moment, mm, vpn)
    if "page" in args:
        return moment.machine.file_page[_number(args, "page")].frame - 1
    return -1


def _last_frame(moment: Moment, mm: int, vpn: int) -> int:
    """The frame a page was unmapped from last."""
    at = (mm, vpn)
    found = [
        event.args["pfn"]
        for event in moment.happened((ev.UNMAP,), recent=False)
        if (event.args["mm"], event.args["vpn"]) == at
    ]
    return found[-1] if found else -1


def _places(moment: Moment, args: Args) -> list[tuple[int, int]] | None:
    """The pages of address spaces asked about: one, or every mapping of a place in a file; None
    is all there are.
    """
    if "vpn" in args:
        return [(_number(args, "mm"), _number(args, "vpn"))]
    if "page" not in args:
        return None
    pages = moment.machine.config.pages
    wanted = _number(args, "page") + 1
    return [divmod(vma.index, pages) for vma in moment.machine.vma if vma.file_page == wanted]


def _entries(moment: Moment, args: Args) -> list[TlbEntry]:
    """Cached translations of the pages and on the CPUs asked about."""
    places = _places(moment, args)
    return [
        entry
        for cpu in _cpus(moment, args)
        for entry in moment.machine.tlb_of(cpu)
        if entry.mm and (places is None or (entry.mm - 1, entry.vpn) in places)
    ]


def _ptes(moment: Moment, args: Args) -> list[Pte]:
    """Page-table entries of the pages asked about."""
    places = _places(moment, args)
    if places is None:
        return list(moment.machine.pte)
    return [moment.machine.pte_at(mm, vpn) for mm, vpn in places]


# -- what there is --------------------------------------------------------------------------------


def _cached(moment: Moment, args: Args) -> int:
    return len(_entries(moment, args))


def _stale(moment: Moment, args: Args) -> int:
    return sum(truth.stale(moment.machine, entry) for entry in _entries(moment, args))


def _mapped(moment: Moment, args: Args) -> int:
    pfn = _number(args, "pfn")
    return sum(pte.kind == PRESENT and pfn in (-1, pte.pfn - 1) for pte in _ptes(moment, args))


def _writable(moment: Moment, args: Args) -> int:
    return sum(pte.kind == PRESENT and pte.writable for pte in _ptes(moment, args))


def _swapped(moment: Moment, args: Args) -> int:
    return sum(pte.kind == SWAP for pte in _ptes(moment, args))


def _free(moment: Moment, args: Args) -> int:
    pfn = _frame(moment, args)
    return int(pfn >= 0 and moment.machine.frame[pfn].state in FREE_STATES)


def _on(moment: Moment, args: Args) -> int:
    pfn = _frame(moment, args)
    machine = moment.machine
    return int(0 <= pfn < machine.zero_page and machine.node_of[pfn] == _number(args, "node"))


def _owed(moment: Moment, args: Args) -> int:
    if not {"pfn", "vpn", "page"} & set(args):
        return moment.counters.owed
    pfn = _frame(moment, args)
    mask = moment.policy.owed(moment.machine, pfn) if pfn >= 0 else 0
    wanted = _number(args, "mask")
    return int(bool(mask) and (wanted < 0 or mask & wanted == wanted))


def _content(moment: Moment, args: Args) -> int:
    pfn = _frame(moment, args)
    return int(pfn >= 0 and moment.machine.frame[pfn].content == _number(args, "content"))


def _blocked(moment: Moment, args: Args) -> int:
    return int(bool(moment.machine.ctx[moment.machine.task_ctx(_number(args, "task"))].depth))


# -- what happened --------------------------------------------------------------------------------


def _flushed(moment: Moment, args: Args) -> int:
    """Whether every CPU asked about flushed in the last operation; any CPU when none is named."""
    flushed = {event.cpu for event in moment.happened((ev.FLUSH,))}
    if "mask" not in args and "cpu" not in args:
        return len(flushed)
    return int(flushed.issuperset(_cpus(moment, args)))


def _got_ipi(moment: Moment, args: Args) -> int:
    """Whether every CPU asked about was interrupted in the last operation."""
    if "mask" not in args and "cpu" not in args:
        return moment.counters.interrupted
    taken = {event.cpu for event in moment.happened((ev.RECEIVE,))}
    return int(taken.issuperset(_cpus(moment, args)))


def _happened(moment: Moment, args: Args) -> int:
    """How often a kind of event happened so far, with these arguments."""
    kind = args.get("kind", "")
    number = ev.BY_NAME[kind].number if isinstance(kind, str) else _number(args, "kind")
    wanted = {n: v for n, v in args.items() if n != "kind" and isinstance(v, int)}
    cpu = wanted.pop("cpu", -1)
    return sum(
        wanted.items() <= event.args.items() and cpu in (-1, event.cpu)
        for event in moment.happened((number,), recent=False)
    )


def _reads(moment: Moment, args: Args) -> int:
    """Whether the last read in the last operation gave a content."""
    found = [event.args["content"] for event in moment.happened((ev.READ,))]
    return int(bool(found) and found[-1] == _number(args, "content"))


def _signal(*kinds: int) -> Predicate:
    """Whether one of the CPUs asked about got a signal in the last operation."""

    def asked(moment: Moment, args: Args) -> int:
        cpus = _cpus(moment, args)
        return sum(event.cpu in cpus for event in moment.happened(kinds))

    return asked


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
        number: int = getattr(moment.counters, name)
        return number

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
    "free": _free,
    "on": _on,
    "owed": _owed,
    "content": _content,
    "blocked": _blocked,
    "flushed": _flushed,
    "interrupted": _got_ipi,
    "event": _happened,
    "reads": _reads,
    "sigsegv": _signal(ev.SIGSEGV),
    "sigbus": _signal(ev.SIGBUS),
    "fault": _signal(ev.FAULT),
    "monitor-told": _signal(ev.UFFD),
}
"""Every predicate by the name that scripts use."""
