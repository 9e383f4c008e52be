"""The machine of the model: so many CPUs, virtual pages and page frames."""

from __future__ import annotations

from attrs import frozen

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operations.mappings import MAY_WRITE, READ, SHARED, WRITE, Mmap
from luf_tui.engine.operations.process import Switch
from luf_tui.machine.cells import Cells
from luf_tui.machine.config import FileConfig, MachineConfig, Node, ProcessConfig, TaskConfig
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import Oracle
from luf_tui.policy.base import Policy

CONTENTS = ("zero", "poison")
FIRST_CONTENT = len(CONTENTS)
"""From here on the code of a content is page + pages * version."""


@frozen
class Sizes:
    """-DNCPU, -DNV and -DNF of the model."""

    cpus: int = 2
    pages: int = 2
    frames: int = 3

    def __str__(self) -> str:
        return f"{self.cpus}/{self.pages}/{self.frames}"


FULL = Sizes()
"""The model as it stands, without -D."""


def config_of(sizes: Sizes) -> MachineConfig:
    """The machine's sizes, and hardware that caches D only for a store.

    Every frame is a node of its own: an allocation asks node after node, and the policy refuses all
    but one. `pcp_high` 0 sends every page that is freed on to where all CPUs can get it.
    """
    names = tuple(f"page.{vpn}" for vpn in range(sizes.pages))
    return MachineConfig(
        cpus=sizes.cpus,
        nodes=tuple(Node(f"node{number}", 1) for number in range(sizes.frames)),
        processes=(ProcessConfig("app", names),),
        tasks=tuple(TaskConfig(f"app/cpu{cpu}", 0, cpu) for cpu in range(sizes.cpus)),
        files=(FileConfig("data", sizes.pages, 0),),
        contents=CONTENTS,
        pages=sizes.pages,
        tlb_entries=sizes.pages,
        asids=1,
        max_order=0,
        pcp_high=0,
        swap_slots=0,
        dirty_on_load=False,
    )


def power_on(sizes: Sizes, policy: Policy, cells: type[Cells] = Cells) -> Kernel:
    """A thread of one process runs on every CPU; its file is mapped shared, nothing is touched."""
    config = config_of(sizes)
    machine = Machine(config, policy.regions(config), cells)
    policy.power_on(machine)
    k = Kernel(machine, policy)
    boot, rights = machine.boot_ctx, SHARED | READ | WRITE | MAY_WRITE
    for cpu, task in enumerate(machine.task):
        k.push(boot, Switch, {"cpu": cpu, "to": task})
        k.finish(boot)
    where = {"mm": machine.mm[0], "pages": sizes.pages, "file_page": machine.file_page[0]}
    k.push(boot, Mmap, {**where, "flags": rights})
    k.finish(boot)
    Oracle(machine).judge(0)
    machine.cells.forget()
    return k
