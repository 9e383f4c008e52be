"""What only the whole trace tells, written into its facts: frames, rights, address spaces."""

from __future__ import annotations

from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.meaning.meaning import Meaning
from luf_tui.ftrace.meaning.vmemmap import pfn_of


def settle(meaning: Meaning) -> dict[int, int]:
    """Complete the facts of a trace that was read to its end; the address space per task."""
    facts = meaning.facts
    base, _ = meaning.vmemmap.base()
    if base:
        for at, folio in meaning.folios.items():
            facts.pfn[at] = pfn_of(folio, base)
    _rights(meaning)
    mm_of = meaning.owners.solve(meaning.names.tgids)
    _owners(facts, mm_of, meaning.owners.user)
    return mm_of


def _rights(meaning: Meaning) -> None:
    """Whether each cleared PTE could be written, from the kind of its migration entry."""
    flags = meaning.facts.flags
    both = int(Flag.WRITABLE | Flag.UNSURE)
    for at, kind in meaning.kinds.items():
        writable = meaning.types.writable(kind)
        if writable is None:
            # The mapping forbids writing, or it may have been allowed.
            continue
        flags[at] = flags[at] & ~both | (int(Flag.WRITABLE) if writable else 0)


def _owners(facts: Facts, mm_of: dict[int, int], user: set[int]) -> None:
    """The address space behind what a task does for itself."""
    switch = int(FactKind.SWITCH)
    own = {int(FactKind.SWITCH_FLUSH), int(FactKind.FAULT), int(FactKind.RECEIVED)}
    asks = {int(FactKind.SENT), int(FactKind.LOCAL)}
    others = int(Flag.FOR_UNMAP | Flag.BATCH)
    kinds, tasks, mms, flags = facts.kind, facts.task, facts.mm, facts.flags
    for at, kind in enumerate(kinds):
        if kind == switch:
            if tasks[at] in user:
                mms[at] = mm_of.get(tasks[at], 0)
            else:
                flags[at] |= Flag.KERNEL
        elif kind in own or (kind in asks and not flags[at] & others):
            mms[at] = mm_of.get(tasks[at], 0)
