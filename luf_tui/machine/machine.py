"""The machine: every region laid out over one array of cells, and its state at power-on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, ClassVar

from attrs import frozen

from luf_tui.machine import lists
from luf_tui.machine import schema as s
from luf_tui.machine.cells import Cells
from luf_tui.machine.config import MachineConfig
from luf_tui.machine.event_log import EventLog
from luf_tui.machine.regions import Field, Record, Region, Regions

TASK_LISTS = ("isolated", "plain", "luf", "freepages")
"""Private lists of a task: what it isolated, what it will free without and with a key, and free
pages that compaction will move pages to."""


@frozen
class RegionSpec:
    """A region to lay out: its name, its record class and how many records it has; as many of them
    for each record of the region `per`, one after the other, if it has one, and the last ones
    `beside` for nobody.
    """

    name: str
    kind: type[Record]
    count: int
    per: str = ""
    beside: int = 0


@frozen
class CellName:
    """Where a cell belongs: region, record index and field."""

    region: str
    index: int
    field: Field


class Machine:
    """One machine, all of whose state is in `cells` (and whose history is in `events`).

    `ledger` regions belong to the policy, which declares them; they are found by name. `memory` is
    what the cells are kept in. One that does not `remember` has no place for what the oracle keeps
    in mind of every address, and cannot be judged.
    """

    REGION: ClassVar[type[Region[Any]]] = Region
    """What its records stand in."""
    EVENTS: ClassVar[type[EventLog]] = EventLog
    """Where it is told what happens."""

    def __init__(
        self,
        config: MachineConfig,
        ledger: Sequence[RegionSpec] = (),
        memory: type[Cells] = Cells,
        *,
        remembers: bool = True,
    ) -> None:
        self.config = config
        self.events = self.EVENTS()
        n, nodes = config.cpus, len(config.nodes)
        self.actors = n + len(config.tasks)
        """The first context of those who act in races and are no tasks."""
        self.contexts = self.actors + len(config.actors) + 1
        self.orders = config.max_order + 1
        mms = len(config.processes)
        spans = [config.pages_of(mm) for mm in range(mms)]
        self.first_page = tuple(accumulate(spans, initial=0))
        """The number of each address space's first page over all of them; at the end, of all."""
        self._even = all(span == config.pages for span in spans)
        pages = self.first_page[-1]
        specs = [
            RegionSpec("cpu", s.Cpu, n),
            RegionSpec("asid", s.AsidSlot, n * config.asids),
            RegionSpec("tlb", s.TlbEntry, (n + config.secondary_tlb) * config.tlb_entries),
            RegionSpec("shootdown", s.Shootdown, n),
            RegionSpec("ctx", s.Context, self.contexts),
            RegionSpec("stack", s.Activation, self.contexts * s.STACK_DEPTH),
            RegionSpec("task", s.Task, len(config.tasks)),
            RegionSpec("mm", s.Mm, mms),
            RegionSpec("vma", s.Vma, pages),
            RegionSpec("pte", s.Pte, pages),
            RegionSpec("table", s.PageTable, mms * config.tables),
            RegionSpec("walk", s.WalkEntry, n * mms * config.tables),
            RegionSpec("pmd", s.Pmd, mms * config.ranges),
            RegionSpec("large", s.LargeEntry, n * mms * config.ranges, "cpu"),
            RegionSpec("file_page", s.FilePage, config.file_pages),
            RegionSpec("inode", s.FileInode, len(config.files)),
            RegionSpec("swap", s.SwapSlot, config.swap_slots),
            RegionSpec("pin", s.PinnedPage, config.pinned_io * pages, "pte"),
            RegionSpec("frame_map", s.FrameMap, config.frame_maps * pages, "pte"),
            RegionSpec("global_asid", s.GlobalAsid, mms if config.global_asids else 0),
            RegionSpec("kobject", s.KernelObject, len(config.objects)),
            RegionSpec("zone", s.Zone, nodes),
            RegionSpec("lists", s.ListHead, self._list_count(n, nodes)),
            RegionSpec("frame", s.Frame, config.frames + 1),
            *(self._remembered(pages) if remembers else ()),
            *ledger,
        ]
        self.cells = self._memory(specs, memory)
        self.regions = Names(self)
        base = 0
        for spec in specs:
            region = self.REGION(spec.name, spec.kind, self.cells, self.regions, base, spec.count)
            region.per, region.beside = spec.per, spec.beside
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
        self.pmd: Region[s.Pmd] = self.regions["pmd"]
        self.large: Region[s.LargeEntry] = self.regions["large"]
        self.file_page: Region[s.FilePage] = self.regions["file_page"]
        self.inode: Region[s.FileInode] = self.regions["inode"]
        self.swap: Region[s.SwapSlot] = self.regions["swap"]
        self.pin: Region[s.PinnedPage] = self.regions["pin"]
        self.frame_map: Region[s.FrameMap] = self.regions["frame_map"]
        self.global_asid: Region[s.GlobalAsid] = self.regions["global_asid"]
        self.kobject: Region[s.KernelObject] = self.regions["kobject"]
        self.zone: Region[s.Zone] = self.regions["zone"]
        self.lists: Region[s.ListHead] = self.regions["lists"]
        self.frame: Region[s.Frame] = self.regions["frame"]
        self.boot_ctx = self.ctx[-1]
        """The context of what happens on no CPU: set-up before a process runs, and hardware."""
        self._node_of: tuple[int, ...] = (
            *(number for number, node in enumerate(config.nodes) for _ in range(node.frames)),
            0,
        )
        self._inode_of: tuple[int, ...] = tuple(
            number for number, f in enumerate(config.files) for _ in range(f.pages)
        )
        self.first_frame: tuple[int, ...] = tuple(config.first_frame(i) for i in range(nodes))
        self._frames_of: tuple[list[s.Frame], ...] = tuple(
            self.frame[first : first + node.frames]
            for first, node in zip(self.first_frame, config.nodes, strict=True)
        )
        self._power_on()

    def _memory(self, specs: Sequence[RegionSpec], memory: type[Cells]) -> Cells:
        """Cells for all of the regions, each as wide as the widest field."""
        bits = (declared.bits for spec in specs for declared in spec.kind.FIELDS)
        widest = max(self.config.gen_bits, self.config.cpus, *bits)
        return memory(sum(spec.count * spec.kind.SIZE for spec in specs), widest)

    def _remembered(self, addresses: int) -> tuple[RegionSpec, ...]:
        positions = self.config.file_pages
        return (
            RegionSpec("promise", s.Promise, addresses, "pte"),
            RegionSpec("before", s.Before, addresses * s.LAYERS, "pte"),
            RegionSpec("file_bytes", s.FileBytes, positions, "file_page"),
            RegionSpec("file_before", s.FileBefore, positions * s.LAYERS, "file_page"),
            RegionSpec("window", s.Window, self.contexts, "ctx"),
            RegionSpec("pinned", s.Pinned, self.config.pinned_io * addresses, "pte"),
            RegionSpec("pinning", s.Pinned, self.config.pinned_io * self.contexts, "ctx"),
            RegionSpec("direct", s.Direct, self.config.pinned_io * self.contexts, "ctx"),
        )

    # -- where things are -------------------------------------------------------------------

    def _list_count(self, cpus: int, nodes: int) -> int:
        self._free_lists = cpus * nodes
        self._pend_lists = self._free_lists + nodes * self.orders
        self._lru_lists = self._pend_lists + nodes * self.orders
        self._task_lists = self._lru_lists + nodes
        return self._task_lists + len(self.config.tasks) * len(TASK_LISTS)

    def pcp_list(self, cpu: int, zone: s.Zone) -> s.ListHead:
        """A CPU's pcp list for a zone."""
        return self.lists[cpu * len(self.config.nodes) + zone.index]

    def free_list(self, zone: s.Zone, order: int) -> s.ListHead:
        """A zone's free_area[order].free_list."""
        return self.lists[self._free_lists + zone.index * self.orders + order]

    def pend_list(self, zone: s.Zone, order: int) -> s.ListHead:
        """A zone's free_area[order].pend_list, as LUF v12 adds it."""
        return self.lists[self._pend_lists + zone.index * self.orders + order]

    def lru_list(self, zone: s.Zone) -> s.ListHead:
        """A node's LRU."""
        return self.lists[self._lru_lists + zone.index]

    def task_list(self, task: s.Task, name: str) -> s.ListHead:
        """One of a task's private lists."""
        return self.lists[self._task_lists + task.index * len(TASK_LISTS) + TASK_LISTS.index(name)]

    def pcp_place(self, which: s.ListHead) -> tuple[int, s.Zone]:
        """The CPU and the zone of a pcp list."""
        cpu, node = divmod(which.index, len(self.config.nodes))
        return cpu, self.zone[node]

    def list_name(self, which: s.ListHead) -> str:
        """What a person calls a list."""
        nodes = self.config.nodes
        number = which.index
        if number < self._free_lists:
            cpu, node = divmod(number, len(nodes))
            return f"pcp cpu{cpu} {nodes[node].name}"
        for start, end, word in (
            (self._free_lists, self._pend_lists, "free"),
            (self._pend_lists, self._lru_lists, "pend"),
        ):
            if number < end:
                node, order = divmod(number - start, self.orders)
                return f"{word} {nodes[node].name} order {order}"
        if number < self._task_lists:
            return f"lru {nodes[number - self._lru_lists].name}"
        task, kind = divmod(number - self._task_lists, len(TASK_LISTS))
        return f"{TASK_LISTS[kind]} of {self.config.tasks[task].name}"

    def zone_of(self, frame: s.Frame) -> s.Zone:
        """page_zone(): the zone a frame belongs to."""
        return self.zone[self._node_of[frame.index]]

    def frames_of(self, zone: s.Zone) -> list[s.Frame]:
        """A zone's frames, by number."""
        return self._frames_of[zone.index]

    def block(self, head: s.Frame, order: int) -> list[s.Frame]:
        """The 2^order frames of the block that a frame heads, itself first."""
        return self.frame[head.index : head.index + (1 << order)]

    def inode_of(self, page: s.FilePage) -> s.FileInode:
        """The file that a page-cache position belongs to."""
        return self.inode[self._inode_of[page.index]]

    def position_of(self, page: s.FilePage) -> int:
        """The number of a page within its file."""
        return page.index - self.config.files[self._inode_of[page.index]].first

    def past_the_end(self, page: s.FilePage) -> bool:
        """Whether a page-cache position lies at or past its file's end."""
        number = self._inode_of[page.index]
        return page.index - self.config.files[number].first >= self.inode[number].size

    def pte_at(self, mm: s.Mm, vpn: int) -> s.Pte:
        """The page-table entry of a virtual page."""
        return self.pte[self.first_page[mm.index] + vpn]

    def place_of(self, pte: s.Pte) -> tuple[s.Mm, int]:
        """The address space and the virtual page number of a PTE."""
        number, vpn = self.place(pte.index)
        return self.mm[number], vpn

    def place(self, page: int) -> tuple[int, int]:
        """The number of the address space, and of the page in it, of a page over all of them."""
        if self._even:
            return divmod(page, self.config.pages)
        mm = bisect_right(self.first_page, page) - 1
        return mm, page - self.first_page[mm]

    def by_frame(self, pte: s.Pte) -> bool:
        """Whether what a PTE maps is mapped by its frame number: nothing refers to it from there,
        and it is in no reverse map.
        """
        return bool(self.frame_map) and self.frame_map[pte.index].object is not None

    def pin_at(self, mm: s.Mm, vpn: int) -> s.PinnedPage:
        """What is pinned at a virtual page, on a machine where pages are used through pins."""
        return self.pin[self.first_page[mm.index] + vpn]

    def table_at(self, mm: s.Mm, vpn: int) -> s.PageTable:
        """The place of the page-table page of a virtual page, on a machine that has them."""
        return self.table[mm.index * self.config.tables + vpn // self.config.table_span]

    def tables_of(self, mm: s.Mm) -> list[s.PageTable]:
        """The places of an address space's page-table pages, in order of address."""
        count = self.config.tables
        return self.table[mm.index * count : mm.index * count + count]

    def walks_of(self, cpu: int, mm: s.Mm) -> list[s.WalkEntry]:
        """A CPU's paging-structure cache entries for an address space, in order of address."""
        count = self.config.tables
        at = (cpu * len(self.config.processes) + mm.index) * count
        return self.walk[at : at + count]

    def pmd_at(self, mm: s.Mm, vpn: int) -> s.Pmd:
        """The upper level's entry for a virtual page, on a machine with large ones."""
        return self.pmd[mm.index * self.config.ranges + vpn // self.config.huge_pages]

    def large_at(self, cpu: int, mm: s.Mm, vpn: int) -> s.LargeEntry:
        """What a CPU caches of the range of a virtual page, on such a machine."""
        config = self.config
        at = (cpu * len(config.processes) + mm.index) * config.ranges
        return self.large[at + vpn // config.huge_pages]

    def range_of(self, vpn: int) -> range:
        """The virtual pages that one large entry maps, this one among them."""
        size = self.config.huge_pages
        return range(vpn // size * size, vpn // size * size + size)

    def vma_at(self, mm: s.Mm, vpn: int) -> s.Vma:
        """The mapping of a virtual page."""
        return self.vma[self.first_page[mm.index] + vpn]

    def tlb_of(self, cpu: int) -> list[s.TlbEntry]:
        """A CPU's TLB entries."""
        size = self.config.tlb_entries
        return self.tlb[cpu * size : cpu * size + size]

    @property
    def device_tlb(self) -> list[s.TlbEntry]:
        """The device's translations, on a machine that has one with a TLB of its own."""
        return self.tlb_of(self.config.cpus)

    def tlb_owner(self, entry: s.TlbEntry) -> str:
        """What a person calls whoever has a TLB entry."""
        cpu = entry.index // self.config.tlb_entries
        return f"cpu{cpu}" if cpu < self.config.cpus else "the device"

    def asids_of(self, cpu: int) -> list[s.AsidSlot]:
        """A CPU's ASID slots."""
        size = self.config.asids
        return self.asid[cpu * size : cpu * size + size]

    @property
    def zero_page(self) -> s.Frame:
        """The shared zero page."""
        return self.frame[self.config.frames]

    def irq_ctx(self, cpu: int) -> s.Context:
        """The context of a CPU's interrupt level."""
        return self.ctx[cpu]

    def task_ctx(self, task: s.Task) -> s.Context:
        """The context of a task."""
        return self.ctx[self.config.cpus + task.index]

    def task_of(self, ctx: s.Context) -> s.Task | None:
        """The task whose context it is; None for any other one."""
        number = ctx.index - self.config.cpus
        return self.task[number] if 0 <= number < len(self.task) else None

    def marked(self) -> list[s.Frame]:
        """The frames that carry a mark of the policy."""
        marks = self.frame.column(s.Frame.mark)
        return [self.frame[number] for number, mark in enumerate(marks) if mark]

    def cpu_of(self, ctx: s.Context) -> int:
        """The CPU a context runs on now; -1 for a task that is switched out, and for no task."""
        number = ctx.index - self.config.cpus
        if number < 0:
            return ctx.index
        if ctx.index >= self.actors:
            return -1
        task = self.task[number]
        cpu = task.cpu
        return cpu if cpu >= 0 and self.cpu[cpu].task is task else -1

    def ctx_name(self, ctx: s.Context) -> str:
        """What a person calls a context."""
        if ctx is self.boot_ctx:
            return "boot"
        if ctx.index < self.config.cpus:
            return f"irq cpu{ctx.index}"
        if ctx.index >= self.actors:
            return self.config.actors[ctx.index - self.actors]
        return self.config.tasks[ctx.index - self.config.cpus].name

    def locate(self, cell: int) -> CellName:
        """The region, record and field of a cell: for the screen, the diff and the explorer."""
        for region in self.regions.values():
            if region.base <= cell < region.base + len(region) * region.size:
                index, declared = region.locate(cell)
                return CellName(region.name, index, declared)
        raise IndexError(cell)

    def told(self, cell: int, value: int) -> str:
        """What a person reads for a value of a cell: for history and diff."""
        return self.regions.told(self.locate(cell).field, value)

    # -- power-on ---------------------------------------------------------------------------

    def _power_on(self) -> None:
        """Lay out the state before the first step: idle CPUs, files on disk, all memory free.

        A node's frames stand in buddy as the largest aligned blocks, in ascending order.
        """
        config = self.config
        for number, thread in enumerate(config.tasks):
            self.task[number].mm = self.mm[thread.mm] if thread.mm >= 0 else None
        for number, f in enumerate(config.files):
            self.inode[number].size = f.pages
            for page in range(f.first, f.first + f.pages):
                content = self.initial_file_content(page)
                self.file_page[page].disk = content
                if "file_bytes" in self.regions:
                    held: s.FileBytes = self.regions["file_bytes"][page]
                    held.value = held.other = held.third = held.remote = content
        zero = self.zero_page
        zero.state, zero.refs = s.ZERO_PAGE, 1
        for zone in self.zone:
            self._free_all(zone)
        self.cells.forget()

    def initial_file_content(self, page: int) -> int:
        """The content code of a file page's first version, `lib.0 v1` by name."""
        name = f"{self.config.file_page_name(page)} v1"
        contents = self.config.contents
        return contents.index(name) if name in contents else len(contents) + page

    def _free_all(self, zone: s.Zone) -> None:
        frames, at = self.frames_of(zone), 0
        while at < len(frames):
            order = self.config.max_order
            while at & ((1 << order) - 1) or at + (1 << order) > len(frames):
                order -= 1
            head = frames[at]
            head.state, head.order = s.FREE_BUDDY, order
            for tail in self.block(head, order)[1:]:
                tail.state = s.BUDDY_TAIL
            lists.push_tail(self.free_list(zone, order), head)
            at += 1 << order
        zone.free = len(frames)


BYTES = (
    *(s.Frame.content, s.FilePage.disk, s.SwapSlot.content),
    *(s.Held.value, s.Held.other, s.Held.third, s.FileBytes.remote),
)
"""Fields that hold the code of a page's bytes."""


class Names(Regions):
    """A machine's regions, and what the machine calls their records."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def name_of(self, record: Record) -> str:
        """What a person calls a record: `cpu1`, `f3`, `pte app text.0`, `pcp cpu0 dram`."""
        m = self._machine
        match record:
            case s.Cpu():
                return f"cpu{record.index}"
            case s.Frame():
                return f"f{record.index}"
            case s.Mm():
                return m.config.processes[record.index].name
            case s.Task():
                return m.config.tasks[record.index].name
            case s.Zone():
                return m.config.nodes[record.index].name
            case s.ListHead():
                return m.list_name(record)
            case s.Context():
                return m.ctx_name(record)
            case s.FilePage():
                return m.config.file_page_name(record.index)
            case s.Pte() | s.Vma() | s.Promise() | s.PinnedPage() | s.FrameMap() | s.Pmd():
                pages = m.config.huge_pages if isinstance(record, s.Pmd) else 1
                mm, vpn = m.place(record.index * pages)
                place = f"{m.config.processes[mm].name} {m.config.page_name(mm, vpn)}"
                return f"{type(record).__name__.lower()} {place}"
            case s.SwapSlot():
                return f"swap slot {record.index}"
            case s.FileInode():
                return m.config.files[record.index].name
            case s.KernelObject():
                return m.config.objects[record.index]
            case s.TlbEntry():
                return f"{m.tlb_owner(record)} tlb {record.index % m.config.tlb_entries}"
        return super().name_of(record)

    def told(self, declared: Field, raw: int) -> str:
        """As ever, and the bytes of a page by their name."""
        if declared in BYTES:
            return self._machine.config.content_name(raw)
        return super().told(declared, raw)
