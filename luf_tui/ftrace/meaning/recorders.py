"""Who recorded: the tasks whose switches, allocations and payments are there for the recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from attrs import frozen

from luf_tui.ftrace.meaning.facts import FactKind, Facts
from luf_tui.ftrace.reading.record_header import RecordHeader

_SWITCH, _ALLOC = int(FactKind.SWITCH), int(FactKind.ALLOC)
_CAT = "cat"
"""What reads trace_pipe."""
_TOOLS = {"trace-cmd": "trace-cmd", "perf script": "perf"}
"""The tool that recorded, by the format of what it printed."""
_PARTS = 10
_PRESENT = 8
"""Parts of the recording in which a CPU switches to a task that reads it."""


@frozen
class Recorder:
    """The tasks that recorded, and what they did. Empty if none is known."""

    tasks: tuple[int, ...] = ()
    how: str = ""
    """How they were told from the others."""
    switches: int = 0
    """Times that a CPU switched to one of them, of `all_switches`."""
    all_switches: int = 0
    pages: int = 0
    """Pages that they allocated, of `all_pages`."""
    all_pages: int = 0

    def __iter__(self) -> Iterator[int]:
        return iter(self.tasks)


def recorder_of(
    facts: Facts, names: Sequence[tuple[str, int]], header: RecordHeader, formats: Collection[str]
) -> Recorder:
    """The tasks that recorded: those that the head of the recording names.

    Without a head, those called like the tool that printed the file; of trace_pipe the `cat` that
    is switched to most, if it runs all through the recording.
    """
    tool = header.said.get("tool", "")
    how = "as the head of the recording says"
    if not header.recorder and not tool:
        tool = next((_TOOLS[name] for name in _TOOLS if name in formats), "")
        how = f"by the name, since {tool} printed this"
    named = [
        task
        for task, (name, pid) in enumerate(names)
        if pid and (pid in header.recorder or (tool and name == tool))
    ]
    if not named and not tool and not header.recorder:
        named = _reading(facts, names)
        how = "by the name, and because it runs all through the recording"
    return _counted(facts, tuple(named), how) if named else Recorder()


def _reading(facts: Facts, names: Sequence[tuple[str, int]]) -> list[int]:
    """The `cat` that is switched to most, if it is there from one end to the other."""
    called = {task for task, (name, _) in enumerate(names) if name == _CAT}
    if not called:
        return []
    times: Counter[int] = Counter()
    parts: dict[int, set[int]] = {}
    count = len(facts)
    for at, (kind, task) in enumerate(zip(facts.kind, facts.task, strict=True)):
        if kind == _SWITCH and task in called:
            times[task] += 1
            parts.setdefault(task, set()).add(at * _PARTS // count)
    present = [task for task in times if len(parts[task]) >= _PRESENT]
    return [max(present, key=lambda task: (times[task], -task))] if present else []


def _counted(facts: Facts, tasks: tuple[int, ...], how: str) -> Recorder:
    switches: Counter[int] = Counter()
    pages: Counter[int] = Counter()
    for (kind, task, order), times in Counter(
        zip(facts.kind, facts.task, facts.arg, strict=True)
    ).items():
        if kind == _SWITCH:
            switches[task] += times
        elif kind == _ALLOC:
            pages[task] += times << order
    return Recorder(
        tasks,
        how,
        sum(switches[task] for task in tasks),
        switches.total(),
        sum(pages[task] for task in tasks),
        pages.total(),
    )
