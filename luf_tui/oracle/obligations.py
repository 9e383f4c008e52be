"""Which obligation of the mechanism reference (section 4.1) a broken rule amounts to.

The rule says *that* something is wrong; the obligation says which promise was not kept, judged
from the machine alone: who has the frame now, and how the address came to mean something else.
"""

from __future__ import annotations

from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import ANON, FILE, FREE_STATES, PRESENT, TAKEN, Frame
from luf_tui.oracle.truth import BYTES, MONITOR, SIGBUS, Truth

ABOUT: dict[str, str] = {
    "O1": "the bytes of a free page changed while a stale entry could read them",
    "O2": "a page was reused before every CPU in its debt had flushed",
    "O3": "a read-only PTE was still cached writable",
    "O4": "a writable mapping was not flushed",
    "O5": "a store after the write-out is lost",
    "O6": "one thread wrote a new copy while another still reads the old one",
    "O7": "a store through another mapping of the file is not seen",
    "O8": "bytes that write() replaced are still read",
    "O8a": "bytes that write() replaced are still read, on a filesystem without the hook",
    "O8b": "the file changed without a local write",
    "O9": "a place in the page cache changed or went away unnoticed",
    "O10": "the address was unmapped, yet it can be read",
    "O12": "another frame was installed without a flush",
    "O13": "a permission was taken away, yet the access succeeds",
    "O24": "a CPU waits for IPIs with interrupts off",
    "O28": "a page was freed while someone pins it",
    "O36": "a page that failed is still read",
    "O14": "a fault that someone waits for did not happen",
}
"""Obligations that the rules can name, in a few words each."""

WIPED = (0, 1)
"""Content codes of a page that was zeroed or poisoned."""


def of_read(m: Machine, at: tuple[int, int, int], expected: Truth) -> str:
    """The obligation behind a stale read that went wrong."""
    mm, vpn, pfn = at
    vma, frame = m.vma_at(mm, vpn), m.frame[pfn]
    if expected.kind == MONITOR:
        return "O14"
    if expected.kind == SIGBUS:
        return "O9"
    if expected.kind != BYTES:
        return "O13" if vma.mapped else "O10"
    if _poisoned(frame):
        return "O36"
    if not _ownerless(frame) and not _same_owner(m, at):
        return "O2"
    if _ownerless(frame) and frame.content in WIPED and expected.content not in WIPED:
        return "O1"
    if vma.file_page and _ownerless(frame):
        return _of_file(m, vma.file_page - 1, expected)
    if m.pte_at(mm, vpn).kind == PRESENT:
        return "O6" if not vma.shared else "O7"
    return "O1" if frame.state in FREE_STATES else "O12"


def _ownerless(frame: Frame) -> bool:
    """Whether a frame is free, or as good as that: taken from its owner and about to be freed."""
    if frame.state in FREE_STATES:
        return True
    kept = frame.mapcount or frame.file_page or frame.slot
    return frame.state in (ANON, FILE) and not kept


def _poisoned(frame: Frame) -> bool:
    """Whether memory failure took the frame away for good."""
    return frame.state == TAKEN and frame.refs != 0


def _of_file(m: Machine, page: int, expected: Truth) -> str:
    """A stale read of a file page whose old frame is free."""
    if expected.pfn < 0:
        return "O8b" if m.file_page[page].disk == expected.content else "O1"
    frame = m.frame[expected.pfn]
    if frame.state not in FREE_STATES and frame.file_page != page + 1:
        return "O6"
    if any(m.pte_at(mm, vpn).writable for mm, vpn in _mapped_at(m, expected.pfn)):
        return "O7"
    if frame.dirty:
        return "O8a" if m.config.files[m.inode_of[page]].iomap else "O8"
    return "O1" if frame.content == m.initial_file_content(page) else "O9"


def _mapped_at(m: Machine, pfn: int) -> list[tuple[int, int]]:
    found = []
    at = m.frame[pfn].rmap
    while at:
        found.append(divmod(at - 1, m.config.pages))
        at = m.pte[at - 1].rmap_next
    return found


def _same_owner(m: Machine, at: tuple[int, int, int]) -> bool:
    """Whether a frame still belongs to what the address maps."""
    mm, vpn, pfn = at
    vma, frame, pte = m.vma_at(mm, vpn), m.frame[pfn], m.pte_at(mm, vpn)
    if pte.pfn == pfn + 1:
        return True
    if vma.file_page and frame.file_page == vma.file_page:
        return True
    return bool(frame.mapcount) and not vma.file_page


def of_store(m: Machine, at: tuple[int, int, int]) -> str:
    """The obligation behind a store that is lost."""
    mm, vpn, pfn = at
    vma, frame = m.vma_at(mm, vpn), m.frame[pfn]
    if vma.uffd_wp or m.pte_at(mm, vpn).uffd_wp or m.mm[mm].flush_pending:
        return "O3"
    if frame.state in FREE_STATES:
        return "O4"
    return "O5" if frame.saved else "O2"
