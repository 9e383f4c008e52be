"""One sentence per event and per micro-step, for a student or for a kernel developer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from luf_tui.machine import events as ev
from luf_tui.machine.events import Event
from luf_tui.timeline.phrases import KERNEL, STUDENT
from luf_tui.timeline.timeline import Timeline

LEVELS: Final = ("student", "kernel")

TELLING: Final = (
    ev.VIOLATION, ev.DEVIATION, ev.REFUSED, ev.STALE, ev.PAY, ev.SAVED, ev.DEFER, ev.SIGSEGV,
    ev.SIGBUS, ev.OOM, ev.SEND, ev.FLUSHED, ev.UNMAP, ev.PROTECT, ev.FLUSH, ev.COPY, ev.MAP,
    ev.READ, ev.STORE, ev.ALLOC, ev.WAIT, ev.REFUSE, ev.NOTE,
)  # fmt: skip
"""Kinds by what a reader wants to hear first when a micro-step had several events."""
RANK: Final = {kind: rank for rank, kind in enumerate(TELLING)}


def cpus(mask: int) -> str:
    """A CPU mask as a person reads it: `cpu1 cpu2`, or `no cpu`."""
    names = [f"cpu{n}" for n in range(mask.bit_length()) if mask >> n & 1]
    return " ".join(names) or "no cpu"


def flags_text(flags: int) -> str:
    """Permission bits of a translation in words."""
    return ("writable" if flags & 1 else "read-only") + (" dirty" if flags & 2 else "")


def names(timeline: Timeline, event: Event) -> Mapping[str, str]:
    """What a person calls each argument of an event."""
    config, args = timeline.config, event.args
    said = {"cpu": _cpu(event.cpu)}
    for name, value in args.items():
        said[name] = _name(timeline, name, value)
    if "vpn" in args:
        known = 0 <= args["mm"] < len(config.processes)
        said["page"] = config.page_name(args["mm"], args["vpn"]) if known else f"va{args['vpn']}"
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
    return STUDENT.get(kind.number, kind.text).format_map(said)


def narrate(timeline: Timeline, position: int, level: str = "student") -> str:
    """One sentence about the micro-step that led to a position: its most telling event."""
    found = telling(timeline, position)
    if found >= 0:
        return sentence(timeline, timeline.events[found], level)
    if position == 0:
        return timeline.program.about or "Power-on: nothing has happened yet."
    return step_text(timeline, position)


def telling(timeline: Timeline, position: int) -> int:
    """The event of a micro-step a reader wants to hear first, or -1 when it had none."""
    numbers = timeline.events_of(position)
    kind_of = timeline.events.kind_of
    return min(numbers, key=lambda n: (RANK.get(kind_of(n), len(RANK)), n), default=-1)


def step_text(timeline: Timeline, step: int) -> str:
    """What micro-step `step` did, in the words of the script line it served."""
    item = timeline.item_at(step)
    return timeline.program.items[item].text if item >= 0 else ""


def _cpu(number: int) -> str:
    return f"cpu{number}" if number >= 0 else "nobody"


def _name(timeline: Timeline, name: str, value: int) -> str:
    config, machine = timeline.config, timeline.machine
    if name in ("pfn", "source", "target", "buddy"):
        return f"f{value}" if value >= 0 else "no frame"
    if name in ("cpu", "sender"):
        return _cpu(value)
    if name == "mask":
        return cpus(value)
    if name in ("mm", "child"):
        return config.processes[value].name if 0 <= value < len(config.processes) else "no mm"
    if name == "task":
        return config.tasks[value].name if 0 <= value < len(config.tasks) else "idle"
    if name == "ctx":
        return machine.ctx_name(value) if 0 <= value < machine.contexts else "the machine"
    if name == "content":
        return config.content_name(value) if value >= 0 else "nothing"
    if name == "page":
        return config.file_page_name(value)
    if name == "flags":
        return flags_text(value)
    if name in ("why", "reason"):
        return ev.REASONS[value] if 0 <= value < len(ev.REASONS) else str(value)
    if name == "item":
        known = 0 <= value < len(timeline.program.items)
        return timeline.program.items[value].text if known else "no line"
    if name == "held":
        return "holds" if value else "fails"
    if name == "finding":
        known = 0 <= value < len(timeline.findings)
        return timeline.findings[value].message if known else f"finding {value}"
    return str(value)
