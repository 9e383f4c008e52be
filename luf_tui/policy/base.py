"""What a policy is asked, and what it may answer.

The engine acts: it alone changes page tables, TLBs and lists and sends IPIs. A policy looks at
the machine, answers with a decision, and keeps its ledger in cells that it declares itself. The
answers here are those of a kernel that never defers anything; `batched` and `luf` build on them.

A policy that does defer a flush says so in `pays`, frees the page with a key of `fold_key`, and
tells by `owed` who has yet to flush for it. The key travels with the page as its mark, and without
more ado the page is refused to everybody until nobody owes; or `take_pcp` and `take_buddy` grant
it and `takeoff_end` names the CPUs to flush first. Where bytes or mappings change, `fault_masks`,
`file_mask`, `mm_mask` and `take_key` are asked whom to flush before. `scenarios/policies/latr.py`
is a small one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from attrs import frozen

from luf_tui.machine.config import MachineConfig
from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.regions import Field
from luf_tui.machine.schema import FREE_BUDDY, FREE_PCP, FilePage, Frame, Mm, Pte, Task, Zone
from luf_tui.policy.guard import Guard
from luf_tui.policy.guards import LUF_GUARDS, not_declared

NOW, ORDINARY, DEFERRED = 0, 1, 2
"""Answers to *how is this PTE's flush paid*: at once, by the ordinary batch, or lazily."""

BATCH_NAMES = ("now", "ordinary", "luf")


OWED, PAYING, SAVED = "owed", "being paid", "saved"
"""States of a debt as a policy answers: nobody pays yet; a task's flush is for it, from when the
first
page of it is taken until everybody has flushed; everybody has flushed since, for whatever reason.
"""


@frozen
class Debt:
    """A flush that a policy has put off, as long as its ledger or a page's mark tells of it."""

    key: int
    """luf_key, or the mark its pages carry; 0 where they carry a generation, or there are none."""
    mask: int
    """CPUs that still owe it."""
    frames: tuple[int, ...]
    """The free pages that carry it, by the first frame of each block."""
    why: str
    """Where it stands: `pcp`, `buddy dram`, `batch of app`."""
    generation: int
    """The zone generation of its pages, or the number of its newest request."""
    state: str = OWED
    payer: int = -1
    """While it is being paid, the number of the task that pays."""
    owner: int = -1
    """While it stands in a task's batch, the number of the task."""
    waiters: tuple[int, ...] = ()
    """Tasks that have taken pages which wait for the same payment."""


