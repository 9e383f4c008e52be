"""Machines for random programs: few CPUs, few frames, few pages, so that things collide."""

from __future__ import annotations

from random import Random

from attrs import evolve

from luf_tui.machine.config import (
    ARM64,
    RISCV,
    FileConfig,
    MachineConfig,
    Node,
    ProcessConfig,
    TaskConfig,
)
from luf_tui.script.program import Op
from luf_tui.script.values import Place, Rights
from luf_tui.script.verbs.by_cpu import Run
from luf_tui.script.verbs.by_process import Mmap
from luf_tui.search.random_programs.random_program import op

PAGES = ("heap.0", "heap.1", "text.0", "text.1", "data.0", "data.1", "shm.0", "new.0", "new.1")
HEAP, TEXT, DATA, SHM, NEW = 0, 2, 4, 6, 7
CONTENTS = ("zero", "poison", "lib.0 v1", "lib.1 v1", *(f"w{n}" for n in range(24)))
FIRST_CONTENT = 4
TASKS = (
    TaskConfig("kswapd", -1, 0),
    TaskConfig("kernel", -1, 0),
    TaskConfig("flusher", -1, 3),
    TaskConfig("worker", -1, 1),
    TaskConfig("app/1", 0, 1),
    TaskConfig("app/2", 0, 2),
    TaskConfig("app/0", 0, 0),
    TaskConfig("other/3", 1, 3),
    TaskConfig("other/2", 1, 2),
    TaskConfig("kid/1", 2, 1),
    TaskConfig("kid/3", 2, 3),
)
HELPERS = (0, 1, 2, 3)
"""The kernel's own tasks."""
APP, ELSE, KID = range(3)
USERS = {number: task.mm for number, task in enumerate(TASKS) if task.mm >= 0}
"""Tasks of processes, and whose they are."""
CPU = {number: task.cpu for number, task in enumerate(TASKS)}
SMALL = MachineConfig(
    cpus=4,
    nodes=(Node("dram", 6), Node("cxl", 4, tier=1)),
    processes=tuple(ProcessConfig(name, PAGES) for name in ("app", "other", "kid")),
    tasks=TASKS,
    files=(FileConfig("lib", 2, 0),),
    objects=("slab", "buffer", "table", "ring", "wanted"),
    contents=CONTENTS,
    pages=len(PAGES),
    key_bits=2,
    zone_gen_bits=4,
    pcp_high=2,
)
Settings = dict[str, object]
MEMORY: tuple[Settings, ...] = (
    {},
    {"pcp_high": 0, "max_order": 0},
    {"pcp_high": 0},
    {"pcp_high": 0, "max_order": 1, "zone_gen_bits": 2},
    {"pcp_high": 4, "pcp_batch": 2},
    {"nodes": (Node("dram", 4), Node("cxl", 4, tier=1)), "pcp_high": 1},
    {"nodes": (Node("dram", 8), Node("cxl", 2, tier=1)), "zone_gen_bits": 2},
)
"""How much memory there is, and how freely its lists pass it on."""
KINDS: tuple[tuple[Settings, tuple[str, ...]], ...] = (
    ({}, ()),
    ({}, ()),
    ({"init_on_free": True}, ()),
    ({"kasan": True}, ()),
    ({"page_poison": True}, ()),
    ({"files": (FileConfig("lib", 2, 0, iomap=True),)}, ("write_file",)),
    ({"files": (FileConfig("lib", 2, 0, remote=True),)}, ("server",)),
    ({"table_span": 2, "nodes": (Node("dram", 14), Node("cxl", 4, tier=1))}, ("munmap", "fork")),
    ({"gather_slots": 1}, ("munmap", "dontneed")),
    ({"gen_bits": 2}, ()),
    ({"gen_bits": 3}, ()),
    ({"arch": ARM64}, ()),
    ({"arch": RISCV}, ("hotplug", "switch", "fork")),
    ({"secondary_tlb": True}, ("device",)),
    ({"watermark_min": 1}, ("compact",)),
    ({"asids": 1}, ("switch",)),
    ({"asids": 2}, ("fork", "switch")),
    ({"mask_follows_load": True}, ("switch",)),
    ({"dirty_on_load": False}, ("writeback",)),
    ({"refcount_cow": True}, ("pin", "soft_dirty")),
)
"""What else a machine may be like, and what is done on such a machine more often than on others."""


def some_memory(rng: Random) -> MachineConfig:
    """A machine with some memory, drawn."""
    return evolve(SMALL, **rng.choice(MEMORY))  # type: ignore[arg-type]


def _mapping(mm: int, vpn: int, *, write: bool, shared: bool, pages: int = 2) -> Op:
    file_page = vpn % 2 if TEXT <= vpn < SHM else -1
    rights = Rights(write=write, shared=shared, may_write=write or not shared)
    return op(-1, -1, Mmap(file_page, rights, Place(mm, vpn, pages)))


def some_setup(rng: Random) -> tuple[Op, ...]:
    """Private memory, two mappings of the file, and shared memory, in each of two processes."""
    made = []
    for mm in (APP, ELSE):
        shared, write = bool(rng.randrange(2)), bool(rng.randrange(2))
        made += [
            _mapping(mm, HEAP, write=True, shared=False),
            _mapping(mm, TEXT, write=False, shared=shared),
            _mapping(mm, DATA, write=write, shared=True),
            _mapping(mm, SHM, write=True, shared=True, pages=1),
        ]
    first = [op(-1, CPU[task], Run(task)) for task in (4, 5)]
    return (*made, *first)
