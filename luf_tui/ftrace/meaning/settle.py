"""What only the whole trace tells, written into its facts: frames, rights, address spaces."""

from __future__ import annotations

from luf_tui.ftrace.meaning.batches import Batches
from luf_tui.ftrace.meaning.explaining import explain
from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.meaning.meaning import Meaning
from luf_tui.ftrace.meaning.owners import FAULTED, KNOWN, Owners
from luf_tui.ftrace.meaning.vmemmap import pfn_of

_LOAD, _LEFT_LAZY = int(FactKind.SWITCH_FLUSH), int(FactKind.LEFT_LAZY)
_SWITCH, _FAULT, _UNMAP = int(FactKind.SWITCH), int(FactKind.FAULT), int(FactKind.UNMAP)
_SENT, _LOCAL, _RECEIVED = int(FactKind.SENT), int(FactKind.LOCAL), int(FactKind.RECEIVED)
_WHOLE, _BATCH, _PENDING = int(Flag.WHOLE), int(Flag.BATCH), int(Flag.PENDING)
_FOR_UNMAPS = int(Flag.FOR_UNMAP | Flag.BATCH)
_OWN = int(Flag.SENT | Flag.LOCAL)
_PUT_OFF = int(Flag.ASKED | Flag.DOUBT)
"""Of unmaps: where others are asked for a batch, its flushes were put off."""
_SEVERAL = 0


def settle(meaning: Meaning) -> dict[int, int]:
    """Complete the facts of a trace that was read to its end; the address space per task."""
    facts, owners = meaning.facts, meaning.owners
    base, _ = meaning.vmemmap.base()
    if base:
        for at, folio in meaning.folios:
            # A migration entry has told it already.
            if not facts.pfn[at]:
                facts.pfn[at] = max(0, pfn_of(folio, base))
    _rights(meaning)
    batches = Batches(facts, owners, meaning.began)
    batches.read()
    meaning.flavour.batches += batches.batched
    _faults(facts, owners)
    for task, mm_struct in meaning.loads.items():
        owners.vote(task, meaning.number(mm_struct), KNOWN)
    mm_of = explain(facts, owners, meaning.lives.groups())
    _owners(facts, mm_of, owners.user)
    _pending(facts)
    return mm_of


def _faults(facts: Facts, owners: Owners) -> None:
    """A task that faults on a page which was unmapped from one address space has that one."""
    space: dict[int, int] = {}
    for at in facts.of(_UNMAP):
        if facts.mm[at]:
            page, mm = facts.page[at], facts.mm[at]
            if space.setdefault(page, mm) != mm:
                space[page] = _SEVERAL
    for at in facts.of(_FAULT):
        mm = space.get(facts.page[at], 0)
        if mm:
            owners.vote(facts.task[at], mm, FAULTED)


def _rights(meaning: Meaning) -> None:
    """Whether each cleared PTE could be written, from the kind of its migration entry."""
    flags = meaning.facts.flags
    both = int(Flag.WRITABLE | Flag.UNSURE)
    for at, kind in meaning.kinds:
        writable = meaning.types.writable(kind)
        if writable is None:
            # The mapping forbids writing, or it may have been allowed.
            continue
        flags[at] = flags[at] & ~both | (int(Flag.WRITABLE) if writable else 0)


def _owners(facts: Facts, mm_of: dict[int, int], user: set[int]) -> None:
    """The address space behind what a task does for itself."""
    own, asks = (_LOAD, _FAULT, _RECEIVED), (_SENT, _LOCAL)
    kinds, tasks, mms, flags = facts.kind, facts.task, facts.mm, facts.flags
    for at in facts.of(_SWITCH, *own, *asks):
        kind = kinds[at]
        if kind == _SWITCH:
            if tasks[at] in user:
                mms[at] = mm_of.get(tasks[at], 0)
            else:
                flags[at] |= Flag.KERNEL
        elif kind in own:
            mms[at] = mm_of.get(tasks[at], 0)
        elif kind in asks and not flags[at] & _FOR_UNMAPS:
            if tasks[at] in user:
                mms[at] = mms[at] or mm_of.get(tasks[at], 0)
            elif facts.arg[at] == 1:
                flags[at] |= Flag.CLEAN


def _pending(facts: Facts) -> None:
    """Flushes of a whole address space that are for unmaps in others' batches: the first after
    some, whether or not their batch is flushed by then (tlb_flush_batched counts to itself).
    """
    noted: set[int] = set()
    flags, mms = facts.flags, facts.mm
    for at in facts.of(_UNMAP, _SENT, _LOCAL):
        kind = facts.kind[at]
        if kind == _UNMAP:
            if flags[at] & _PUT_OFF and not flags[at] & _OWN:
                noted.add(mms[at])
        elif kind in (_SENT, _LOCAL) and flags[at] & _WHOLE and mms[at] in noted:
            flags[at] = flags[at] & ~_WHOLE | _PENDING
            if kind == _LOCAL:
                noted.discard(mms[at])
