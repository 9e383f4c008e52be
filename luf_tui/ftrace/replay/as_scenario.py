"""A window of a recording as a scenario: to be cut down by hand, and searched."""

from __future__ import annotations

import re
from collections import Counter
from math import inf

from attrs import define, field

from luf_tui.errors import LufError
from luf_tui.ftrace.meaning.facts import FactKind, Flag
from luf_tui.ftrace.meaning.meaning import BATCHED
from luf_tui.ftrace.replay.layout import was_unmapped
from luf_tui.ftrace.replay.payers import payers_in
from luf_tui.ftrace.replay.trace_program import CPUS, Lines
from luf_tui.script.format import format_text
from luf_tui.timeline.tell.words import counted

MOST = 400
"""Facts that a scenario may be written of."""
AHEAD = 4000
"""Facts behind a window in which a migration that it begins is looked for the end of."""
IN_A_LINE = 8
"""Pages that one batch of a kernel that batches names in a line."""
FILE, FILE_REGION, HEAP = "pages", "text", "heap"
DRAM, CXL = "dram", "cxl"
_PLAIN = re.compile(r"others|(?!cpu|mm)[a-z][a-z0-9-]*-[0-9]+")
Place = tuple[int, int]
"""A page of an address space, both as in facts."""


@define
class Page:
    """What is mapped at one or more places."""

    number: int = 0
    """Of its file, or of its heap."""
    heap: bool = False
    """Private to its one place, and writable."""
    told: bool = False
    """Whether a PTE of it is told of."""
    node: str = DRAM
    hidden: bool = False
    """By NUMA balancing when the window begins, so that nobody has it cached."""
    places: list[Place] = field(factory=list)
    mapped: set[Place] = field(factory=set)


@define
class Worker:
    """A CPU on which only kernel threads run, and what they freed there, the latest last."""

    cpu: int
    freed: dict[str, list[float]] = field(factory=lambda: {DRAM: [], CXL: []})
    """Per node, the fact at which each free page is wanted."""


def scenario_of(lines: Lines, first: int, last: int, title: str, policy: str) -> str:
    """The facts from `first` to `last` as a scenario. Raises LufError when they are too many."""
    if last - first >= MOST:
        told = f"{title}: a scenario is written of at most {MOST} facts, and these are"
        raise LufError(f"{told} {last - first + 1:,}; say a stretch, as in FILE@L1..L{MOST}")
    return _Window(lines, first, last).text(title, policy)


