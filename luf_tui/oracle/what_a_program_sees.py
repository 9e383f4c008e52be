"""What a program sees of an access that went wrong, in the words of whoever runs it."""

from __future__ import annotations

from collections.abc import Iterator

from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import FREE_STATES, KERNEL, PRESENT, TABLE, Frame, Pte
from luf_tui.oracle.truth import BYTES, MONITOR, SIGBUS, SIGSEGV, At, Truth


def became(m: Machine, at: At, obligation: str, *, device: bool) -> str:
    """Where a store by a CPU, or by the device, went, and who misses it or sees it; to follow on
    what was stored at which page.
    """
    frame = at.frame
    name = f"f{frame.pfn}"
    mine = m.pte_at(at.mm, at.vpn)
    others = list(_others(m, frame, mine))
    if mine.frame is frame and others and not m.vma_at(at.mm, at.vpn).shared:
        process, page = others[0]
        return f"in {name}, so that {process} finds it in its {page}"
    if obligation == "O13":
        return "without the fault that was due"
    if frame.state in FREE_STATES:
        return f"in {name}, where it is lost"
    if frame.saved:
        return f"in {name}, {_saved(frame)}"
    if mine.frame is frame or (mine.slot and mine.slot is frame.slot):
        return "through a translation that was taken away" if device else f"in {name}, unnoticed"
    owner = "'s ".join(others[0]) if others else _owner(m, frame, at)
    return f"in {name}, which is {owner} now" if owner else f"in {name}, where it is lost"


def wanted_of(m: Machine, expected: Truth) -> str:
    """What somebody should have got, by name."""
    return m.config.content_name(expected.content) if expected.kind == BYTES else expected.kind


def instead(m: Machine, at: At, obligation: str, expected: Truth) -> str:
    """What somebody should have found who read something else, and why it is not that; to follow on
    what was read as which page.
    """
    if expected.kind == MONITOR:
        return "without the fault that a monitor waits for"
    if expected.kind == SIGBUS:
        return "behind which there is no page any more: SIGBUS was due"
    if expected.kind == SIGSEGV:
        mapped = m.vma_at(at.mm, at.vpn).mapped
        return f"which {'may not be read' if mapped else 'is not mapped'} any more: SIGSEGV was due"
    holds = f"which holds {m.config.content_name(expected.content)}"
    why = _why_not(m, at, obligation)
    return f"{holds}: f{at.frame.pfn} {why}" if why else holds


def _why_not(m: Machine, at: At, obligation: str) -> str:
    """What happened to the frame that the bytes were in."""
    if obligation == "O1":
        return "was wiped while it was free"
    if obligation == "O36":
        return "has failed"
    if obligation not in ("O2", "O37"):
        return ""
    others = list(_others(m, at.frame, m.pte_at(at.mm, at.vpn)))
    owner = "'s ".join(others[0]) if others else _owner(m, at.frame, at)
    return f"is {owner} now" if owner else ""


def _saved(frame: Frame) -> str:
    """What was made of the bytes before, which lacks the store."""
    if frame.target:
        return f"whose bytes had been copied to f{frame.target.pfn}: the store is lost"
    if frame.slot or frame.file_page:
        return "whose bytes had been written out: the store is lost"
    return "which had been copied: the copy lacks it"


def _others(m: Machine, frame: Frame, mine: Pte) -> Iterator[tuple[str, str]]:
    """The processes and pages that a frame is mapped at besides."""
    at = frame.rmap
    while at:
        if at is not mine and at.kind == PRESENT:
            mm, vpn = m.place_of(at)
            yield m.config.processes[mm.index].name, m.config.page_name(mm.index, vpn)
        at = at.rmap_next


def _owner(m: Machine, frame: Frame, at: At) -> str:
    """Whose a frame is that nobody maps."""
    page = frame.file_page
    if page and page is not m.vma_at(at.mm, at.vpn).file_page:
        return f"a page of the file, {m.config.file_page_name(page.index)},"
    if frame.state == KERNEL:
        return "the kernel's"
    return "a page of the page table" if frame.state == TABLE else ""
