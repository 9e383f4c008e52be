"""The machine: every region laid out over one array of cells, and its state at power-on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from luf_tui.machine import lists
from luf_tui.machine import schema as s
from luf_tui.machine.cells import Cells
from luf_tui.machine.config import MachineConfig
from luf_tui.machine.event_log import EventLog
from luf_tui.machine.regions import Field, Record, Region

TASK_LISTS = ("isolated", "plain", "luf", "freepages")
"""Private lists of a task: what it isolated, what it will free without and with a key, and free
pages that compaction will move pages to."""


@frozen
class RegionSpec:
    """A region to lay out: its name, its record class and how many records it has."""

    name: str
    kind: type[Record]
    count: int


@frozen
class CellName:
    """Where a cell belongs: region, record index and field."""

    region: str
    index: int
    field: Field


class Machine:
    """One machine, all of whose state is in `cells` (and whose history is in `events`).

    `ledger` regions belong to the policy, which declares them; they are found by name.
    """

    def __init__(self, config: MachineConfig, ledger: Sequence[RegionSpec] = ()) -> None:
        self.config = config
        self.events = EventLog()
        n, nodes = config.cpus, len(config.nodes)
        self.contexts = n + len(config.tasks) + 1
        self.boot_ctx = self.contexts - 1
        """The context of what happens on no CPU: set-up before a process runs, and hardware."""
        self.orders = config.max_order + 1
        mms = len(config.processes)
        specs = [
            RegionSpec("cpu", s.Cpu, n),
            RegionSpec("asid", s.AsidSlot, n * config.asids),
            RegionSpec("tlb", s.TlbEntry, (n + config.secondary_tlb) * config.tlb_entries),
            RegionSpec("shootdown", s.Shootdown, n),
            RegionSpec("ctx", s.Context, self.contexts),
            RegionSpec("stack", s.Activation, self.contexts * s.STACK_DEPTH),
            RegionSpec("task", s.Task, len(config.tasks)),
            RegionSpec("mm", s.Mm, mms),
            RegionSpec("vma", s.Vma, mms * config.pages),
            RegionSpec("pte", s.Pte, mms * config.pages),
            RegionSpec("table", s.PageTable, mms * config.tables),
            RegionSpec("walk", s.WalkEntry, n * mms * config.tables),
            RegionSpec("file_page", s.FilePage, config.file_pages),
            RegionSpec("inode", s.FileInode, len(config.files)),
            RegionSpec("swap", s.SwapSlot, config.swap_slots),
            RegionSpec("kobject", s.KernelObject, len(config.objects)),
            RegionSpec("zone", s.Zone, nodes),
            RegionSpec("lists", s.ListHead, self._list_count(n, nodes)),
            RegionSpec("frame", s.Frame, config.frames + 1),
            *ledger,
        ]
        widest = max(config.gen_bits, n, *(f.bits for spec in specs for f in spec.kind.FIELDS))
        self.cells = Cells(sum(spec.count * spec.kind.SIZE for spec in specs), widest)
        self.regions: dict[str, Region[Any]] = {}
        base = 0
        for spec in specs:
            region = Region(spec.name, spec.kind, self.cells, base, spec.count)
            self.regions[spec.name] = region
            base += spec.count * spec.kind.SIZE
        self.cpu: Region[s.Cpu] = self.regions["cpu"]
        self.asid: Region[s.AsidSlot] = self.regions["asid"]
        self.tlb: Region[s.TlbEntry] = self.regions["tlb"]
        self.shootdown: Region[s.Shootdown] = self.regions["shootdown"]
        self.ctx: Region[s.Context] = self.regions["ctx"]
        self.stack: Region[s.Activation] = self.regions["stack"]
        self.task: Region[s.Task] = self.regions["task"]
        self.mm: Region[s.Mm] = self.regions["mm"]
        self.vma: Region[s.Vma] = self.regions["vma"]
        self.pte: Region[s.Pte] = self.regions["pte"]
        self.table: Region[s.PageTable] = self.regions["table"]
        self.walk: Region[s.WalkEntry] = self.regions["walk"]
        self.file_page: Region[s.FilePage] = self.regions["file_page"]
        self.inode: Region[s.FileInode] = self.regions["inode"]
        self.swap: Region[s.SwapSlot] = self.regions["swap"]
        self.kobject: Region[s.KernelObject] = self.regions["kobject"]
        self.zone: Region[s.Zone] = self.regions["zone"]
        self.lists: Region[s.ListHead] = self.regions["lists"]
        self.frame: Region[s.Frame] = self.regions["frame"]
        self.node_of: tuple[int, ...] = (
            *(number for number, node in enumerate(config.nodes) for _ in range(node.frames)),
            0,
        )
        self.inode_of: tuple[int, ...] = tuple(
            number for number, f in enumerate(config.files) for _ in range(f.pages)
        )
        self.first_frame: tuple[int, ...] = tuple(config.first_frame(i) for i in range(nodes))
        self._power_on()

    # -- where things are -------------------------------------------------------------------

    def _list_count(self, cpus: int, nodes: int) -> int:
        self._free_lists = cpus * nodes
        self._pend_lists = self._free_lists + nodes * self.orders
        self._lru_lists = self._pend_lists + nodes * self.orders
        self._task_lists = self._lru_lists + nodes
        return self._task_lists + len(self.config.tasks) * len(TASK_LISTS)

    def pcp_list(self, cpu: int, node: int) -> int:
        """The list number of a CPU's pcp list for a zone."""
        return cpu * len(self.config.nodes) + node

    def free_list(self, node: int, order: int) -> int:
        """The list number of a zone's free_area[order].free_list."""
        return self._free_lists + node * self.orders + order

    def pend_list(self, node: int, order: int) -> int:
        """The list number of a zone's free_area[order].pend_list (M 2.2)."""
        return self._pend_lists + node * self.orders + order

    def lru_list(self, node: int) -> int:
        """The list number of a node's LRU."""
        return self._lru_lists + node

    def task_list(self, task: int, name: str) -> int:
        """The list number of one of a task's private lists."""
        return self._task_lists + task * len(TASK_LISTS) + TASK_LISTS.index(name)

    def list_name(self, which: int) -> str:
        """What a person calls list `which`."""
        nodes = self.config.nodes
        if which < self._free_lists:
            cpu, node = divmod(which, len(nodes))
            return f"pcp cpu{cpu} {nodes[node].name}"
        for start, end, word in (
            (self._free_lists, self._pend_lists, "free"),
            (self._pend_lists, self._lru_lists, "pend"),
        ):
            if which < end:
                node, order = divmod(which - start, self.orders)
                return f"{word} {nodes[node].name} order {order}"
        if which < self._task_lists:
            return f"lru {nodes[which - self._lru_lists].name}"
        task, kind = divmod(which - self._task_lists, len(TASK_LISTS))
        return f"{TASK_LISTS[kind]} of {self.config.tasks[task].name}"

    def pte_at(self, mm: int, vpn: int) -> s.Pte:
        """The page-table entry of a virtual page."""
        return self.pte[mm * self.config.pages + vpn]

    def table_at(self, mm: int, vpn: int) -> s.PageTable:
        """The place of the page-table page of a virtual page, on a machine that has them."""
        return self.table[mm * self.config.tables + vpn // self.config.table_span]

    def walks_of(self, cpu: int, mm: int) -> list[s.WalkEntry]:
        """A CPU's paging-structure cache entries for an address space, in order of address."""
        count = self.config.tables
        at = (cpu * len(self.config.processes) + mm) * count
        return self.walk.records[at : at + count]

    def vma_at(self, mm: int, vpn: int) -> s.Vma:
        """The mapping of a virtual page."""
        return self.vma[mm * self.config.pages + vpn]

    def tlb_of(self, cpu: int) -> list[s.TlbEntry]:
        """A CPU's TLB entries."""
        size = self.config.tlb_entries
        return self.tlb.records[cpu * size : cpu * size + size]

    @property
    def device_tlb(self) -> list[s.TlbEntry]:
        """The device's translations, on a machine that has one with a TLB of its own."""
        return self.tlb_of(self.config.cpus)

    def tlb_owner(self, index: int) -> str:
        """What a person calls whoever has a TLB entry."""
        cpu = index // self.config.tlb_entries
        return f"cpu{cpu}" if cpu < self.config.cpus else "the device"

    def asids_of(self, cpu: int) -> list[s.AsidSlot]:
        """A CPU's ASID slots."""
        size = self.config.asids
        return self.asid.records[cpu * size : cpu * size + size]

    @property
    def zero_page(self) -> int:
        """The frame number of the shared zero page."""
        return self.config.frames

    def irq_ctx(self, cpu: int) -> int:
        """The context of a CPU's interrupt level."""
        return cpu

    def task_ctx(self, task: int) -> int:
        """The context of a task."""
        return self.config.cpus + task

    def ctx_name(self, ctx: int) -> str:
        """What a person calls a context."""
        if ctx == self.boot_ctx:
            return "boot"
        if ctx < self.config.cpus:
            return f"irq cpu{ctx}"
        return self.config.tasks[ctx - self.config.cpus].name

    def locate(self, cell: int) -> CellName:
        """The region, record and field of a cell: for the screen, the diff and the explorer."""
        for region in self.regions.values():
            if region.base <= cell < region.base + len(region) * region.size:
                index, declared = region.locate(cell)
                return CellName(region.name, index, declared)
        raise IndexError(cell)

    # -- power-on ---------------------------------------------------------------------------

    def _power_on(self) -> None:
        """Lay out the state before the first step: idle CPUs, files on disk, all memory free.

        A node's frames stand in buddy as the largest aligned blocks, in ascending order.
        """
        config = self.config
        for number, thread in enumerate(config.tasks):
            self.task[number].mm = thread.mm + 1
        for number, f in enumerate(config.files):
            self.inode[number].size = f.pages
            for page in range(f.first, f.first + f.pages):
                self.file_page[page].disk = self.initial_file_content(page)
        zero = self.frame[self.zero_page]
        zero.state, zero.refs = s.ZERO_PAGE, 1
        for number, node in enumerate(config.nodes):
            self._free_all(number, node.frames)
        self.cells.forget()

    def initial_file_content(self, page: int) -> int:
        """The content code of a file page's first version, `lib.0 v1` by name."""
        name = f"{self.config.file_page_name(page)} v1"
        contents = self.config.contents
        return contents.index(name) if name in contents else len(contents) + page

    def _free_all(self, node: int, count: int) -> None:
        first, at = self.first_frame[node], 0
        while at < count:
            order = self.config.max_order
            while at & ((1 << order) - 1) or at + (1 << order) > count:
                order -= 1
            pfn = first + at
            self.frame[pfn].state, self.frame[pfn].order = s.FREE_BUDDY, order
            for tail in range(pfn + 1, pfn + (1 << order)):
                self.frame[tail].state = s.BUDDY_TAIL
            lists.push_tail(self, self.free_list(node, order), pfn)
            at += 1 << order
        self.zone[node].free = count
