"""Random programs from a seed: crowded machines where pages change hands all the time."""

from __future__ import annotations

from random import Random

from luf_tui.errors import Span
from luf_tui.machine.config import FileConfig, MachineConfig, Node, ProcessConfig, TaskConfig
from luf_tui.script.declaration import Arguments
from luf_tui.script.program import Op, Program
from luf_tui.script.values import Block, FileRange, Pages, Place, Rights, Target
from luf_tui.script.verbs import by_cpu, by_kernel, by_process

PAGES = ("heap.0", "heap.1", "text.0", "text.1", "data.0", "data.1")
CONTENTS = ("zero", "poison", "lib.0 v1", "lib.1 v1", *(f"w{n}" for n in range(8)))
CONFIG = MachineConfig(
    cpus=3,
    nodes=(Node("dram", 8), Node("cxl", 8, tier=1)),
    processes=(
        ProcessConfig("app", PAGES),
        ProcessConfig("other", PAGES),
        ProcessConfig("kid", PAGES),
    ),
    tasks=(
        TaskConfig("kswapd", -1, 0),
        TaskConfig("kernel", -1, 0),
        TaskConfig("app/1", 0, 1),
        TaskConfig("app/2", 0, 2),
        TaskConfig("other", 1, 0),
        TaskConfig("kid", 2, 2),
    ),
    files=(FileConfig("lib", 2, 0),),
    objects=("slab", "buffer"),
    contents=CONTENTS,
    pages=len(PAGES),
    key_bits=3,
    zone_gen_bits=4,
)
KSWAPD, KERNEL, APP1, APP2, OTHER, KID = range(6)
USERS = {APP1: 1, APP2: 2, OTHER: 0, KID: 2}
"""User tasks and the CPU each runs on."""


def op(task: int, cpu: int, args: Arguments) -> Op:
    """One operation, its line written as its arguments."""
    return Op(Span(1), f"{args.verb.word} {args}", task, cpu, args)


def _mapping(mm: int) -> list[Op]:
    write = bool(mm)
    return [
        op(-1, -1, by_process.Mmap(-1, Rights(write=True), Place(mm, 0, 2))),
        op(-1, -1, by_process.Mmap(0, Rights(write=write), Place(mm, 2, 2))),
        op(-1, -1, by_process.Mmap(0, Rights(write=write, shared=True), Place(mm, 4, 2))),
    ]


SETUP = (
    *_mapping(0),
    *_mapping(1),
    op(APP1, 1, by_cpu.Run(APP1)),
    op(APP2, 2, by_cpu.Run(APP2)),
)


def random_program(seed: int, length: int = 40, config: MachineConfig = CONFIG) -> Program:
    """A program of `length` operations after the set-up, the same for the same seed.

    Accesses dwell on a few pages, so that reclaim, migration and reuse meet stale entries.
    """
    rng = Random(seed)  # noqa: S311  # repeatable, not secret
    hot = [rng.randrange(6) for _ in range(2)]
    forked = False
    ops: list[Op] = []
    while len(ops) < length:
        draw = rng.random()
        if draw < 0.55:
            ops.append(_access(rng, hot, forked))
        elif draw < 0.90:
            ops.append(_kernel_work(rng, hot))
        elif draw < 0.93 and not forked:
            forked = True
            ops.append(op(APP1, 1, by_process.Fork(0, 2)))
        else:
            kind = rng.random()
            if kind < 0.6:
                ops.append(_mapping_change(rng))
            else:
                ops += _replacement(rng) if kind < 0.8 else [_advice(rng)]
    return Program(f"random {seed}", "random", "", config, "luf", (), (*SETUP, *ops))


def _page(rng: Random, hot: list[int]) -> int:
    return rng.choice(hot) if rng.random() < 0.8 else rng.randrange(6)


def _access(rng: Random, hot: list[int], forked: bool) -> Op:
    task = rng.choice([APP1, APP1, APP2, APP2, OTHER, KID if forked else APP2])
    vpn = _page(rng, hot)
    where = Pages(CONFIG.tasks[task].mm, vpn)
    if rng.random() < 0.7:
        return op(task, USERS[task], by_cpu.Read(where))
    return op(task, USERS[task], by_cpu.Write(where, rng.randrange(4, 12)))


