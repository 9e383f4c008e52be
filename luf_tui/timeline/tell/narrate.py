"""One sentence per event and per micro-step, for a student or for a kernel developer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from luf_tui.engine.operation import op_name, step_label
from luf_tui.machine import events as ev
from luf_tui.machine.event_log import Event
from luf_tui.machine.kind import MEANING, QUIET
from luf_tui.machine.schema import STATE_NAMES
from luf_tui.policy.base import BATCH_NAMES
from luf_tui.timeline.tell.micro_steps import predicate
from luf_tui.timeline.tell.waiting import aside, lost
from luf_tui.timeline.tell.words import counted, cpus, flags_text
from luf_tui.timeline.timeline import Timeline

LEVELS: Final = ("student", "kernel")


def names(timeline: Timeline, event: Event) -> Mapping[str, str]:
    """What a person calls each argument of an event."""
    config, args = timeline.config, event.args
    told = {"cpu": _cpu(timeline, event.cpu)}
    for name, value in args.items():
        told[name] = SHOWN[MEANING[name]](timeline, value)
    if "vpn" in args:
        known = 0 <= args["mm"] < len(config.processes)
        told["page"] = config.page_name(args["mm"], args["vpn"]) if known else told["vpn"]
    return told


def sentence(timeline: Timeline, event: Event, level: str = "student") -> str:
    """One sentence about an event, at level `student` or `kernel`."""
    kind = event.kind
    if level == "kernel":
        away = kind.frameless_kernel and event.args["pfn"] < 0
        template = kind.frameless_kernel if away else kind.kernel
    elif kind.frameless and event.args["pfn"] < 0:
        template = kind.frameless
    else:
        template = kind.student
    return template.format_map(names(timeline, event))


def narrate(timeline: Timeline, position: int, level: str = "student") -> str:
    """What the micro-step that led to a position did: its most telling event, and what that means
    for those who owe, pay or wait; or what such a micro-step does, where it had none.
    """
    found = telling(timeline, position)
    if found >= 0:
        event = timeline.events[found]
        said, besides = sentence(timeline, event, level), aside(timeline, position, event)
        if not besides:
            return said
        return f"{said} · {besides}" if level == "kernel" else f"{said} {besides}."
    if position == 0:
        return timeline.program.about or "Power-on: nothing has happened yet."
    if level != "kernel":
        return plainly(timeline, position)
    gone = lost(timeline, position)
    return label(timeline, position, level) + (f" · {gone}" if gone else "")


def notes(timeline: Timeline, position: int) -> list[str]:
    """The notes of the script that stand behind the line of a position and are reached there."""
    events = timeline.events
    found = (events[n] for n in timeline.events_of(position) if events.kind_of(n) == ev.NOTE_TEXT)
    return [sentence(timeline, event) for event in found]


def telling(timeline: Timeline, position: int) -> int:
    """The event of a micro-step a reader wants to hear first, or -1 when it had none."""
    return most_telling(timeline, timeline.events_of(position))


def most_telling(timeline: Timeline, events: Iterable[int]) -> int:
    """The first of the events with the lowest rank, those of the script left out; or -1."""
    kind_of = timeline.events.kind_of
    ranked = ((ev.KINDS[kind_of(n)].rank, n) for n in events)
    return min((found for found in ranked if found[0] < QUIET), default=(QUIET, -1))[1]


def label(timeline: Timeline, step: int, level: str = "student") -> str:
    """What micro-step `step` did by its engine's label, and who did it."""
    info = timeline.step_info(step)
    who = _ctx(timeline, info.ctx)
    what = step_label(info.op, info.pos)
    return f"{who}: {what} · {op_name(info.op)}" if level == "kernel" else f"{who}: {what}"


def plainly(timeline: Timeline, step: int) -> str:
    """What micro-step `step` did, for someone who does not know the kernel."""
    info = timeline.step_info(step)
    who = _ctx(timeline, info.ctx).removeprefix("irq ")
    gone = lost(timeline, step)
    return f"{who} {predicate(info.op, info.pos)}" + (f" {gone}." if gone else "")


def step_text(timeline: Timeline, step: int) -> str:
    """The script line that micro-step `step` served."""
    item = timeline.item_at(step)
    return timeline.program.items[item].text.strip() if item >= 0 else ""


def _number(timeline: Timeline, value: int) -> str:
    return str(value)


def _cpu(timeline: Timeline, value: int) -> str:
    return f"cpu{value}" if value >= 0 else "nobody"


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


def _refusal(timeline: Timeline, value: int) -> str:
    known = 0 <= value < len(timeline.refused)
    return timeline.refused[value].reason if known else f"refusal {value}"


def _ctx(timeline: Timeline, value: int) -> str:
    machine = timeline.machine
    return machine.ctx_name(machine.ctx[value]) if 0 <= value < machine.contexts else "the machine"


SHOWN: Final[Mapping[str, Callable[[Timeline, int], str]]] = {
    "access": lambda timeline, value: "a store" if value else "a load",
    "batch": lambda timeline, value: _known(BATCH_NAMES, value),
    "content": _content,
    "context": _ctx,
    "cpu": _cpu,
    "cpus": lambda timeline, value: cpus(value),
    "file page": _page,
    "finding": _finding,
    "flags": lambda timeline, value: flags_text(value),
    "frame": _frame,
    "item": _item,
    "mm": _space,
    "number": _number,
    "pages": lambda timeline, value: counted(value, "page"),
    "pins": lambda timeline, value: counted(value, "pin"),
    "reason": lambda timeline, value: _known(ev.REASONS, value),
    "refusal": _refusal,
    "task": _task,
    "translations": lambda timeline, value: counted(value, "cached translation"),
    "use": lambda timeline, value: _known(STATE_NAMES, value),
    "verdict": lambda timeline, value: "holds" if value else "fails",
    "virtual page": lambda timeline, value: f"va{value}",
}
"""How a person reads an argument, by what it means. Items count from 1 there."""
