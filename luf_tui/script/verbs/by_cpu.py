"""What a CPU does: it runs tasks, which load and store, and its TLB goes its own way."""

from __future__ import annotations

from luf_tui.script import parameters as p
from luf_tui.script.declaration import CPU, Arguments, Performer, parameter, verb
from luf_tui.script.op_line import OpLine
from luf_tui.script.values import Pages

ITSELF = Performer.CPU


def _stops_running(reading: OpLine) -> None:
    if not reading.scope.raced:
        reading.scope.running.pop(reading.cpu, None)


@verb("run", by=CPU, example="cpu1 run app", performer=ITSELF, only=True)
class Run(Arguments):
    """Switches to a process, or to a kernel thread, which keeps the address space lazily."""

    task: int = parameter(p.TASK)


@verb("idle", by=CPU, example="cpu1 idle", performer=ITSELF, after=_stops_running)
class Idle(Arguments):
    """Runs nothing; what was loaded stays loaded lazily."""


@verb("read", by=CPU, example="cpu1 read text.0")
class Read(Arguments):
    """Loads from a page."""

    where: Pages = parameter(p.OWN_PAGE)


@verb("write", by=CPU, example="cpu1 write heap.0 secret")
class Write(Arguments):
    """Stores a content to a page."""

    where: Pages = parameter(p.OWN_PAGE)
    content: int = parameter(p.CONTENT)


@verb("evict", by=CPU, example="cpu1 evict heap.0", performer=ITSELF)
class Evict(Arguments):
    """Drops a TLB entry for want of room."""

    where: Pages = parameter(p.ANY_PAGE)


@verb("prefetch", by=CPU, example="cpu1 prefetch heap.0", performer=ITSELF)
class Prefetch(Arguments):
    """Walks to a page ahead of any access, and caches the translation."""

    where: Pages = parameter(p.ANY_PAGE)


@verb("deliver", by=CPU, example="cpu1 deliver", performer=ITSELF, begins=False)
class Deliver(Arguments):
    """Takes the IPIs that wait for it."""


@verb("offline", by=CPU, example="cpu1 offline", performer=ITSELF, only=True, after=_stops_running)
class CpuDown(Arguments):
    """Goes down: nobody interrupts it, and nobody waits for it."""


@verb("online", by=CPU, example="cpu1 online", performer=ITSELF, only=True)
class CpuUp(Arguments):
    """Comes up again, with an empty TLB."""
