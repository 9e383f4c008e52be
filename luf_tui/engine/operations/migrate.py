"""migrate_pages_batch(): demotion, promotion, compaction, move_pages() (OP-4)."""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.engine import folio, locks, pagetable
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, FRAME, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.freepages import CompactionAlloc
from luf_tui.engine.operations.memory import (
    GIVES_UP,
    MAY_DRAIN,
    POISON,
    AllocPage,
    FreePage,
    change_bytes,
    on_its_lists,
    put_back_or_free,
    unfreed,
)
from luf_tui.engine.operations.referenced import Referenced
from luf_tui.engine.operations.split_folio import SplitFolio
from luf_tui.engine.operations.unmap import (
    Unmap,
    isolate_named,
    next_isolated,
    present,
    put_back,
)
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Reference
from luf_tui.machine.schema import ANON, FILE, MIGRATION, TAKEN, Frame, Pte, Zone
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.values import Target
from luf_tui.script.verbs import by_kernel

BEFORE_COPY = ev.REASON["before copy"]
POISONED = ev.REASON["memory failure"]
DEMOTION, PROMOTION, COMPACTION, MEMORY_FAILURE, SYSCALL, HOTPLUG = range(6)
"""Why a page migrates (migrate_reason); compaction brings its own targets."""


def entry(frame: Frame) -> Pte | None:
    """The first migration entry that stands for a frame, in walk order."""
    return next((pte for pte in pagetable.mappings(frame) if pte.kind == MIGRATION), None)