class _Window:
    def __init__(self, lines: Lines, first: int, last: int) -> None:
        self.trace, self.layout = lines.trace, lines.layout
        self.first, self.last = first, last
        self.span = range(first, last + 1)
        self.cpus = self.layout.cpus
        self.batches = self.trace.survey.kernel == BATCHED
        self.out: list[str] = []
        self.left: Counter[str] = Counter()
        self.used = Counter({DRAM: 0, CXL: 0, "swap": 0})
        self.pages: dict[Place, Page] = {}
        self.running: dict[int, int] = {}
        """The address space of the process that a CPU runs."""
        self.returns = self._returns()
        """The last fact at which a process comes to a CPU."""
        self.now = first - 1
        self.workers: list[Worker] = []
        self.home: dict[str, int] = {}
        self.late: dict[int, list[int]] = {}
        """Unmappings that are written only where their page owes."""
        self.held: dict[int, str] = {}
        """Frames, as in facts, that `kernel alloc` has taken, and their names."""
        self.joined: tuple[str, int] = ("", 0)
        """The line that a further page of a batch may join, and the pages that it has."""
        self.remaps = self._remaps()
        self.wanted, self.takers = self._payers()
        """Per unmapping, the allocation that pays for it; and per allocation its worker's."""
        self.prelude_of: list[Page] = []
        self._find_pages()

    # -- what is there ------------------------------------------------------------------------

    def _returns(self) -> dict[int, int]:
        facts = self.trace.facts
        comes = (FactKind.SWITCH, FactKind.FAULT)
        return {
            facts.cpu[at]: at
            for at in self.span
            if facts.kind[at] in comes and not facts.flags[at] & Flag.KERNEL
        }

    def _remaps(self) -> dict[Place, list[int]]:
        facts, found = self.trace.facts, dict[Place, list[int]]()
        for at in range(self.first, min(len(facts), self.last + AHEAD)):
            if facts.kind[at] == FactKind.REMAP:
                found.setdefault((facts.mm[at], facts.page[at]), []).append(at)
        return found

    def _payers(self) -> tuple[dict[int, int], dict[int, tuple[Worker, str] | None]]:
        facts, wanted = self.trace.facts, dict[int, int]()
        takers: dict[int, tuple[Worker, str] | None] = {}
        payers, owed = payers_in(self.trace, self.layout, self.first, self.last)
        self.owed = {self.layout.pfns[number]: owes for number, owes in owed.items()}
        for at, number in payers.items():
            pfn = self.layout.pfns[number]
            own = [
                one
                for one in range(self.first, at)
                if facts.kind[one] == FactKind.UNMAP
                and facts.pfn[one] == pfn
                and one not in self.layout.followers
            ]
            if own:
                wanted[own[-1]] = at
                takers[at] = None
            else:
                self.left["allocation paid for a page unmapped before the window"] += 1
        return wanted, takers

    def _find_pages(self) -> None:
        facts = self.trace.facts
        walks: dict[int, Page] = {}
        order: list[Page] = []
        for at in self.span:
            kind, flags = facts.kind[at], facts.flags[at]
            if kind not in (FactKind.UNMAP, FactKind.REMAP, FactKind.FAULT):
                continue
            unmap = kind == FactKind.UNMAP
            if (unmap and not was_unmapped(flags)) or (kind == FactKind.FAULT and not facts.mm[at]):
                continue
            place, task = (facts.mm[at], facts.page[at]), facts.task[at]
            page = self.pages.get(place)
            if page is None:
                page = walks.get(task) if unmap and at in self.layout.followers else None
                if page is None:
                    page = Page()
                    order.append(page)
                    if kind != FactKind.FAULT:
                        page.node = self._node(facts.pfn[at])
                        page.hidden = unmap and bool(flags & Flag.HIDDEN)
                        self.prelude_of.append(page)
                page.places.append(place)
                self.pages[place] = page
            if unmap:
                walks[task] = page
            # What its first PTE that is told of allows; without one, what was done to it.
            if kind == FactKind.FAULT:
                page.heap |= not page.told and bool(facts.arg[at] & 2)
            elif not page.told:
                page.told, page.heap = True, bool(flags & Flag.WRITABLE)
            # A page of several places is one of a file.
            page.heap &= len(page.places) == 1
        numbers: Counter[int] = Counter()
        for page in sorted(order, key=lambda page: page.places[0]):
            kind = page.places[0][0] if page.heap else -1
            page.number = numbers[kind]
            numbers[kind] += 1
        self.sizes = numbers

    def _node(self, pfn: int) -> str:
        nodes = self.layout.config.nodes
        if len(nodes) == 1:
            return DRAM
        return nodes[self.layout.frame[pfn] >= nodes[0].frames].name

    def _name(self, mm: int) -> str:
        name = self.layout.config.processes[self.layout.mm(mm)].name
        plain = re.sub(r"[^a-z0-9-]", "", name.lower())
        # A name of its own, whatever two programs are called.
        return plain if _PLAIN.fullmatch(name) else f"mm{mm}-{plain}"

    def _word(self, page: Page, place: Place) -> str:
        return f"{self._name(place[0])}.{HEAP if page.heap else FILE_REGION}.{page.number}"

    # -- the text -----------------------------------------------------------------------------

    def text(self, title: str, policy: str) -> str:
        """All of it."""
        self._begin()
        body_from = len(self.out)
        for at in self.span:
            self.now = at
            for unmap in self.late.pop(at, ()):
                self._unmap(unmap)
            self._fact(at)
        body = self.out[body_from:]
        used = {node: count + 4 for node, count in self.used.items()}
        tiers = len(self.layout.config.nodes) > 1
        cpus = self.cpus + 1 + len(self.workers)
        machine = [
            f"cpus {cpus}, dram {used[DRAM]}, cxl {used[CXL] if tiers else 0}, swap {used['swap']}",
            f"tlb {max(8, min(64, len(self.pages)))}, max-order 0, pcp-batch 1, pcp-high 512",
            "key-bits 14, zone-gen-bits 16",
        ]
        if self.layout.config.mask_follows_load:
            machine.append("mask-follows-load")
        head = [
            f"title {title}",
            f"about Written by `luf-tui export` from facts {self.first + 1} to {self.last + 1}.",
            "about Cut it down to what you want to know; then move lines that may come in any",
            "about order between `race` and `end`, and search: `luf-tui explore` this file.",
            f"about Kernel threads work on cpu{self.cpus} and up, so that what they free is taken",
            "about again by the allocation that took it in the recording.",
            *(f"machine {line}" for line in machine),
            f"policy {policy}",
            "",
        ]
        heaps = {mm: max(1, self.sizes[mm]) for mm in sorted(self._spaces())}
        head += [f"process {self._name(mm)}, heap {n} pages" for mm, n in heaps.items()]
        if self.sizes[-1]:
            mapping = {mm for p in self.pages.values() if not p.heap for mm, _ in p.places}
            mmap = f"mmap {FILE} read-only shared as {FILE_REGION}"
            head.append(f"file {FILE}, {self.sizes[-1]} pages")
            head += [f"{self._name(mm)} {mmap}" for mm in sorted(mapping)]
        told = [f"note Left out: {counted_as(n, what)}." for what, n in sorted(self.left.items())]
        text = "\n".join([*head, "", *self.out[:body_from], "", *told, *body])
        return format_text(f"{text}\nexpect no violation\n")

    def _spaces(self) -> set[int]:
        facts = self.trace.facts
        used = {mm for mm, _ in self.pages} | set(self._at_start().values())
        for at in self.span:
            if facts.kind[at] == FactKind.SWITCH and not facts.flags[at] & Flag.KERNEL:
                used.add(facts.mm[at])
        return used

    def _at_start(self) -> dict[int, int]:
        """The address space that each CPU has loaded when the window begins."""
        facts = self.trace.facts
        found = {cpu: mm + 1 for cpu, mm in self.layout.loaded}
        for at in facts.of(FactKind.SWITCH):
            if at >= self.first:
                break
            if not facts.flags[at] & Flag.KERNEL:
                found[facts.cpu[at]] = facts.mm[at]
        return found

    def _begin(self) -> None:
        """Who runs where, and who has what in a TLB."""
        facts, start = self.trace.facts, self._at_start()
        lazy = dict.fromkeys(start, True)
        for at in facts.of(FactKind.SWITCH):
            if at >= self.first:
                break
            lazy[facts.cpu[at]] = bool(facts.flags[at] & Flag.KERNEL)
        for cpu, mm in sorted(start.items()):
            self._run(cpu, mm)
        self._say(f"kernel on cpu{self.cpus}")
        self.home["kernel"] = self.cpus
        self._cache()
        for cpu in sorted(self.running):
            if start.get(cpu) is None or lazy[cpu]:
                self._idle(cpu, self.first - 1)
            else:
                self._run(cpu, start[cpu])

    def _cache(self) -> None:
        """Put the pages that will be unmapped where they were, and into TLBs."""
        # First everything is where it was, then everybody caches it.
        for page in self.prelude_of:
            for place in page.places:
                self._map(page, place)
        for page in self.prelude_of:
            if page.node == CXL:
                self._say(f"kernel move {self._word(page, page.places[0])} to {CXL}")
                self.used[CXL] += 1
        for page in self.prelude_of:
            for place in page.places:
                on = [cpu for cpu, mm in sorted(self.running.items()) if mm == place[0]]
                # Who mapped a page where it is caches it already.
                for cpu in on[page.node == DRAM :]:
                    self._say(f"cpu{cpu} read {self._word(page, place)}")
        for page in self.prelude_of:
            for place in page.places if page.hidden else ():
                self._on("numa", self.cpus)
                self._say(f"numa scan {self._word(page, place)}")

    def _say(self, line: str) -> None:
        self.out.append(line)
        self.joined = ("", 0)

    def _run(self, cpu: int, mm: int) -> None:
        if self.running.get(cpu) != mm:
            self.running[cpu] = mm
            self._say(f"cpu{cpu} run {self._name(mm)}")

    def _idle(self, cpu: int, at: int = -1) -> None:
        """A CPU that comes back stays: LUF v12 pays when a lazily kept address space is dropped,
        which a replay on x86 leaves out.
        """
        if cpu not in self.running:
            return
        if self.returns.get(cpu, -1) > at:
            self.left["return from a kernel thread, at which LUF would pay (v12)"] += 1
            return
        del self.running[cpu]
        self._say(f"cpu{cpu} idle")

    def _map(self, page: Page, place: Place, cpu: int = -1, *, write: bool = False) -> None:
        """Have a process touch a page, on a CPU where it runs."""
        if cpu < 0:
            on = [one for one, mm in sorted(self.running.items()) if mm == place[0]]
            lent = [one for one in range(self.cpus) if one not in self.running] or [0]
            cpu = on[0] if on else lent[0]
        before = self.running.get(cpu)
        self._run(cpu, place[0])
        # What is read anew could not be written through, which its unmapping says it could.
        store = page.heap and (write or place not in page.mapped)
        where = "" if place in page.mapped else f"  # {place[1]:#x}"
        self._say(f"cpu{cpu} {'write' if store else 'read'} {self._word(page, place)}{where}")
        if place not in page.mapped:
            self.used[DRAM] += 2 if page.heap else 1
            page.mapped.add(place)
        if before is None:
            self._idle(cpu, self.now)
        elif before != place[0]:
            self._run(cpu, before)

    # -- facts --------------------------------------------------------------------------------

    def _fact(self, at: int) -> None:
        facts = self.trace.facts
        kind, cpu, flags = FactKind(facts.kind[at]), facts.cpu[at], facts.flags[at]
        if kind is FactKind.SWITCH:
            if flags & Flag.KERNEL:
                self._idle(cpu, at)
            else:
                self._run(cpu, facts.mm[at])
        elif kind is FactKind.FAULT:
            self._fault(at)
        elif kind is FactKind.UNMAP and was_unmapped(flags):
            owes = self._owes_later(at)
            if owes < 0:
                self._unmap(at)
            else:
                self.late.setdefault(owes, []).append(at)
        elif kind is FactKind.ALLOC:
            self._alloc(at)
        elif kind is FactKind.FREE and facts.pfn[at] in self.held:
            self._on("kernel", self.cpus)
            self._say(f"kernel free {self.held.pop(facts.pfn[at])}")
        elif kind in (FactKind.SENT, FactKind.LOCAL) and not flags & (Flag.FOR_UNMAP | Flag.BATCH):
            self.left["request to flush something else than an unmapped page"] += 1
        elif kind is FactKind.GAP:
            self.left["gap in the recording"] += 1

    def _owes_later(self, at: int) -> int:
        """The fact from which a page owes, where an allocation pays between its unmapping and that:
        here it is unmapped and freed in one. -1 where that is no matter.
        """
        owes = [one for one in self.owed.get(self.trace.facts.pfn[at], ()) if one >= at]
        if owes and any(at < payer <= owes[0] for payer in self.takers):
            return owes[0]
        return -1

    def _fault(self, at: int) -> None:
        facts = self.trace.facts
        page = self.pages.get((facts.mm[at], facts.page[at]))
        write = bool(facts.arg[at] & 2)
        if page is None:
            self.left["fault of an address space that is not known"] += 1
        elif write and not page.heap:
            self.left["store to a page that is unmapped read-only"] += 1
        else:
            cpu = facts.cpu[at]
            self._run(cpu, facts.mm[at])
            self._map(page, (facts.mm[at], facts.page[at]), cpu, write=write)

    def _unmap(self, at: int) -> None:
        facts = self.trace.facts
        place = facts.mm[at], facts.page[at]
        page = self.pages[place]
        if at in self.layout.followers and at - 1 >= self.first:
            return
        if page.heap != bool(facts.flags[at] & Flag.WRITABLE):
            self.left["unmapping of a page whose rights have changed: taken as it was first"] += 1
        verb, target = "kswapd reclaim", ""
        if facts.flags[at] & Flag.MIGRATE:
            target = self._target(at, place, page)
            if not target:
                self.left["migration that was undone or that is told too little of"] += 1
                return
            verb = "kswapd demote" if target == CXL else "numa promote"
            verb = verb if target != page.node else "kcompactd compact"
        if place not in page.mapped:
            self._map(page, place)
        wanted = self.wanted.get(at, inf)
        worker = self._worker(page.node, "" if target == page.node else target, wanted)
        if worker is None:
            self.left["unmapping for which no CPU is left"] += 1
            return
        if wanted is not inf:
            self.takers[int(wanted)] = worker, page.node
        worker.freed[page.node].append(wanted)
        self._write(verb, worker, self._word(page, place), alone=wanted is not inf)
        if target:
            page.node = target
            self.used[target] += 1
        else:
            page.mapped.clear()
            page.node = DRAM
            self.used["swap"] += page.heap

    def _write(self, verb: str, worker: Worker, word: str, *, alone: bool) -> None:
        actor, _ = verb.split()
        self._on(actor, worker.cpu)
        joins, pages = self.joined
        if self.batches and not alone and joins == verb and pages < IN_A_LINE:
            self.out[-1] += f" {word}"
            self.joined = verb, pages + 1
            return
        self._say(f"{verb} {word}")
        self.joined = (verb, 1) if not alone else ("", 0)

    def _target(self, at: int, place: Place, page: Page) -> str:
        """The node a page is migrated to; empty where it stays."""
        facts = self.trace.facts
        for one in self.remaps.get(place, ()):
            if one > at:
                return "" if facts.flags[one] & Flag.FAILED else self._node(facts.pfn[one])
        tiers = len(self.layout.config.nodes) > 1
        return {DRAM: CXL, CXL: DRAM}[page.node] if tiers else ""

    def _worker(self, node: str, target: str, wanted: float) -> Worker | None:
        """A CPU whose lists of free pages give each page to the allocation that wants it. What owes
        is taken there in the order in which it was freed, and what owes nothing before it: pages
        that are wanted are among themselves, in the order in which they are. No target page may be
        one that is freed.
        """
        for worker in self.workers:
            freed = worker.freed[node]
            fits = not freed or (freed[-1] < wanted if wanted != inf else freed[-1] == inf)
            if fits and (not target or not worker.freed[target]):
                return worker
        if self.cpus + 1 + len(self.workers) >= CPUS:
            return None
        self.workers.append(Worker(self.cpus + 1 + len(self.workers)))
        return self.workers[-1]

    def _on(self, actor: str, cpu: int) -> None:
        if self.home.get(actor) != cpu:
            self.home[actor] = cpu
            self._say(f"{actor} on cpu{cpu}")

    def _alloc(self, at: int) -> None:
        facts = self.trace.facts
        if at not in self.takers:
            self.left["allocation that nobody waits for"] += 1
            return
        taker = self.takers[at]
        if taker is None:
            self.left["allocation whose page is not unmapped here"] += 1
            return
        worker, node = taker
        worker.freed[node].pop(0)
        self._on("kernel", worker.cpu)
        name = f"taken-{at + 1}"
        self.held[facts.pfn[at]] = name
        task, pid = self.trace.tasks[facts.task[at]]
        self._say(f"kernel alloc {name} on {node}  # {task}-{pid} on cpu{facts.cpu[at]}")


def counted_as(number: int, what: str) -> str:
    """A count of what the first word names, which may be plural."""
    first, _, rest = what.partition(" ")
    return f"{counted(number, first)} {rest}".rstrip()
