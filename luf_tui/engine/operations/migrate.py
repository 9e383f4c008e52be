"""migrate_pages_batch(): demotion, promotion, compaction, move_pages() (OP-4; baseline 5.3)."""

from __future__ import annotations

from luf_tui.engine import folio, locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.freepages import CompactionAlloc
from luf_tui.engine.operations.memory import POISON, AllocPage, FreePage, change_bytes
from luf_tui.engine.operations.unmap import Unmap, put_back
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.schema import MIGRATION, TAKEN, Pte
from luf_tui.policy import guards

BEFORE_COPY = ev.REASON["before copy"]
POISONED = ev.REASON["memory failure"]
COMPACTION, MEMORY_FAILURE, HOTPLUG = 2, 3, 5
"""Reason numbers: of compaction, which brings its own targets, and of a migration away from a bad
page.
"""


def entry(k: Kernel, pfn: int) -> Pte | None:
    """The first migration entry that stands for a frame, in walk order."""
    return next((pte for pte in pagetable.mappings(k, pfn) if pte.kind == MIGRATION), None)


def table_free(act: Operation, k: Kernel) -> bool:
    """The page-table lock of the next migration entry can be taken."""
    migrate: Migrate = act  # type: ignore[assignment]
    pte = entry(k, migrate.pfn - 1)
    return pte is None or locks.unlocked(k, pagetable.place(k, pte)[0], act.ctx)


class Migrate(Operation, name="migrate"):
    """Move the folios on the task's `isolated` list to another node, one batch."""

    node = Local("target node", ref="zone")
    reason = Local()
    sync = Local("one folio at a time, each PTE flushed at once")
    pfn = Local(ref="frame")
    key = Local()
    mask = Local(mask="cpu")

    @step("take the next folio")
    def take(self, k: Kernel) -> Next:
        """Lock the source and allocate its destination."""
        m = k.m
        pfn = lists.pop_head(m, m.task_list(k.task, "isolated"))
        if pfn < 0:
            return Migrate.fold if self.pfn else DONE
        self.pfn = pfn + 1
        frame = m.frame[pfn]
        if frame.locked:
            put_back(k, pfn, "locked")
            return Migrate.take
        frame.locked = k.ctx + 1
        if self.reason == COMPACTION:
            return self.call(k, CompactionAlloc, Migrate.unmap, use=frame.state)
        return self.call(k, AllocPage, Migrate.unmap, use=frame.state, only=self.node, order=0)

    @step("unmap it")
    def unmap(self, k: Kernel) -> Next:
        """try_to_migrate(): migration entries take the place of the PTEs."""
        pfn = self.pfn - 1
        if not k.result:
            put_back(k, pfn, "no free page")
            return Migrate.take
        k.m.frame[pfn].target = k.result
        k.m.frame[k.result - 1].locked = k.ctx + 1
        batch = int(not self.sync)
        return self.call(k, Unmap, Migrate.sort, pfn=self.pfn, migrate=1, batch=batch)

    @step("sort it by verdict, take the next one")
    def sort(self, k: Kernel) -> Next:
        """Folios whose every mapping was read-only go on a list of their own."""
        m = k.m
        which = "luf" if m.frame[self.pfn - 1].verdict else "plain"
        lists.push_tail(m, m.task_list(k.task, which), self.pfn - 1)
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
        """move_to_new_folio(): refused while the source has an extra reference."""
        return self._copy(k)

    def _copy(self, k: Kernel) -> Next:
        m = k.m
        which = "plain" if m.lists[m.task_list(k.task, "plain")].count else "luf"
        head = m.lists[m.task_list(k.task, which)].head
        if not head:
            return DONE
        self.pfn = head
        source = m.frame[head - 1]
        lists.unlink(m, head - 1)
        if (source.pins or source.refs) and k.policy.has(guards.LAST_REFERENCE):
            return Migrate.restore
        target = m.frame[source.target - 1]
        folio.copy_bytes(k, head - 1, source.target - 1)
        source.saved = 1
        target.dirty, target.lazyfree = source.dirty, source.lazyfree
        target.file_page, target.slot = source.file_page, source.slot
        if source.file_page:
            m.file_page[source.file_page - 1].frame = source.target
        if source.slot:
            m.swap[source.slot - 1].frame = source.target
        return Migrate.remap

    @step("map the new frame", when=table_free)
    def remap(self, k: Kernel) -> Next:
        """remove_migration_ptes(): entries were not present, so no flush."""
        pte = entry(k, self.pfn - 1)
        if pte is not None:
            self._back(k, pte, k.m.frame[self.pfn - 1].target - 1)
        return Migrate.remap if entry(k, self.pfn - 1) else Migrate.free

    def _back(self, k: Kernel, pte: Pte, pfn: int) -> None:
        """Turn a migration entry into a PTE to `pfn`."""
        writable, protected = pte.writable, pte.uffd_wp
        pagetable.unlink(k, pte, self.pfn - 1)
        frame = k.m.frame[pfn]
        dirty = int(frame.dirty and writable)
        alone = int(writable and not frame.file_page)
        pagetable.install(k, pte, pfn, writable=writable, dirty=dirty, exclusive=alone)
        pte.uffd_wp = protected

    @step("free the source")
    def free(self, k: Kernel) -> Next:
        """The last reference goes; with a key if its flush is deferred (OP-4, step 5)."""
        m = k.m
        source = m.frame[self.pfn - 1]
        target = source.target - 1
        m.frame[target].locked = 0
        lists.push_head(m, m.lru_list(m.node_of[target]), target)
        key = self.key if source.verdict else 0
        bad = self.reason == MEMORY_FAILURE
        if key and bad and k.policy.has(guards.FLUSH_BEFORE_POISON):
            self.mask = k.policy.take_key(m, k.task, key)
            if self.mask:
                source.verdict = 0
                return self.call(k, Shootdown, Migrate.retire, mask=self.mask, why=POISONED)
        if bad:
            return Migrate.retire
        return self.call(k, FreePage, Migrate.copy, pfn=self.pfn, order=0, key=key)

    @step("give the bad page to poison handling")
    def retire(self, k: Kernel) -> Next:
        """soft_offline_page(): off every list and with a reference of its own (HWPoison), the
        frame never comes back; what can still read it reads a bad page (O36).
        """
        source = k.m.frame[self.pfn - 1]
        source.disown()
        source.state, source.refs = TAKEN, 1
        change_bytes(k, self.pfn - 1, POISON, "memory failure")
        return Migrate.copy

    @step("turn a migration entry back", when=table_free)
    def restore(self, k: Kernel) -> Next:
        """OP-4, step 6: what could not be moved is mapped where it was."""
        pte = entry(k, self.pfn - 1)
        if pte is not None:
            self._back(k, pte, self.pfn - 1)
            return Migrate.restore
        source = k.m.frame[self.pfn - 1]
        target, deferred = source.target, source.verdict
        put_back(k, self.pfn - 1, "pinned" if source.pins else "referenced")
        source.verdict = deferred
        return self.call(k, FreePage, Migrate.copy, pfn=target, order=0)
