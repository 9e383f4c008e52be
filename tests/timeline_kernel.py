"""Programs for the real engine, with every name resolved by hand."""

from __future__ import annotations

from functools import cache

from luf_tui.errors import Span
from luf_tui.machine.config import FileConfig, MachineConfig, Node, ProcessConfig, TaskConfig
from luf_tui.script.declaration import Arguments
from luf_tui.script.program import Item, Op, Program
from luf_tui.script.values import Pages, Place, Rights, Target
from luf_tui.script.verbs.by_cpu import Read, Write
from luf_tui.script.verbs.by_kernel import Reclaim
from luf_tui.script.verbs.by_process import Mmap
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline

CONFIG = MachineConfig(
    cpus=3,
    nodes=(Node("dram", 8), Node("cxl", 8, 1)),
    processes=(ProcessConfig("app", ("text.0", "text.1")), ProcessConfig("thief", ("heap.0",))),
    tasks=(
        TaskConfig("app", 0, 1),
        TaskConfig("app2", 0, 2),
        TaskConfig("kswapd", -1, 0),
        TaskConfig("thief", 1, 0),
    ),
    files=(FileConfig("lib", 2, 0),),
    contents=("zero", "poison", "lib.0 v1", "lib.1 v1", "secret"),
    pages=4,
)
APP, APP2, KSWAPD, THIEF = range(4)
SECRET = 4
CPU_OF = (1, 2, 0, 0)


TEXT = Pages(0, 0)


def op(line: int, text: str, task: int, args: Arguments) -> Op:
    """One operation line of a task on its home CPU."""
    return Op(Span(line), text, task, CPU_OF[task], args)


FLUSH_BEFORE_REUSE: tuple[Item, ...] = (
    op(1, "app mmap lib as text", APP, Mmap(0, Rights(may_write=False), Place(0, 0, 2))),
    op(2, "cpu1 read text.0", APP, Read(TEXT)),
    op(3, "cpu2 read text.0", APP2, Read(TEXT)),
    op(4, "kswapd reclaim text.0", KSWAPD, Reclaim((Target(0, 0, 0),))),
    op(5, "cpu1 read text.0", APP, Read(TEXT)),
    op(6, "thief mmap heap", THIEF, Mmap(-1, Rights(write=True), Place(1, 0))),
    op(7, "cpu0 write thief.heap.0 secret", THIEF, Write(Pages(1, 0), SECRET)),
    op(8, "cpu1 read text.0", APP, Read(TEXT)),
)


def program(items: tuple[Item, ...] = FLUSH_BEFORE_REUSE) -> Program:
    """A program of these items on the machine above."""
    return Program("reuse.luf", "Flush before reuse", "", CONFIG, "luf", (), items)


@cache
def reuse(policy: str = "luf", *without: str) -> Timeline:
    """The recorded story of a flush before reuse."""
    return record(program(), policy, without)


def step_with(run: Timeline, kind: int) -> int:
    """The first position with an event of a kind."""
    return run.step_of_event(run.index.by_kind[kind][0])