class Policy:
    """Base of all policies: the eager answers.

    `guards` are the checks it performs; `without` names those taken away from it. A subclass sets
    `NAME`, `SUMMARY` and `GUARDS`; the engine asks for some of them (`has`), those about pages
    that owe a flush among them, so that a policy that defers wants `LUF_GUARDS`.
    """

    NAME = ""
    SUMMARY = ""
    GUARDS: frozenset[Guard] = frozenset()
    API: ClassVar[int] = 2
    """The version of what is asked here. A policy loaded from a file says for which one it was
    written; one that says another, or nothing, is refused.
    """

    MARKS: ClassVar[Field | None] = None
    """The number of a zone whose low bits pages carry as their marks in buddy, if they do."""

    def __init__(self, without: Iterable[str] = ()) -> None:
        self.name = self.NAME
        self.without = tuple(sorted(set(without)))
        self.guards = frozenset(one for one in self.GUARDS if one.name not in self.without)

    def has(self, guard: Guard) -> bool:
        """Whether the policy performs a guard. Raises LookupError for what is no guard of
        luf_tui's and none of its own.
        """
        if guard in self.guards:
            return True
        if guard not in LUF_GUARDS and guard not in self.GUARDS:
            raise LookupError(not_declared(guard))
        return False

    # -- ledger -----------------------------------------------------------------------------

    def regions(self, config: MachineConfig) -> list[RegionSpec]:
        """The regions of cells the policy keeps its ledger in."""
        return []

    def power_on(self, m: Machine) -> None:
        """Set the ledger's initial values; logged writes, forgotten before the first step."""

    def ledger(self, m: Machine) -> list[Debt]:
        """Every debt there is, with its state. As a rule, a debt for each mark that free pages
        carry, owed until `owed` names nobody.
        """
        carried: dict[int, list[Frame]] = {}
        for frame in m.marked():
            if frame.state in (FREE_PCP, FREE_BUDDY):
                carried.setdefault(frame.mark, []).append(frame)
        found = []
        for mark, frames in sorted(carried.items()):
            mask = 0
            for frame in frames:
                mask |= self.owed(m, frame)
            pfns = tuple(frame.pfn for frame in frames)
            found.append(Debt(mark, mask, pfns, "free lists", 0, OWED if mask else SAVED))
        return found

    def owed(self, m: Machine, frame: Frame) -> int:
        """CPUs a free frame's debt still names."""
        return 0

    # -- unmapping one folio (OP-1) -----------------------------------------------------------

    def begin_walk(self, m: Machine, task: Task | None, frame: Frame) -> str:
        """Start the walk over a folio's mappings. Returns why its flush may not be deferred."""
        return "this policy defers nothing"

    def pays(self, m: Machine, task: Task | None, cpu: int, pte: Pte, batch: bool) -> int:
        """How the flush of a PTE about to be cleared is paid: NOW, ORDINARY or DEFERRED.

        `batch` is TTU_BATCH_FLUSH: the caller promises to flush later.
        """
        return NOW

    def refusal(self, m: Machine, pte: Pte) -> str:
        """Why a PTE's flush may not be deferred; empty when it may."""
        return ""

    def note(self, m: Machine, task: Task | None, pte: Pte, how: int) -> int:
        """set_tlb_ubc_flush_pending() for a PTE just read, still in place. Returns the CPUs."""
        return 0

    def end_walk(self, m: Machine, task: Task | None) -> bool:
        """Finish the walk; True when the folio's flush is deferred."""
        return False

    # -- paying a task's batches (OP-2, OP-13) ------------------------------------------------

    def fold_key(self, m: Machine, task: Task | None) -> int:
        """fold_unmap_luf(): turn a task's deferred notes into a key; 0 is no debt."""
        return 0

    def key_mask(self, m: Machine, key: int) -> int:
        """CPUs a key stands for."""
        return 0

    def key_owed(self, m: Machine, key: int) -> int:
        """Those of them that have yet to flush."""
        return self.key_mask(m, key)

    def take_batch(self, m: Machine, task: Task | None, gate: str) -> int:
        """try_to_unmap_flush(): hand over the CPUs to flush now and forget them.

        `gate` says before what: `free` or `copy`.
        """
        return 0

    def take_dirty(self, m: Machine, task: Task | None) -> int:
        """try_to_unmap_flush_dirty(): as `take_batch`, only if a dirty PTE is among the notes."""
        return 0

    def take_key(self, m: Machine, task: Task | None, key: int) -> int:
        """luf_flush(key): CPUs to flush now because a deferred folio is kept after all."""
        return 0

    def flush_number(self, m: Machine) -> int:
        """The number of a flush about to start (new_luf_ugen before the IPIs, O18)."""
        return 0

    def flushed(self, m: Machine, mask: int, number: int, mm: Mm | None) -> None:
        """All of `mask` have flushed; no `mm` is a flush of whatever was loaded."""

    def pending_flush(self, m: Machine, mm: Mm) -> bool:
        """flush_tlb_batched_pending(): whether this mm has unmaps whose flush is not done."""
        return False

    def pending_done(self, m: Machine, mm: Mm, pending: int) -> None:
        """The mm was flushed up to its pending count `pending`."""

    # -- free pages and their marks (OP-5 to OP-8) ----------------------------------------------

    def mark_for_pcp(self, m: Machine, key: int) -> int:
        """The mark a page carries on a pcp list."""
        return key

    def mark_for_buddy(self, m: Machine, zone: Zone, mark: int) -> int:
        """The mark a page carries into buddy, given its pcp mark."""
        return mark

    def merge_marks(self, m: Machine, zone: Zone, mark: int, other: int) -> int:
        """The mark of a merged block from those of its halves, its own head first."""
        return mark or other

    def split_mark(self, m: Machine, zone: Zone, mark: int) -> int:
        """The mark a left-over half goes back with, given its own."""
        return mark

    def listed(self, m: Machine, zone: Zone, order: int, mark: int) -> None:
        """A marked block joined the pend_list."""

    def unlisted(self, m: Machine, zone: Zone, order: int, mark: int) -> None:
        """A marked block left the pend_list."""

    def may_capture(self, m: Machine, mark: int) -> bool:
        """Whether compaction may keep a block it has just freed, given the block's mark."""
        return not mark

    def splice_ready(self, m: Machine, zone: Zone, order: int) -> bool:
        """Whether everything on a pend_list is paid, so that it may join the free_list."""
        return False

    # -- taking pages off (OP-9 to OP-12) -----------------------------------------------------

    def takeoff_start(
        self, m: Machine, task: Task | None, zone: Zone | None, may_wait: bool
    ) -> None:
        """luf_takeoff_start(). no `zone` is a pcp taker."""

    def pend_first(self, m: Machine, zone: Zone) -> bool:
        """Whether marked pages are to be preferred (OP-12)."""
        return False

    def take_pcp(self, m: Machine, task: Task | None, frame: Frame) -> bool:
        """luf_takeoff_check_and_fold() for a pcp page; False refuses it."""
        return not self.owed(m, frame)

    def take_buddy(self, m: Machine, task: Task | None, zone: Zone | None, frame: Frame) -> bool:
        """luf_takeoff_check_and_fold() for a buddy block; False refuses it."""
        return not self.owed(m, frame)

    def takeoff_end(self, m: Machine, task: Task | None, zone: Zone | None) -> int:
        """luf_takeoff_end(): CPUs to flush before anything taken may be touched."""
        return 0

    def takeoff_flushed(self, m: Machine, task: Task | None, mask: int) -> None:
        """The takeoff flush of `mask` is done."""

    def takeoff_must_wait(self, m: Machine, task: Task | None, zone: Zone | None) -> int:
        """The zone generation of another taker to wait for; 0 is none."""
        return 0

    def takeoff_settled(self, m: Machine, task: Task | None, zone: Zone | None) -> bool:
        """Whether no flush of another taker is on its way for what the section took."""
        return True

    def takeoff_done(self, m: Machine, task: Task | None, zone: Zone | None) -> None:
        """The section is over: everything it claimed is paid."""

    # -- permission upgrades and content changes (OP-14 to OP-16) ------------------------------

    def fault_masks(
        self, m: Machine, task: Task | None, mm: Mm, vpn: int, write: bool, when: str
    ) -> int:
        """CPUs to flush for a fault: asked `before` the new PTE is visible and `after`."""
        return 0

    def file_mask(self, m: Machine, task: Task | None, page: FilePage, why: str) -> int:
        """luf_flush_mapping(): CPUs to flush before a file page's content or place changes.

        `why` is `write`, `truncate`, `invalidate`, `writeback`, `evict` or `read-in`.
        """
        return 0

    def mm_mask(self, m: Machine, task: Task | None, mm: Mm, why: str) -> int:
        """luf_flush_mm(): CPUs to flush for one address space.

        `why` is `switch`, `exit`, `vma` or `install`: another page comes under an address, and not
        by a fault.
        """
        return 0
