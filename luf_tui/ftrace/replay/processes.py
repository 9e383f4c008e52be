"""Tasks of a recording, gathered to processes; those that record are one of their own."""

from __future__ import annotations

from luf_tui.ftrace.trace import Trace

RECORDER = "the recorder"
IDLE = "idle"
"""What a CPU was interrupted from that ran no task."""


class Processes:
    """The process of every task: threads of an address space are one, named after the first."""

    def __init__(self, trace: Trace) -> None:
        first: dict[int, str] = {}
        self._names: list[str] = []
        recorder = recorders(trace)
        for task, (name, pid) in enumerate(trace.tasks):
            own = f"{name}-{pid}" if pid else IDLE
            mm = trace.mm_of.get(task, 0)
            if task in recorder:
                own = RECORDER
            elif mm:
                own = first.setdefault(mm, own)
            self._names.append(own)

    def of(self, task: int) -> str:
        """The name of a task's process; a number that is no task of the trace is an idle CPU."""
        return self._names[task] if 0 <= task < len(self._names) else IDLE


def recorders(trace: Trace) -> frozenset[int]:
    """Tasks that recorded."""
    return frozenset(trace.recorder)
