"""LUF's ledger: keys, generations, marks and takeoff sections."""

from __future__ import annotations

from luf_tui.machine import lists
from luf_tui.machine.config import ARM64, MachineConfig
from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.regions import Number, Record, Region
from luf_tui.machine.schema import BUDDY_TAIL, FREE_BUDDY, FREE_PCP, Frame, Task, Zone
from luf_tui.policy import guards
from luf_tui.policy.base import OWED, PAYING, SAVED, Debt
from luf_tui.policy.batched import Batched, UnmapBatch, place

WIDE = 32
"""Bits that stand for the kernel's 64: no run comes to their end."""


class LufCounters(Record):
    """The global counters."""

    ugen = Number("luf_ugen: the number of the newest request or flush", counter="ugen", bits=32)
    kgen = Number("luf_kgen: the newest key")


class KeyEntry(Record):
    """luf_batch[key]: whom a key stands for, and its newest request."""

    mask = Number("CPUs that may hold stale entries", mask="cpu")
    ugen = Number("newest request", counter="ugen", bits=32)


class OwnerBatch(KeyEntry):
    """mm.luf_batch, or mapping.luf_batch."""


class CpuDone(Record):
    """ugen_done[cpu]."""

    done = Number("newest flush this CPU has completed", counter="ugen", bits=32)


class LufZone(Record):
    """The zone's part (v12, 21/26)."""

    current = Number("zone_ugen: the open generation", counter="zone_ugen", bits=32)
    done = Number("zone_ugen_done", counter="zone_ugen", bits=32)
    ugen = Number("newest request that entered the zone", counter="ugen", bits=32)
    mask = Number("zone_batch", mask="cpu")
    pages = Number("nr_luf_pages", bits=32)


class PendList(Record):
    """pend_zone_ugen of one free area."""

    generation = Number("newest generation on the list", counter="zone_ugen", bits=32)


class LufTask(Record):
    """A task's LUF state."""

    can_luf = Number("verdict of the walk in progress", bits=1)
    forbidden = Number("luf_no_shootdown")
    started = Number("luf_takeoff_started")
    mask = Number("tlb_ubc_takeoff", mask="cpu")
    ugen = Number("newest request folded in this section", counter="ugen", bits=32)
    paying = Number("CPUs that its section's flush is for, while that is on its way", mask="cpu")
    paying_ugen = Number("newest request that this flush is for", counter="ugen", bits=32)
    claimed = Number("zone generation this task flushes", counter="zone_ugen", bits=32)
    awaited = Number("zone generation of another task", counter="zone_ugen", bits=32)


