"""Which obligation, of O1 to O43, a broken rule amounts to.

The rule says *that* something is wrong; the obligation says which promise was not kept, judged
from the machine alone: who has the frame now, and how the address came to mean something else.
One function an obligation, each asked when none before it in its table was broken. Obligations
about bookkeeping (O15 to O23, O26, O34) have no function: the oracle sees no ledger, and a page
whose debt was lost shows as O2 when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import (
    ANON,
    FILE,
    FREE_BUDDY,
    FREE_STATES,
    NONE,
    PRESENT,
    TABLE,
    TAKEN,
    Frame,
    Mm,
    Pte,
    TlbEntry,
    Vma,
)
from luf_tui.oracle.truth import BYTES, MONITOR, SIGBUS, SIGSEGV, At, Truth, reachable

ABOUT: dict[str, str] = {
    "O1": "the bytes of a free page changed while a stale entry could read them",
    "O2": "a page was reused before every CPU in its debt had flushed",
    "O3": "a read-only PTE was still cached writable",
    "O4": "a writable mapping was not flushed",
    "O5": "a store after the bytes were written out, or copied, is lost",
    "O6": "one thread wrote a new copy while another still reads the old one",
    "O7": "a store through another mapping of the file is not seen",
    "O8": "bytes that write() replaced are still read",
    "O8a": "bytes that write() replaced are still read, on a filesystem without the hook",
    "O8b": "the file changed without a local write",
    "O9": "a place in the page cache changed or went away unnoticed",
    "O10": "the address was unmapped, yet it can be read",
    "O12": "another frame was installed without a flush",
    "O13": "a permission was taken away, yet the access succeeds",
    "O14": "a fault that someone waits for did not happen",
    "O24": "a CPU waits for IPIs with interrupts off",
    "O25": "an allocation that may not wait got no page, though some are free",
    "O28": "a page was freed while someone pins it",
    "O29": "a device went on with a translation that the kernel had taken away",
    "O32": "a page-table page was reused while a CPU could still walk it",
    "O36": "a page that failed is still read",
    "O37": "a page was reused before the invalidates issued for it were done",
    "O38": "a CPU waits for one that is offline",
    "O40": "what a program stored is lost, or came back from before",
    "O41": "a program reads what somebody else stored",
    "O42": "a right that a program does not have is granted",
    "O43": "a CPU has a large and a small translation of one address at once",
}
"""Obligations that the rules can name, in a few words each."""

PROMISED = ("O40", "O41", "O42")
"""Those that are broken through a translation that is as it should be."""
WIPED = (0, 1)
"""Content codes of a page that was zeroed or poisoned."""


@frozen
class Stale:
    """A stale access that went wrong: where, and what a fresh walk would have given."""

    m: Machine
    at: At
    expected: Truth

    @property
    def vma(self) -> Vma:
        """The mapping."""
        return self.m.vma_at(self.at.mm, self.at.vpn)

    @property
    def pte(self) -> Pte:
        """The page-table entry as it is now."""
        return self.m.pte_at(self.at.mm, self.at.vpn)

    @property
    def frame(self) -> Frame:
        """The frame that the stale entry leads to."""
        return self.at.frame

    @property
    def fresh(self) -> Frame | None:
        """The frame that has the bytes now, if they are in memory."""
        return self.expected.frame

    @property
    def bytes_differ(self) -> bool:
        """Whether a fresh walk gives bytes at all, and not a signal."""
        return self.expected.kind == BYTES

    @property
    def wiped(self) -> bool:
        """Whether a free page was zeroed or poisoned."""
        wiped = self.frame.content in WIPED and self.expected.content not in WIPED
        return self.bytes_differ and _ownerless(self.frame) and wiped

    @property
    def of_file(self) -> bool:
        """Whether a file's page has left the frame, whose bytes are as it left them."""
        left = bool(self.vma.file_page) and _ownerless(self.frame)
        return self.bytes_differ and left and not self.wiped

    @property
    def emptied(self) -> bool:
        """Whether an anonymous page has left the address, which a new one will be mapped at."""
        return self.pte.kind == NONE and not self.vma.file_page

    @property
    def remapped(self) -> bool:
        """Whether the address is mapped, to bytes that changed since."""
        rest = self.bytes_differ and not self.of_file and not self.wiped
        return rest and self.pte.kind == PRESENT


def o14(stale: Stale) -> bool:
    """A stale entry hides the fault that a userfaultfd monitor waits for."""
    return stale.expected.kind == MONITOR


def o10(stale: Stale) -> bool:
    """munmap() has returned, and the address can be read (O11 is the same under MAP_FIXED)."""
    return stale.expected.kind == SIGSEGV and not stale.vma.mapped


