"""Recorded runs of a small made-up kernel: real cells, real log, real events, real recorder."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

from luf_tui.engine.director import ItemInfo, StepInfo
from luf_tui.errors import Span
from luf_tui.machine import events as ev
from luf_tui.machine.config import FileConfig, MachineConfig, ProcessConfig, TaskConfig
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import ANON, FREE_PCP, NONE, PRESENT
from luf_tui.oracle.oracle import Finding
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy
from luf_tui.script.program import Item, Op, Program
from luf_tui.script.values import Pages
from luf_tui.script.verbs.by_cpu import Read
from luf_tui.timeline.recorder import LIMIT, Recorder, prepare
from luf_tui.timeline.timeline import Timeline

CONFIG = MachineConfig(
    cpus=4,
    processes=(ProcessConfig("app", ("text.0", "text.1", "heap.0", "heap.1")),),
    tasks=(TaskConfig("app", 0, 1), TaskConfig("kswapd", -1, 0)),
    files=(FileConfig("lib", 2, 0),),
    contents=("zero", "poison", "lib.0 v1", "lib.1 v1", "secret"),
    pages=4,
)
PAGES, FRAMES = CONFIG.pages, CONFIG.frames


def operation(line: int, text: str) -> Op:
    """A program line that the made-up kernel takes for an operation."""
    return Op(Span(line), text, 0, 1, Read(Pages(0, 0)))


def program(items: Sequence[Item] | int, config: MachineConfig = CONFIG) -> Program:
    """A program of the given items, or of that many numbered operations."""
    if isinstance(items, int):
        items = [operation(n + 10, f"op {n}") for n in range(items)]
    return Program("made-up.luf", "Made up", "", config, "eager", (), tuple(items))


def play(machine: Machine, steps: int, seed: int = 0, per_item: int = 3) -> Iterator[StepInfo]:
    """Micro-steps that look like a kernel's: each writes some cells and emits some events."""
    rng = random.Random(seed)
    emit = machine.events.emit
    for number in range(steps):
        machine.events.step += 1
        item = number // per_item
        ctx = machine.task_ctx(machine.task[item % 2])
        cpu, vpn, pfn = rng.randrange(4), rng.randrange(PAGES), rng.randrange(FRAMES)
        mm, frame = machine.mm[0], machine.frame[pfn]
        pte = machine.pte_at(mm, vpn)
        entry = machine.tlb_of(cpu)[vpn]
        what = rng.randrange(9)
        if what == 0:
            pte.kind, pte.frame, pte.writable = PRESENT, frame, rng.randrange(2)
            frame.state, frame.mapcount = ANON, frame.mapcount + 1
            emit(ev.MAP, cpu, 0, vpn, pfn, pte.writable)
        elif what == 1:
            emit(ev.UNMAP, cpu, 0, vpn, pte.frame.pfn if pte.frame else -1, pte.writable)
            pte.kind, pte.frame = NONE, None
        elif what == 2:
            entry.mm, entry.vpn, entry.frame = mm, vpn, frame
            emit(ev.FILL, cpu, 0, vpn, pfn, 0)
            emit(ev.READ, cpu, 0, vpn, pfn, frame.content)
        elif what == 3:
            mask = rng.randrange(1, 16)
            frame.state, frame.mark = FREE_PCP, mask
            emit(ev.DEFER, cpu, pfn, number % 7 + 1, mask)
        elif what == 4:
            frame.mark = 0
            emit(rng.choice((ev.PAY, ev.SAVED)), cpu, pfn, 3, 0)
        elif what == 5:
            mask = rng.randrange(16)
            emit(ev.SEND, cpu, mask, -1, 5)
            for target in range(4):
                if mask >> target & 1:
                    emit(ev.RECEIVE, target, cpu)
                    emit(ev.FLUSH, target, 0, 1, -1, 2)
        elif what == 6:
            entry.clear()
            order = rng.randrange(3)
            emit(ev.ALLOC, cpu, pfn >> order << order, order, ANON)
        elif what == 7:
            frame.content = rng.randrange(5)
            frame.refs = rng.choice((frame.refs, 70_000, 300, 1))
            emit(ev.STORE, cpu, 0, vpn, pfn, frame.content)
        yield StepInfo(item, ctx.index, what, number % per_item)


def nothing_found(first: int, item: int) -> list[Finding]:
    """An oracle that is content."""
    return []


def a_finding(weight: str) -> Finding:
    """A finding of a weight, about nothing in particular."""
    return Finding(weight, "A", "O2", 0, 0, 1, 0, 0, 3, "secret", "lib.0 v1", "bad read", -1, -1)


def record(
    moves: Iterable[StepInfo | ItemInfo],
    machine: Machine,
    said: Program,
    find: object = nothing_found,
    limit: int = 2_000_000,
) -> Timeline:
    """Record moves of a machine."""
    return Recorder(said, Policy(), machine, find, limit).play(moves)  # type: ignore[arg-type]


def made_up(steps: int, seed: int = 0, config: MachineConfig = CONFIG) -> Timeline:
    """A recorded run of the made-up kernel."""
    machine = Machine(config)
    return record(play(machine, steps, seed), machine, program(steps // 3 + 1, config))


def states(steps: int, seed: int = 0) -> list[bytes]:
    """The machine's bytes at every position, from a run that nobody records."""
    machine = Machine(CONFIG)
    return [
        machine.cells.snapshot(),
        *(machine.cells.snapshot() for _ in play(machine, steps, seed)),
    ]


def played_on(said: Program, policy: str = "luf", limit: int = LIMIT) -> Timeline:
    """A recording that goes on where the machine refuses an operation, its cursor at the end."""
    recorder, director = prepare(said, make_policy(policy), limit)
    return recorder.play(director.play_on())