def _kernel_work(rng: Random, hot: list[int]) -> Op:
    targets = tuple(
        Target(0, rng.choice([0, 0, 0, 1]), _page(rng, hot)) for _ in range(rng.choice([1, 1, 2]))
    )
    draw = rng.random()
    if draw < 0.4:
        return op(KSWAPD, 0, by_kernel.Reclaim(targets))
    if draw < 0.65:
        node, sync = rng.randrange(2), rng.random() < 0.2
        return op(KSWAPD, 0, by_kernel.Demote(targets, node, sync))
    if draw < 0.75:
        return op(KERNEL, 0, by_kernel.Drain())
    thing = rng.randrange(2)
    if draw < 0.9:
        order, content = rng.randrange(2), rng.randrange(4, 12)
        args = by_kernel.Alloc(thing, order, rng.random() < 0.2, content=content)
        return op(KERNEL, 0, args)
    if draw < 0.95:
        return op(KERNEL, 0, by_kernel.Free(thing))
    node, order = rng.randrange(2), rng.choice([1, 2])
    block = Block(thing, order, rng.randrange(4, 12))
    return op(KERNEL, 0, by_kernel.Compact(targets, node, block))


def _advice(rng: Random) -> Op:
    """What a process says of its pages, and what the kernel finds out about them."""
    task = rng.choice([APP1, OTHER])
    mm, at = CONFIG.tasks[task].mm, rng.choice([0, 2, 4])
    if rng.random() < 0.7:
        return op(task, USERS[task], by_process.Madvise(Pages(mm, at, 2), rng.randrange(3)))
    if rng.random() < 0.5:
        return op(KERNEL, 0, by_kernel.Scan(Pages(rng.randrange(2), at, 2)))
    return op(task, USERS[task], by_process.ClearSoftDirty(mm))


def _replacement(rng: Random) -> list[Op]:
    """Another page comes under an address without a write fault."""
    draw, one, content = rng.random(), rng.randrange(2), rng.randrange(4, 12)
    if draw < 0.3:
        return [op(APP1, 1, by_process.Probe(Pages(0, rng.choice([2, 3])), content))]
    if draw < 0.5:
        other = Target(0, rng.randrange(2), 1 - one)
        return [op(KSWAPD, 0, by_kernel.Merge(Target(0, 0, one), other))]
    register = op(KERNEL, 0, by_kernel.Register(Pages(0, 0, 2), missing=False))
    if draw < 0.6:
        return [register, op(KERNEL, 0, by_kernel.UffdioCopy(Pages(0, one), content))]
    return [register, op(KERNEL, 0, by_kernel.UffdioMove(Pages(0, one), 1 - one))]


def _mapping_change(rng: Random) -> Op:
    task = rng.choice([APP1, OTHER])
    cpu, where = USERS[task], Pages(CONFIG.tasks[task].mm, rng.choice([0, 2, 4]), 2)
    draw = rng.random()
    if draw < 0.2:
        return op(task, cpu, by_process.Munmap(where))
    if draw < 0.4:
        rights = Rights(rng.random() < 0.8, bool(rng.randrange(2)))
        return op(task, cpu, by_process.Mprotect(where, rights))
    if draw < 0.6:
        rights = Rights(write=bool(rng.randrange(2)), shared=where.vpn == 4)
        place = Place(where.mm, where.vpn, where.pages, fixed=True)
        return op(task, cpu, by_process.Mmap(0 if where.vpn else -1, rights, place))
    if draw < 0.8:
        content = rng.randrange(4, 12)
        return op(task, cpu, by_process.WriteFile(rng.randrange(2), content))
    if draw < 0.9:
        return op(task, cpu, by_process.Truncate(FileRange(0, 2), rng.randrange(3)))
    return op(task, cpu, by_process.Invalidate(FileRange(0, 2)))
