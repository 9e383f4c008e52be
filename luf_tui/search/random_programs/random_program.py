"""Random programs from a seed: crowded machines where pages change hands all the time."""

from __future__ import annotations

from random import Random

from attrs import evolve

from luf_tui.errors import Span
from luf_tui.machine.config import FileConfig, MachineConfig, Node, ProcessConfig, TaskConfig
from luf_tui.script.program import Op, Program

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


def op(task: int, cpu: int, verb: str, /, **args: object) -> Op:
    """One operation, written as its numbers."""
    text = f"{verb} " + " ".join(f"{name}={value}" for name, value in args.items())
    return Op(Span(1), text, task, cpu, verb, args)  # type: ignore[arg-type]


def _mapping(mm: int) -> list[Op]:
    rights = {"read": 1, "may_write": 1}
    return [
        op(-1, -1, "mmap", mm=mm, vpn=0, pages=2, write=1, **rights),
        op(-1, -1, "mmap", mm=mm, vpn=2, pages=2, file_page=0, write=mm, **rights),
        op(-1, -1, "mmap", mm=mm, vpn=4, pages=2, file_page=0, shared=1, write=mm, **rights),
    ]


SETUP = (*_mapping(0), *_mapping(1), op(APP1, 1, "run", task=APP1), op(APP2, 2, "run", task=APP2))

TABLES = evolve(
    CONFIG, table_span=3, gather_slots=2, nodes=(Node("dram", 16), Node("cxl", 8, tier=1))
)
"""A machine with page-table pages, which take memory of their own."""


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
            ops.append(op(APP1, 1, "fork", child=2))
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
    if rng.random() < 0.7:
        return op(task, USERS[task], "read", vpn=vpn)
    return op(task, USERS[task], "write", vpn=vpn, content=rng.randrange(4, 12))


def _kernel_work(rng: Random, hot: list[int]) -> Op:
    targets = tuple(
        (0, rng.choice([0, 0, 0, 1]), _page(rng, hot)) for _ in range(rng.choice([1, 1, 2]))
    )
    draw = rng.random()
    if draw < 0.4:
        return op(KSWAPD, 0, "reclaim", targets=targets)
    if draw < 0.65:
        node, sync = rng.randrange(2), int(rng.random() < 0.2)
        return op(KSWAPD, 0, "migrate", targets=targets, node=node, reason=0, sync=sync)
    if draw < 0.75:
        return op(KERNEL, 0, "drain")
    thing = rng.randrange(2)
    if draw < 0.9:
        args = {"order": rng.randrange(2), "content": rng.randrange(4, 12), "node": -1}
        return op(KERNEL, 0, "kalloc", object=thing, atomic=int(rng.random() < 0.2), **args)
    if draw < 0.95:
        return op(KERNEL, 0, "kfree", object=thing)
    room = {"node": rng.randrange(2), "order": rng.choice([1, 2])}
    content = rng.randrange(4, 12)
    return op(KERNEL, 0, "compact", targets=targets, object=thing, content=content, **room)


def _advice(rng: Random) -> Op:
    """What a process says of its pages, and what the kernel finds out about them."""
    task, where = rng.choice([APP1, OTHER]), {"vpn": rng.choice([0, 2, 4]), "pages": 2}
    if rng.random() < 0.7:
        return op(task, USERS[task], "madvise", **where, advice=rng.randrange(3))
    if rng.random() < 0.5:
        return op(KERNEL, 0, "scan", mm=rng.randrange(2), **where)
    return op(task, USERS[task], "clear_soft_dirty")


def _replacement(rng: Random) -> list[Op]:
    """Another page comes under an address without a write fault."""
    draw, one, content = rng.random(), rng.randrange(2), rng.randrange(4, 12)
    if draw < 0.3:
        return [op(APP1, 1, "probe", vpn=rng.choice([2, 3]), content=content)]
    if draw < 0.5:
        return [op(KSWAPD, 0, "merge", targets=((0, 0, one), (0, rng.randrange(2), 1 - one)))]
    register = op(KERNEL, 0, "uffd_register", mm=0, vpn=0, pages=2)
    if draw < 0.6:
        return [register, op(KERNEL, 0, "uffd_copy", mm=0, vpn=one, content=content)]
    return [register, op(KERNEL, 0, "uffd_move", mm=0, vpn=one, to=1 - one)]


def _mapping_change(rng: Random) -> Op:
    task = rng.choice([APP1, OTHER])
    cpu, where = USERS[task], {"vpn": rng.choice([0, 2, 4]), "pages": 2}
    draw = rng.random()
    if draw < 0.2:
        return op(task, cpu, "munmap", **where)
    if draw < 0.4:
        rights = {"read": int(rng.random() < 0.8), "write": rng.randrange(2)}
        return op(task, cpu, "mprotect", **where, **rights)
    if draw < 0.6:
        file_page = 0 if where["vpn"] else -1
        args = {"read": 1, "write": rng.randrange(2), "may_write": 1, "fixed": 1}
        shared = int(where["vpn"] == 4)
        return op(task, cpu, "mmap", **where, **args, file_page=file_page, shared=shared)
    if draw < 0.8:
        content = rng.randrange(4, 12)
        return op(task, cpu, "write_file", page=rng.randrange(2), content=content)
    if draw < 0.9:
        return op(task, cpu, "truncate", file=0, pages=rng.randrange(3))
    return op(task, cpu, "invalidate", page=0, pages=2)