def o13(stale: Stale) -> bool:
    """mprotect() has returned, and what it took away is still granted."""
    return stale.expected.kind == SIGSEGV and bool(stale.vma.mapped)


def unnoticed(stale: Stale) -> bool:
    """A store went where it should, but nobody noticed: no fault told whoever took the permission
    away, mprotect() or a clearing of soft-dirty bits (O13).
    """
    return o13(stale) or (stale.bytes_differ and stale.fresh is stale.frame)


def o36(stale: Stale) -> bool:
    """The frame was taken away, by memory failure or offlining, and a CPU reads it."""
    return stale.bytes_differ and stale.frame.state == TAKEN and stale.frame.refs != 0


def o2(stale: Stale) -> bool:
    """The frame belongs to someone else."""
    return stale.bytes_differ and not _ownerless(stale.frame) and not _same_owner(stale)


def o8b(stale: Stale) -> bool:
    """The bytes changed on the disk or the server, and nowhere else."""
    page = stale.vma.file_page
    if not stale.of_file or stale.fresh is not None or not page:
        return False
    return page.disk == stale.expected.content


def o6(stale: Stale) -> bool:
    """A private copy was made, or written in place, without a flush for the mm's other CPUs."""
    fresh = stale.fresh
    if stale.of_file and fresh is not None:
        return fresh.state not in FREE_STATES and fresh.file_page is not stale.vma.file_page
    return stale.remapped and not stale.vma.shared


def o7(stale: Stale) -> bool:
    """Someone stores through another mapping of the file."""
    if stale.of_file and stale.fresh is not None:
        return any(pte.writable for pte in _mappings(stale.fresh))
    return stale.remapped and bool(stale.vma.shared)


def _written(stale: Stale) -> bool:
    """Whether the page cache holds newer bytes than the disk."""
    return stale.of_file and stale.fresh is not None and bool(stale.fresh.dirty)


def o8a(stale: Stale) -> bool:
    """write() on a filesystem that has no ->write_begin() replaced the bytes."""
    page = stale.vma.file_page
    if not _written(stale) or not page:
        return False
    return stale.m.config.files[stale.m.inode_of(page).index].iomap


def o8(stale: Stale) -> bool:
    """write() replaced the bytes."""
    return _written(stale)


def o9(stale: Stale) -> bool:
    """The position was truncated, or invalidated and read in anew."""
    if stale.expected.kind == SIGBUS:
        return True
    page = stale.vma.file_page
    if not stale.of_file or stale.fresh is None or not page:
        return False
    return stale.fresh.content != stale.m.initial_file_content(page.index)


def o1(stale: Stale) -> bool:
    """The bytes of a free page changed under a stale entry."""
    free = stale.frame.state in FREE_STATES and not stale.emptied
    return stale.bytes_differ and (stale.wiped or stale.of_file or free)


def o12(stale: Stale) -> bool:
    """What is left: the address leads to another page now."""
    return stale.bytes_differ


def o3(stale: Stale) -> bool:
    """A write-protect was in flight, or is a monitor's."""
    pending = stale.at.mm.flush_pending
    return bool(stale.vma.uffd_wp or stale.pte.uffd_wp or pending)


def o4(stale: Stale) -> bool:
    """A store reached a free page: a writable mapping was not flushed."""
    return stale.frame.state in FREE_STATES


def o5(stale: Stale) -> bool:
    """A store came after the bytes were written out or copied."""
    return bool(stale.frame.saved)


def unsaved(frame: Frame) -> bool:
    """Whether a page of a file is clean, in every PTE too: nobody will write out what a stale entry
    stores to it.
    """
    if not frame.file_page or frame.dirty:
        return False
    return not any(pte.dirty for pte in _mappings(frame))


def written_back(stale: Stale) -> bool:
    """The page was written back and is clean, so that a store now is never written out (O5)."""
    return unsaved(stale.frame)


@frozen
class Unkept:
    """An access that went wrong although no stale entry was used: what memory promises there, and
    whether the bytes that came are somebody else's.
    """

    expected: Truth
    foreign: bool = False


def o42(unkept: Unkept) -> bool:
    """The access should have been refused."""
    return unkept.expected.kind != BYTES


def o41(unkept: Unkept) -> bool:
    """The bytes are those of another address, and were never stored here."""
    return unkept.foreign


def o40(unkept: Unkept) -> bool:
    """What is left: a store is lost, or what it replaced has come back."""
    return not unkept.foreign


def o24(m: Machine, cpu: int) -> bool:
    """A CPU waits for IPIs with interrupts off: two such CPUs wait for ever."""
    return cpu >= 0 and bool(m.cpu[cpu].irqs_off)


