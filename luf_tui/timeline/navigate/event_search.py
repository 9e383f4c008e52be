"""Finding events by what they are and whom they concern, both ways."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from attrs import frozen

from luf_tui.machine.events import BY_NAME, KINDS
from luf_tui.machine.kind import MEANING
from luf_tui.script.program import Recorded
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.tell.narrate import sentence
from luf_tui.timeline.timeline import Timeline


@frozen
class Query:
    """What to look for; everything given must match. -1 and empty are anything."""

    text: str = ""
    """Words of the event's sentence or of its kind's name, in any case."""
    kinds: tuple[int, ...] = ()
    cpu: int = -1
    pfn: int = -1
    task: int = -1
    mm: int = -1
    vpn: int = -1


NOBODY = 1 << 40
"""A number that no frame and no task has."""
FRAMES = tuple(name for name, meaning in MEANING.items() if meaning == "frame")
CPUS = tuple(name for name, meaning in MEANING.items() if meaning == "cpu")


def query(timeline: Timeline, words: str) -> Query:
    """A query from what a person types: `defer f3 cpu1 text.0 app`, in any order.

    Event kinds, `cpuN`, `fN`, task names and page names are recognised; in a recording `pidN` and
    recorded frame numbers (`0x1f3a`) as well; the rest is text.
    """
    config, recorded = timeline.config, timeline.program.recorded
    tasks = {task.name: number for number, task in enumerate(config.tasks)}
    pages = {
        name: (mm, vpn)
        for mm, process in enumerate(config.processes)
        for vpn, name in enumerate(process.pages)
        if name
    }
    found: list[int] = []
    rest: list[str] = []
    cpu = pfn = task = mm = vpn = -1
    for word in words.split():
        if word in BY_NAME:
            found.append(BY_NAME[word])
        elif word[:3] == "cpu" and word[3:].isdecimal():
            cpu = int(word[3:])
        elif word[:1] == "f" and word[1:].isdecimal():
            pfn = int(word[1:])
        elif recorded is not None and word[:2].casefold() == "0x":
            pfn = _frame_of(recorded, word)
        elif recorded is not None and word[:3] == "pid" and word[3:].isdecimal():
            task = next((tasks[name] for name in tasks if name.endswith(f"-{word[3:]}")), NOBODY)
        elif word in tasks:
            task = tasks[word]
        elif word in pages:
            mm, vpn = pages[word]
        else:
            rest.append(word)
    return Query(" ".join(rest), tuple(found), cpu, pfn, task, mm, vpn)


def _frame_of(recorded: Recorded, word: str) -> int:
    """The frame that stands for a recorded one; NOBODY where there is none."""
    try:
        pfn = int(word, 16)
    except ValueError:
        return NOBODY
    at = bisect_left(recorded.pfns, pfn)
    return at if at < len(recorded.pfns) and recorded.pfns[at] == pfn else NOBODY


def matches(timeline: Timeline, event: int, wanted: Query) -> bool:
    """Whether an event is one of those looked for."""
    if wanted.kinds and timeline.events.kind_of(event) not in wanted.kinds:
        return False
    if wanted.task >= 0:
        ctx = timeline.step_info(max(1, timeline.step_of_event(event))).ctx
        m = timeline.machine
        if wanted.task == NOBODY or m.ctx[ctx] is not m.task_ctx(m.task[wanted.task]):
            return False
    full = timeline.events[event]
    args = full.args
    if wanted.cpu >= 0 and not _concerns_cpu(full.cpu, args, wanted.cpu):
        return False
    if wanted.pfn >= 0 and wanted.pfn not in (args.get(name) for name in FRAMES):
        return False
    if wanted.mm >= 0 and args.get("mm") != wanted.mm:
        return False
    if wanted.vpn >= 0 and args.get("vpn") != wanted.vpn:
        return False
    if not wanted.text:
        return True
    said = f"{full.name} {sentence(timeline, full, 'kernel')}".casefold()
    return wanted.text.casefold() in said


def _concerns_cpu(cpu: int, args: dict[str, int], wanted: int) -> bool:
    return (
        cpu == wanted
        or args.get("mask", 0) >> wanted & 1 == 1
        or wanted in (args.get(name) for name in CPUS)
    )


def find_next(timeline: Timeline, wanted: Query, event: int) -> int:
    """The first matching event with a number above `event`, or -1."""
    return _first(timeline, wanted, range(event + 1, len(timeline.events)))


def find_previous(timeline: Timeline, wanted: Query, event: int) -> int:
    """The last matching event with a number below `event`, or -1."""
    return _first(timeline, wanted, range(event - 1, -1, -1))


def find_from(timeline: Timeline, wanted: Query, position: int, *, backward: bool = False) -> int:
    """The nearest matching event at a later (or earlier) position, or -1."""
    if find_all.knows(timeline, wanted):
        known = find_all(timeline, wanted)
        end = timeline.event_index_at(position)
        if backward:
            at = bisect_left(known, timeline.events_of(position).start) - 1
        else:
            at = bisect_left(known, end)
        return known[at] if 0 <= at < len(known) else -1
    if backward:
        return find_previous(timeline, wanted, timeline.events_of(position).start)
    return find_next(timeline, wanted, timeline.event_index_at(position) - 1)


@per_run(most=16)
def find_all(timeline: Timeline, wanted: Query) -> tuple[int, ...]:
    """All matching events, for `match x of y`."""
    candidates: Iterable[int] = range(len(timeline.events))
    by_kind = timeline.index.by_kind
    if wanted.kinds:
        candidates = sorted(n for kind in set(wanted.kinds) for n in by_kind[kind])
    elif wanted.pfn >= 0:
        candidates = _naming(timeline, wanted.pfn)
    return tuple(n for n in candidates if matches(timeline, n, wanted))


def _naming(timeline: Timeline, pfn: int) -> list[int]:
    """Events that name a frame, found in the columns of their arguments."""
    columns, by_kind = timeline.events.args, timeline.index.by_kind
    places = [
        (kind, columns[place])
        for kind in KINDS
        for place, name in enumerate(kind.args)
        if MEANING[name] == "frame"
    ]
    return sorted({n for kind, column in places for n in by_kind[kind] if column[n] == pfn})


def _first(timeline: Timeline, wanted: Query, candidates: Iterable[int]) -> int:
    return next((n for n in candidates if matches(timeline, n, wanted)), -1)