class LufLedger(Batched):
    """The arithmetic of keys and generations, and what free pages carry."""

    MARKS = LufZone.current

    def luf_regions(self, config: MachineConfig) -> list[RegionSpec]:
        """Every region LUF adds to the batched kernel's."""
        tasks, nodes = len(config.tasks) + 1, len(config.nodes)
        return [
            RegionSpec("tlb_ubc_ro", UnmapBatch, tasks, "task", 1),
            RegionSpec("tlb_ubc_luf", UnmapBatch, tasks, "task", 1),
            RegionSpec("luf", LufCounters, 1),
            RegionSpec("luf_batch", KeyEntry, 1 << config.key_bits),
            RegionSpec("ugen_done", CpuDone, config.cpus, "cpu"),
            RegionSpec("luf_zone", LufZone, nodes, "zone"),
            RegionSpec("luf_pend", PendList, nodes * (config.max_order + 1), "zone"),
            RegionSpec("luf_task", LufTask, tasks, "task", 1),
            RegionSpec("luf_mm", OwnerBatch, len(config.processes), "mm"),
            RegionSpec("luf_mapping", OwnerBatch, len(config.files), "inode"),
        ]

    def power_on(self, m: Machine) -> None:
        """The counters as v12 starts them: done before the first request."""
        m.regions["luf"][0].ugen = 2
        for cpu in self.cpus(m):
            cpu.done = 1
        for zone in self.zones(m):
            zone.current, zone.done, zone.ugen = 2, 1, 1
        for pend in m.regions["luf_pend"]:
            pend.generation = 2
        for owner in (*self.mms(m), *self.files(m), *self.batch(m)):
            owner.ugen = 1

    # -- the regions, typed ---------------------------------------------------------------------

    def ro(self, m: Machine) -> Region[UnmapBatch]:
        """tlb_ubc_ro: notes of the folio being walked."""
        return m.regions["tlb_ubc_ro"]

    def luf(self, m: Machine) -> Region[UnmapBatch]:
        """tlb_ubc_luf: notes of folios found deferrable, not yet keyed."""
        return m.regions["tlb_ubc_luf"]

    def batch(self, m: Machine) -> Region[KeyEntry]:
        """The key table."""
        return m.regions["luf_batch"]

    def cpus(self, m: Machine) -> Region[CpuDone]:
        """What each CPU has flushed."""
        return m.regions["ugen_done"]

    def zones(self, m: Machine) -> Region[LufZone]:
        """The zones' generations."""
        return m.regions["luf_zone"]

    def tasks(self, m: Machine) -> Region[LufTask]:
        """The tasks' sections."""
        return m.regions["luf_task"]

    def mms(self, m: Machine) -> Region[OwnerBatch]:
        """The address spaces' debts."""
        return m.regions["luf_mm"]

    def files(self, m: Machine) -> Region[OwnerBatch]:
        """The files' debts."""
        return m.regions["luf_mapping"]

    # -- numbers --------------------------------------------------------------------------------

    def ugens(self, m: Machine) -> int:
        """How many numbers there are before they begin anew."""
        return 1 << (WIDE if self.has(guards.WIDE_GENERATIONS) else m.config.gen_bits)

    def before(self, m: Machine, a: int, b: int) -> bool:
        """ugen_before(): a is older than b, whatever wrapped (O22)."""
        size = self.ugens(m)
        return a != b and (b - a) % size < size // 2

    def newest(self, m: Machine, debts: LufZone | LufTask, other: int) -> int:
        """The request that debts are told by, with one more among them. A zone's is the newest that
        ever came into it (v12, 21/26).
        """
        if self.has(guards.NEWEST_REQUEST):
            return other if not debts.ugen or self.before(m, debts.ugen, other) else debts.ugen
        return other if not debts.mask or self.before(m, other, debts.ugen) else debts.ugen

    def new_ugen(self, m: Machine) -> int:
        """new_luf_ugen(): the next number, never 0."""
        counters: LufCounters = m.regions["luf"][0]
        counters.ugen = (counters.ugen + 1) % self.ugens(m) or 1
        return counters.ugen

    def new_key(self, m: Machine) -> int:
        """new_luf_key(): the next key, never 0; keys are reused (O23)."""
        counters: LufCounters = m.regions["luf"][0]
        counters.kgen = (counters.kgen + 1) % (1 << m.config.key_bits) or 1
        return counters.kgen

    def diet(self, m: Machine, mask: int, ugen: int) -> int:
        """Strike off CPUs that have flushed since request `ugen` (O18)."""
        if not mask:
            return 0
        for cpu in self.cpus(m):
            if mask >> cpu.index & 1 and not self.before(m, cpu.done, ugen):
                mask &= ~(1 << cpu.index)
        return mask

    def owed_by(self, m: Machine, task: Task | None, owner: OwnerBatch) -> int:
        """What an mm or a file still owes, on a diet (OP-16); on arm64 nothing is."""
        if m.config.arch == ARM64:
            return 0
        owed = owner.mask if self.has(guards.COUNT_BATCHES) else 0
        if self.has(guards.DIET_PRIVATE_BATCH):
            return self.diet(m, owed, owner.ugen)
        shared = self.ubc(m)[place(task)]
        shared.mask = self.diet(m, shared.mask | owed, owner.ugen)
        mask = shared.mask
        if mask:
            shared.clear()
        return mask

    # -- marks of free pages (OP-5 to OP-8) -------------------------------------------------------

    def mark_for_pcp(self, m: Machine, key: int) -> int:
        """page.luf_key."""
        return key

    def _low(self, m: Machine, generation: int) -> int:
        return generation & ((1 << m.config.zone_gen_bits) - 1)

    def expand(self, m: Machine, zone: Zone, mark: int) -> int:
        """A page's mark as a full generation: the newest not after the open one. A page
        that waited too long looks younger than it is; the other way round it would look paid for.
        """
        current, size = self.zones(m)[zone.index].current, 1 << m.config.zone_gen_bits
        newest = current - (current - mark) % size
        return newest if self.has(guards.NEWEST_CANDIDATE) else newest - size

    def mark_for_buddy(self, m: Machine, zone: Zone, mark: int) -> int:
        """Stamp a page with the zone's open generation and add its CPUs to the zone (OP-6)."""
        if not mark or not self.has(guards.MARK_ON_DRAIN):
            return 0
        entry, debts = self.batch(m)[mark], self.zones(m)[zone.index]
        debts.ugen = self.newest(m, debts, entry.ugen)
        debts.mask |= entry.mask
        return self._low(m, debts.current)

    def merge_marks(self, m: Machine, zone: Zone, mark: int, other: int) -> int:
        """The newer mark wins; none never erases one (OP-7, O16)."""
        if not self.has(guards.MERGE_KEEPS_MARK) or not (mark and other):
            return mark if mark or not self.has(guards.MERGE_KEEPS_MARK) else other
        newer = max(self.expand(m, zone, mark), self.expand(m, zone, other))
        return self._low(m, newer)

    def split_mark(self, m: Machine, zone: Zone, mark: int) -> int:
        """A left-over half keeps its own mark (OP-8)."""
        return mark if self.has(guards.SPLIT_KEEPS_MARK) else 0

    def may_capture(self, m: Machine, mark: int) -> bool:
        """compaction_capture(): no takeoff section is around it, so only clean blocks (OP-7)."""
        return not mark or not self.has(guards.CAPTURE_WITHOUT_DEBT)

    def _pend(self, m: Machine, zone: Zone, order: int) -> PendList:
        pend: PendList = m.regions["luf_pend"][zone.index * m.orders + order]
        return pend

    def listed(self, m: Machine, zone: Zone, order: int, mark: int) -> None:
        """A marked block joined the pend_list (OP-7, step 6)."""
        debts = self.zones(m)[zone.index]
        self._pend(m, zone, order).generation = debts.current
        debts.pages += 1 << order

    def unlisted(self, m: Machine, zone: Zone, order: int, mark: int) -> None:
        """A marked block left it."""
        debts = self.zones(m)[zone.index]
        debts.pages = max(0, debts.pages - (1 << order))

    def splice_ready(self, m: Machine, zone: Zone, order: int) -> bool:
        """flush_pend_list_if_done()."""
        return self.zones(m)[zone.index].done >= self._pend(m, zone, order).generation

    # -- takeoff sections (OP-9 to OP-12) -------------------------------------

    def _clean_enough(self, m: Machine, zone: Zone) -> bool:
        """non_luf_pages_ok()."""
        return zone.free - self.zones(m)[zone.index].pages > m.config.watermark_min

    def pend_first(self, m: Machine, zone: Zone) -> bool:
        """Clean pages are kept for those who may not flush once they get scarce (O25)."""
        return not self._clean_enough(m, zone)

    def takeoff_start(
        self, m: Machine, task: Task | None, zone: Zone | None, may_wait: bool
    ) -> None:
        """luf_takeoff_start()."""
        state = self.tasks(m)[place(task)]
        if not may_wait and self.has(guards.NO_SHOOTDOWN):
            state.forbidden += 1
        state.started += 1

    def take_pcp(self, m: Machine, task: Task | None, frame: Frame) -> bool:
        """luf_takeoff_check_and_fold() for a pcp page (OP-10)."""
        key = frame.mark
        if not key:
            return True
        entry, state = self.batch(m)[key], self.tasks(m)[place(task)]
        if not self.diet(m, entry.mask, entry.ugen):
            return True
        if state.forbidden:
            return not self.has(guards.REFUSE_PENDED)
        state.ugen = self.newest(m, state, entry.ugen)
        state.mask |= entry.mask
        return True

    def take_buddy(self, m: Machine, task: Task | None, zone: Zone | None, frame: Frame) -> bool:
        """luf_takeoff_check_and_fold() for a buddy block (OP-10)."""
        mark = frame.mark
        assert zone
        debts, state = self.zones(m)[zone.index], self.tasks(m)[place(task)]
        if not mark or debts.done >= self.expand(m, zone, mark):
            return True
        if state.forbidden:
            return not self.has(guards.REFUSE_PENDED)
        generation = self.expand(m, zone, mark)
        if state.claimed:
            return True
        if generation < debts.current:
            state.awaited = max(state.awaited, generation)
            return True
        previous = debts.current - 1
        state.awaited = previous if self._low(m, previous) else previous - 1
        state.claimed = debts.current
        state.ugen = self.newest(m, state, debts.ugen)
        state.mask |= debts.mask
        debts.current += 1
        if not self._low(m, debts.current):
            debts.current += 1
        debts.mask = 0
        return True

    def takeoff_end(self, m: Machine, task: Task | None, zone: Zone | None) -> int:
        """luf_takeoff_end(), up to the flush itself (OP-11)."""
        state = self.tasks(m)[place(task)]
        if state.forbidden:
            state.forbidden -= 1
        state.started -= 1
        mask, ugen = state.mask, state.ugen
        state.mask = state.ugen = 0
        if zone and state.claimed and not self.has(guards.DONE_AFTER_FLUSH):
            self.zones(m)[zone.index].done = state.claimed
        if not mask or not self.has(guards.FLUSH_BEFORE_REUSE):
            return 0
        state.paying = self.diet(m, mask, ugen)
        state.paying_ugen = ugen if state.paying else 0
        return state.paying

    def takeoff_flushed(self, m: Machine, task: Task | None, mask: int) -> None:
        """The flushed CPUs leave the task's other batches (OP-13)."""
        state = self.tasks(m)[place(task)]
        state.paying = state.paying_ugen = 0
        for batches in (self.ubc(m), self.ro(m), self.luf(m)):
            if batches[place(task)].required:
                batches[place(task)].drop(mask)

    def takeoff_must_wait(self, m: Machine, task: Task | None, zone: Zone | None) -> int:
        """wait_zone_ugen."""
        if not task or not self.has(guards.WAIT_ZONE_GENERATION):
            return 0
        if self.takeoff_settled(m, task, zone):
            return 0
        return self.tasks(m)[place(task)].awaited

    def takeoff_settled(self, m: Machine, task: Task | None, zone: Zone | None) -> bool:
        """Whether the generation that a section waits for is over."""
        if not zone or not task:
            return True
        return self.tasks(m)[place(task)].awaited <= self.zones(m)[zone.index].done

    def takeoff_done(self, m: Machine, task: Task | None, zone: Zone | None) -> None:
        """zone_ugen_done moves, strictly in order (O21)."""
        state = self.tasks(m)[place(task)]
        if state.claimed and zone:
            self.zones(m)[zone.index].done = state.claimed
        state.claimed = state.awaited = state.paying = state.paying_ugen = 0

    # -- for the screen ---------------------------------------------------------

    def owed(self, m: Machine, frame: Frame) -> int:
        """CPUs whose flush a free frame still waits for."""
        if not frame.mark:
            return 0
        if frame.state == FREE_PCP:
            entry = self.batch(m)[frame.mark]
            return self.diet(m, entry.mask, entry.ugen)
        if frame.state in (FREE_BUDDY, BUDDY_TAIL):
            zone = m.zone_of(frame)
            return self._generation(m, zone, self.expand(m, zone, frame.mark))[0]
        return 0

    def _generation(self, m: Machine, zone: Zone, generation: int) -> tuple[int, str, int]:
        """Who still owes what a zone's pages of a generation wait for, its state, and the number of
        the task that pays.
        """
        debts = self.zones(m)[zone.index]
        if debts.done >= generation:
            return 0, SAVED, -1
        if generation >= debts.current:
            mask = self.diet(m, debts.mask, debts.ugen)
            return mask, OWED if mask else SAVED, -1
        for task in self.tasks(m):
            if task.claimed == generation:
                return self._due(m, task), PAYING, task.index
        return 0, SAVED, -1

    def _due(self, m: Machine, task: LufTask) -> int:
        """CPUs that have yet to flush for what a task has taken off."""
        mask = self.diet(m, task.mask, task.ugen)
        return mask | self.diet(m, task.paying, task.paying_ugen)

    def ledger(self, m: Machine) -> list[Debt]:
        """Task batches, keys carried by pcp pages, zone generations carried by buddy blocks, and
        what takers of pages are about to pay.
        """
        found = self.batches(m, self.ubc(m), "batch")
        found += self.batches(m, self.ro(m), "notes")
        found += self.batches(m, self.luf(m), "deferred notes")
        found += self._keys(m)
        for zone in m.zone:
            found += self._generations(m, zone)
        for task in self.tasks(m):
            due = self._due(m, task)
            if due or task.paying:
                found.append(
                    Debt(
                        *(0, due, (), "takeoff", task.claimed, PAYING, task.index),
                        waiters=tuple(
                            one.index
                            for one in self.tasks(m)
                            if task.claimed and one.awaited == task.claimed
                        ),
                    )
                )
        return found

    def _keys(self, m: Machine) -> list[Debt]:
        carried: dict[int, list[int]] = {}
        for cpu in range(m.config.cpus):
            for zone in m.zone:
                for frame in lists.members(m.pcp_list(cpu, zone)):
                    if frame.mark:
                        carried.setdefault(frame.mark, []).append(frame.pfn)
        found = []
        for key, frames in sorted(carried.items()):
            entry = self.batch(m)[key]
            mask = self.diet(m, entry.mask, entry.ugen)
            state = OWED if mask else SAVED
            found.append(Debt(key, mask, tuple(frames), "pcp", entry.ugen, state))
        return found

    def _generations(self, m: Machine, zone: Zone) -> list[Debt]:
        carried: dict[int, list[int]] = {}
        for order in range(m.orders):
            for frame in lists.members(m.pend_list(zone, order)):
                generation = self.expand(m, zone, frame.mark)
                carried.setdefault(generation, []).append(frame.pfn)
        where = f"buddy {m.config.nodes[zone.index].name}"
        found = []
        for generation, frames in sorted(carried.items()):
            mask, state, payer = self._generation(m, zone, generation)
            found.append(Debt(0, mask, tuple(frames), where, generation, state, payer))
        return found
