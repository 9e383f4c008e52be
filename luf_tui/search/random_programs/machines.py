"""Machines for random programs: few CPUs, few frames, few pages, so that things collide."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from attrs import evolve, frozen

from luf_tui.machine.config import (
    ARM64,
    RISCV,
    FileConfig,
    MachineConfig,
    Node,
    ProcessConfig,
    TaskConfig,
)
from luf_tui.script.vocabulary import CEILINGS

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
"""Tasks and the CPU of each; on a machine with fewer CPUs the last ones share the first."""
HELPERS = (0, 1, 2, 3)
"""The kernel's own tasks."""
APP, ELSE, KID = range(3)
APP1, APP2 = 4, 5
USERS = {number: task.mm for number, task in enumerate(TASKS) if task.mm >= 0}
"""Tasks of processes, and whose they are."""
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
"""What a machine is like where nothing else is drawn."""
FOR_TABLES = 8
"""Frames that a machine with page-table pages has beyond the others."""


@frozen
class Unusual:
    """A setting that is drawn: how often it is not as on the small machine, what it is then, and
    what is done on such a machine more often than on others.
    """

    field: str
    chance: float
    values: tuple[object, ...] = (True,)
    acts: tuple[str, ...] = ()


UNUSUAL = (
    Unusual("cpus", 0.08, (3,)),
    Unusual(
        "nodes",
        0.25,
        (
            (Node("dram", 4), Node("cxl", 4, tier=1)),
            (Node("dram", 8), Node("cxl", 2, tier=1)),
        ),
    ),
    Unusual("pcp_high", 0.55, (0, 0, 0, 1, 4)),
    Unusual("pcp_batch", 0.1, (2,)),
    Unusual("max_order", 0.25, (0, 1)),
    Unusual("zone_gen_bits", 0.2, (2,)),
    Unusual("key_bits", 0.08, (3,)),
    Unusual("gen_bits", 0.12, (2, 3)),
    Unusual("tlb_entries", 0.15, (1, 2, 4)),
    Unusual("swap_slots", 0.15, (0, 1, 2)),
    Unusual("ceiling", 0.15, (1, 2)),
    Unusual("asids", 0.12, (1, 2), ("switch", "fork")),
    Unusual("watermark_min", 0.08, (1, 2), ("compact",)),
    Unusual("gather_slots", 0.08, (1, 2), ("munmap", "dontneed")),
    Unusual("table_span", 0.08, (2, 3), ("munmap", "fork")),
    Unusual("arch", 0.12, (ARM64, RISCV), ("hotplug", "switch", "fork")),
    Unusual("secondary_tlb", 0.08, acts=("device",)),
    Unusual("mask_follows_load", 0.08, acts=("switch",)),
    Unusual("cut_switch", 0.08, acts=("switch",)),
    Unusual("swap_cache", 0.08, acts=("reclaim",)),
    Unusual("page_age", 0.08, acts=("age",)),
    Unusual("dirty_on_load", 0.08, (False,), ("writeback",)),
    Unusual("refcount_cow", 0.08, acts=("pin", "soft_dirty")),
    Unusual("invlpgb", 0.08, (1, 2), ("switch", "fork")),
    Unusual("frame_maps", 0.08, acts=("driver", "driver")),
    Unusual("pinned_io", 0.12, acts=("pin", "pin")),
    Unusual("iomap", 0.08, acts=("write_file",)),
    Unusual("remote", 0.08, acts=("server",)),
    Unusual("init_on_free", 0.08),
    Unusual("kasan", 0.08),
    Unusual("page_poison", 0.08),
)
"""Every setting of a machine, drawn for itself, so that they meet one another."""
OF_FILES = ("iomap", "remote")
"""Settings of a file, not of the machine."""


def some_machine(rng: Random, given: Mapping[str, object]) -> tuple[MachineConfig, tuple[str, ...]]:
    """A machine with settings drawn, but for those that are given; and the names of what is done on
    it more often than on others.
    """
    drawn: dict[str, Any] = {"ceiling": 0}
    acts: tuple[str, ...] = ()
    for one in UNUSUAL:
        if rng.random() < one.chance:
            drawn[one.field] = rng.choice(one.values)
            acts += one.acts
    drawn.update(given)
    of_file = {name: drawn.pop(name) for name in OF_FILES if name in drawn}
    config = evolve(SMALL, files=(evolve(SMALL.files[0], **of_file),), **drawn)
    if config.table_span:
        first, *others = config.nodes
        more = evolve(first, frames=first.frames + FOR_TABLES)
        config = evolve(config, nodes=(more, *others))
    if config.huge_pages:
        config = _with_large_entries(config)
    tasks = tuple(evolve(task, cpu=task.cpu % config.cpus) for task in TASKS)
    return evolve(config, tasks=tasks, ceiling=config.ceiling or CEILINGS[config.arch]), acts


def _with_large_entries(config: MachineConfig) -> MachineConfig:
    """The same machine, without what large entries do not go with, and with room for them."""
    size = config.huge_pages
    return evolve(
        config,
        table_span=0,
        secondary_tlb=False,
        pages=config.pages + -config.pages % size,
        nodes=tuple(
            evolve(node, frames=node.frames + -node.frames % size) for node in config.nodes
        ),
        max_order=max(config.max_order, config.huge_order),
        tlb_entries=max(config.tlb_entries, size),
    )