class Migrate(Operation, name="migrate", function="migrate_pages"):
    """Move the folios on the task's `isolated` list to another node, one batch."""

    zone = Reference[Zone]("zone", "target node")
    reason = Local()
    sync = Local("one folio at a time, each PTE flushed at once")
    frame = Reference[Frame]("frame")
    key = Local()
    mask = Local(mask="cpu")

    def noted(self, m: Machine) -> Sequence[Frame]:
        """What it has unmapped and not settled: the folios of its task's lists, and the present
        one; once there is a key, those that do not wait for that.
        """
        found = on_its_lists(m, self.ctx, self.frame)
        return [one for one in found if not one.verdict] if self.key else found

    def freeing(self, m: Machine) -> tuple[int, Sequence[Frame]]:
        """The sources whose flush is deferred, once they have a key; the one being moved as
        well.
        """
        moved = self.frame
        held = moved and moved.verdict and not moved.where and moved.state in (ANON, FILE)
        return self.key, [*([moved] if moved and held else ()), *unfreed(m, self.ctx)]

    @property
    def _source(self) -> Frame:
        assert self.frame
        return self.frame

    def _page_table(self, k: Kernel) -> bool:
        """The page-table lock of the next migration entry can be taken."""
        pte = entry(self._source)
        return pte is None or locks.page_table(k.m.place_of(pte)[0], self.ctx)

    @step("take the next folio")
    def take(self, k: Kernel) -> Next:
        """Lock the source and allocate its destination: alloc_demote_folio() and
        alloc_misplaced_dst_folio() may not reclaim (GFP_NOWAIT). Others may in the kernel; here,
        where a task has one list of what it has isolated, they drain the pcp lists only.
        """
        frame = next_isolated(k)
        if not frame:
            return Migrate.fold if self.frame else DONE
        if folio.large(frame):
            return self.call(k, SplitFolio, Migrate.take, frame=frame, isolated=1)
        self.frame = frame
        if frame.locked:
            put_back(k, frame, "locked")
            return Migrate.take
        frame.locked = k.ctx
        if self.reason == DEMOTION and k.m.config.page_age:
            return self.call(k, Referenced, Migrate.aged, frame=frame)
        return self._allocate(k, frame)

    @step("look whether it was used lately", takes=CODE)
    def aged(self, k: Kernel, young: int) -> Next:
        """folio_check_references(): reclaim demotes only what it would take away."""
        if not young:
            return self._allocate(k, self._source)
        return put_back_or_free(self, k, self._source, "used lately", Migrate.take)

    def _allocate(self, k: Kernel, frame: Frame) -> Next:
        if self.reason == COMPACTION:
            return self.call(k, CompactionAlloc, Migrate.unmap, use=frame.state)
        left = GIVES_UP if self.reason in (DEMOTION, PROMOTION) else MAY_DRAIN
        what = {"use": frame.state, "only": self.zone, "order": 0, "left": left}
        return self.call(k, AllocPage, Migrate.unmap, **what)

    @step("unmap it", takes=FRAME)
    def unmap(self, k: Kernel, target: Frame | None) -> Next:
        """try_to_migrate(): migration entries take the place of the PTEs."""
        source = self._source
        if not target:
            return put_back_or_free(self, k, source, "no free page", Migrate.take)
        source.target, target.locked = target, k.ctx
        batch = int(not self.sync)
        return self.call(k, Unmap, Migrate.sort, frame=source, migrate=1, batch=batch)

    @step("sort it by verdict, take the next one")
    def sort(self, k: Kernel) -> Next:
        """Folios whose every mapping was read-only go on a list of their own."""
        which = "luf" if self._source.verdict else "plain"
        lists.push_tail(k.m.task_list(k.current, which), self._source)
        return Migrate.take

    @step("settle the batch")
    def fold(self, k: Kernel) -> Next:
        """fold_unmap_luf(), then try_to_unmap_flush(), once for the whole batch (OP-2)."""
        self.key = k.policy.fold_key(k.m, k.task)
        self.mask = k.policy.take_batch(k.m, k.task, "copy")
        if self.mask:
            return self.call(k, Shootdown, Migrate.copy, mask=self.mask, why=BEFORE_COPY)
        return self._copy(k)

    @step("copy a folio")
    def copy(self, k: Kernel) -> Next:
        """move_to_new_folio(): refused while the source has an extra reference. One that is still
        mapped, since it was pinned when it was to be unmapped, stays (migrate_folio_unmap()).
        """
        return self._copy(k)

    def _copy(self, k: Kernel) -> Next:
        m = k.m
        plain, deferred = (m.task_list(k.current, which) for which in ("plain", "luf"))
        source = plain.head or deferred.head
        if not source:
            return DONE
        self.frame = source
        lists.unlink(source)
        if (source.pins or source.refs) and k.policy.has(guards.LAST_REFERENCE):
            return Migrate.restore
        if present(source):
            return Migrate.restore
        target = source.target
        assert target
        folio.copy_bytes(k, source, target)
        source.saved = 1
        target.dirty, target.lazyfree = source.dirty, source.lazyfree
        target.file_page, target.slot = source.file_page, source.slot
        if source.file_page:
            source.file_page.frame = target
        if source.slot:
            source.slot.frame = target
        return Migrate.remap

    @step("map the new frame", when=_page_table)
    def remap(self, k: Kernel) -> Next:
        """remove_migration_ptes(): entries were not present, so no flush."""
        source = self._source
        pte = entry(source)
        if pte and source.target:
            pagetable.remap(k, pte, source, source.target)
        return Migrate.remap if entry(source) else Migrate.free

    @step("free the source")
    def free(self, k: Kernel) -> Next:
        """The last reference goes; with a key if its flush is deferred (OP-4, step 5). Of a page
        that was unmapped meanwhile the copy goes first.
        """
        m = k.m
        source = self._source
        target, source.target = source.target, None
        if target:
            target.locked = None
            folio.free_swap_cache(target)
            if not folio.held(target):
                return self.call(k, FreePage, Migrate.free, frame=target)
            lists.push_head(m.lru_list(m.zone_of(target)), target)
        key = self.key if source.verdict else 0
        bad = self.reason == MEMORY_FAILURE
        if key and bad and k.policy.has(guards.FLUSH_BEFORE_POISON):
            self.mask = k.policy.take_key(m, k.task, key)
            if self.mask:
                source.verdict = 0
                return self.call(k, Shootdown, Migrate.retire, mask=self.mask, why=POISONED)
        if bad:
            return Migrate.retire
        return self.call(k, FreePage, Migrate.copy, frame=source, key=key)

    @step("give the bad page to poison handling")
    def retire(self, k: Kernel) -> Next:
        """soft_offline_page(): off every list and with a reference of its own (HWPoison), the
        frame never comes back; what can still read it reads a bad page (O36).
        """
        source = self._source
        source.disown()
        source.state, source.refs = TAKEN, 1
        change_bytes(k, source, POISON, "memory failure")
        return Migrate.copy

    @step("turn a migration entry back", when=_page_table)
    def restore(self, k: Kernel) -> Next:
        """OP-4, step 6: what could not be moved is mapped where it was."""
        source = self._source
        pte = entry(source)
        if pte:
            pagetable.remap(k, pte, source, source)
            return Migrate.restore
        target, deferred = source.target, source.verdict
        extra = "pinned" if source.pins else "referenced" if source.refs else "still mapped"
        put_back(k, source, extra)
        source.verdict = deferred
        return self.call(k, FreePage, Migrate.copy, frame=target)


@starts(by_kernel.Demote)
def _demote(k: Kernel, op: Op, args: by_kernel.Demote) -> Start:
    return _migrate(k, op, args.pages, args.node, DEMOTION, sync=args.sync)


@starts(by_kernel.Promote)
def _promote(k: Kernel, op: Op, args: by_kernel.Promote) -> Start:
    return _migrate(k, op, args.pages, args.node, PROMOTION)


@starts(by_kernel.Poison)
def _poison(k: Kernel, op: Op, args: by_kernel.Poison) -> Start:
    return _migrate(k, op, args.pages, args.node, MEMORY_FAILURE)


@starts(by_kernel.Move)
def _move(k: Kernel, op: Op, args: by_kernel.Move) -> Start:
    return _migrate(k, op, args.pages, args.node, SYSCALL, sync=True)


def _migrate(
    k: Kernel, op: Op, pages: tuple[Target, ...], node: int, reason: int, *, sync: bool = False
) -> Start:
    isolate_named(k, op, pages)
    return Migrate, {"zone": k.m.zone[node], "reason": reason, "sync": int(sync)}
