"""One sentence per event and per micro-step, for a student or for a kernel developer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from luf_tui.engine.operation import op_name, step_label
from luf_tui.machine import events as ev
from luf_tui.machine.events import Event
from luf_tui.machine.schema import STATE_NAMES
from luf_tui.policy.base import BATCH_NAMES
from luf_tui.timeline.tell.phrases import EARLY, KERNEL, STUDENT
from luf_tui.timeline.tell.words import counted, cpus, flags_text
from luf_tui.timeline.timeline import Timeline

LEVELS: Final = ("student", "kernel")

TELLING: Final = (
    ev.VIOLATION, ev.DEVIATION, ev.NOTE_TEXT, ev.REFUSED, ev.STALE, ev.PAY, ev.SAVED, ev.DEFER,
    ev.SIGSEGV, ev.SIGBUS, ev.OOM, ev.UFFD, ev.FREED_WALK, ev.CAPTURE, ev.MOVE_ENTRY, ev.TABLE_OUT,
    ev.TABLE_IN, ev.SEND, ev.FLUSHED, ev.BARRIER, ev.ISSUE, ev.UNMAP, ev.PROTECT, ev.FORK,
    ev.CPU_DOWN, ev.CPU_UP, ev.TICK,
    ev.EXIT, ev.MMAP, ev.MUNMAP, ev.SWITCH, ev.FLUSH, ev.COPY, ev.WRITE_FILE, ev.MAP, ev.READ,
    ev.DMA_READ, ev.DMA_STORE, ev.DMA_FAULT, ev.NOTIFY,
    ev.STORE, ev.ALLOC, ev.WAIT, ev.REFUSE, ev.KEEP, ev.NOTE, ev.DRAIN, ev.REFILL, ev.TAKE,
)  # fmt: skip
"""Kinds by what a reader wants to hear first when a micro-step had several events."""
SILENT: Final = (ev.BEGIN, ev.END)
"""Kinds that say less than the micro-step's own label."""
RANK: Final = {kind: rank for rank, kind in enumerate(TELLING)}


def names(timeline: Timeline, event: Event) -> Mapping[str, str]:
    """What a person calls each argument of an event."""
    config, args = timeline.config, event.args
    said = {"cpu": _cpu(event.cpu)}
    for name, value in args.items():
        namer = NAMERS.get(name)
        said[name] = namer(timeline, value) if namer else str(value)
    if "vpn" in args:
        known = 0 <= args["mm"] < len(config.processes)
        said["page"] = config.page_name(args["mm"], args["vpn"]) if known else f"va{args['vpn']}"
    said["count"] = counted(args.get("pages", 0), "page")
    said["translations"] = counted(args.get("dropped", 0), "cached translation")
    if event.kind.number == ev.REFUSED and 0 <= args["reason"] < len(timeline.refusals):
        said["reason"] = timeline.refusals[args["reason"]].reason
    return said


def sentence(timeline: Timeline, event: Event, level: str = "student") -> str:
    """One sentence about an event, at level `student` or `kernel`."""
    kind = event.kind
    said = names(timeline, event)
    if level == "kernel":
        text = kind.text.format_map(said)
        where = KERNEL.get(kind.number)
        return f"{text} · {where}" if where else text
    if kind.number == ev.PAY and event.args["pfn"] < 0:
        return EARLY.format_map(said)
    return STUDENT.get(kind.number, kind.text).format_map(said)


def narrate(timeline: Timeline, position: int, level: str = "student") -> str:
    """One sentence about the micro-step that led to a position: its most telling event, or its
    label where it had none.
    """
    found = telling(timeline, position)
    if found >= 0:
        return sentence(timeline, timeline.events[found], level)
    if position == 0:
        return timeline.program.about or "Power-on: nothing has happened yet."
    return label(timeline, position, level)


def telling(timeline: Timeline, position: int) -> int:
    """The event of a micro-step a reader wants to hear first, or -1 when it had none."""
    kind_of = timeline.events.kind_of
    numbers = [n for n in timeline.events_of(position) if kind_of(n) not in SILENT]
    return min(numbers, key=lambda n: (RANK.get(kind_of(n), len(RANK)), n), default=-1)


def label(timeline: Timeline, step: int, level: str = "student") -> str:
    """What micro-step `step` did by its engine's label, and who did it."""
    info = timeline.step_info(step)
    who = _ctx(timeline, info.ctx)
    what = step_label(info.op, info.pos)
    return f"{who}: {what} · {op_name(info.op)}" if level == "kernel" else f"{who}: {what}"


def step_text(timeline: Timeline, step: int) -> str:
    """The script line that micro-step `step` served."""
    item = timeline.item_at(step)
    return timeline.program.items[item].text.strip() if item >= 0 else ""


def _cpu(number: int) -> str:
    return f"cpu{number}" if number >= 0 else "nobody"


def _known(texts: Sequence[str], value: int) -> str:
    return texts[value] if 0 <= value < len(texts) else str(value)


def _page(timeline: Timeline, value: int) -> str:
    return timeline.config.file_page_name(value) if value >= 0 else "a swapped page"


def _content(timeline: Timeline, value: int) -> str:
    return timeline.config.content_name(value) if value >= 0 else "nothing"


def _frame(timeline: Timeline, value: int) -> str:
    return f"f{value}" if value >= 0 else "no frame"


def _space(timeline: Timeline, value: int) -> str:
    spaces = timeline.config.processes
    return spaces[value].name if 0 <= value < len(spaces) else "no mm"


def _task(timeline: Timeline, value: int) -> str:
    tasks = timeline.config.tasks
    return tasks[value].name if 0 <= value < len(tasks) else "idle"


def _item(timeline: Timeline, value: int) -> str:
    items = timeline.program.items
    return items[value - 1].text.strip() if 0 < value <= len(items) else "no line"


def _finding(timeline: Timeline, value: int) -> str:
    known = 0 <= value < len(timeline.findings)
    return timeline.findings[value].message if known else f"finding {value}"


def _ctx(timeline: Timeline, value: int) -> str:
    machine = timeline.machine
    return machine.ctx_name(machine.ctx[value]) if 0 <= value < machine.contexts else "the machine"


NAMERS: Final[Mapping[str, Callable[[Timeline, int], str]]] = {
    **dict.fromkeys(("pfn", "source", "target", "buddy"), _frame),
    **dict.fromkeys(("cpu", "sender"), lambda timeline, value: _cpu(value)),
    **dict.fromkeys(("mm", "child"), _space),
    **dict.fromkeys(("why", "reason"), lambda timeline, value: _known(ev.REASONS, value)),
    "mask": lambda timeline, value: cpus(value),
    "flags": lambda timeline, value: flags_text(value),
    "task": _task,
    "ctx": _ctx,
    "content": _content,
    "page": _page,
    "use": lambda timeline, value: _known(STATE_NAMES, value),
    "batch": lambda timeline, value: _known(BATCH_NAMES, value),
    "item": _item,
    "held": lambda timeline, value: "holds" if value else "fails",
    "finding": _finding,
}
"""How a person calls an argument of an event, by its name. Items count from 1 there."""