def o38(m: Machine, targets: int) -> bool:
    """An IPI goes to a CPU that is down: whoever waits for it waits for ever."""
    return any(cpu.offline for cpu in m.cpu if targets >> cpu.index & 1)


def o25(m: Machine, cpu: int, order: int) -> bool:
    """With interrupts off, no page is had although the free lists this CPU looks at have some."""
    if cpu < 0 or not m.cpu[cpu].irqs_off:
        return False
    own = any(m.pcp_list(cpu, zone).count for zone in m.zone)
    in_buddy = any(f.state == FREE_BUDDY and f.order >= order for f in m.frame)
    return in_buddy or (not order and own)


def o32(m: Machine, frame: Frame) -> bool:
    """A CPU looks for PTEs in a page that is somebody else's by now, or has other bytes."""
    if frame.state == TABLE:
        return any(table.frame is frame for table in m.table)
    return frame.state not in FREE_STATES or bool(frame.content)


def o37(entry: TlbEntry) -> bool:
    """An entry was to be dropped, and nobody waited until it was (arm64)."""
    return bool(entry.issued)


def o29(m: Machine, block: list[Frame]) -> list[TlbEntry]:
    """Translations of the device that lead into a block: it keeps none beyond the unmapping,
    deferred or not.
    """
    if not m.config.secondary_tlb:
        return []
    return [entry for entry in m.device_tlb if entry.frame in block]


def o28(frame: Frame) -> bool:
    """A page is freed while someone pins it (O27: the last reference is not the unmapper's)."""
    return bool(frame.pins)


def o43(m: Machine, mm: Mm, vpn: int, *, large: bool) -> Iterator[tuple[int, TlbEntry]]:
    """CPUs that could still use a translation of a range in one size, with an entry of each, when
    the page table has another size for it: some processors take harm from having both.
    """
    for cpu in range(m.config.cpus):
        if bool(m.large_at(cpu, mm, vpn).held) != large:
            continue
        held = (entry for entry in m.tlb_of(cpu) if entry.mm is mm)
        cached = [entry for entry in held if entry.vpn in m.range_of(vpn)]
        if cached and reachable(m, cpu, cached[0]):
            yield cpu, cached[0]


UNKEPT: tuple[tuple[str, Callable[[Unkept], bool]], ...] = (
    ("O42", o42),
    ("O41", o41),
    ("O40", o40),
)
"""Obligations that an access through a translation that is as it should be can break."""
Judge = Callable[[Stale], bool]
READS: tuple[tuple[str, Judge], ...] = (
    ("O14", o14),
    ("O10", o10),
    ("O13", o13),
    ("O36", o36),
    ("O2", o2),
    ("O8b", o8b),
    ("O6", o6),
    ("O7", o7),
    ("O8a", o8a),
    ("O8", o8),
    ("O9", o9),
    ("O1", o1),
    ("O12", o12),
)
"""Obligations that a stale read can break, in the order in which they are asked."""
STORES: tuple[tuple[str, Judge], ...] = (
    ("O5", written_back),
    ("O3", o3),
    ("O4", o4),
    ("O5", o5),
    ("O10", o10),
    ("O13", unnoticed),
)
"""Those that a stale store can break; a store into another owner's page breaks O2."""


def of_read(m: Machine, at: At, expected: Truth) -> str:
    """The obligation behind a stale read that went wrong."""
    stale = Stale(m, at, expected)
    return next(name for name, broken in READS if broken(stale))


def of_promise(expected: Truth, *, foreign: bool) -> str:
    """The obligation behind an access that went wrong without a stale entry."""
    unkept = Unkept(expected, foreign)
    return next(name for name, broken in UNKEPT if broken(unkept))


def of_store(m: Machine, at: At, expected: Truth) -> str:
    """The obligation behind a store that is lost."""
    stale = Stale(m, at, expected)
    return next((name for name, broken in STORES if broken(stale)), "O2")


def _ownerless(frame: Frame) -> bool:
    """Whether a frame is free, or as good as that: taken from its owner and about to be freed."""
    if frame.state in FREE_STATES:
        return True
    kept = frame.mapcount or frame.file_page or frame.slot
    return frame.state in (ANON, FILE) and not kept


def _mappings(frame: Frame) -> Iterator[Pte]:
    """The PTEs of a frame."""
    at = frame.rmap
    while at:
        yield at
        at = at.rmap_next


def _same_owner(stale: Stale) -> bool:
    """Whether a frame still belongs to what the address maps."""
    frame, page = stale.frame, stale.vma.file_page
    if stale.pte.frame is frame:
        return True
    if page and frame.file_page is page:
        return True
    return bool(frame.mapcount) and not page
