"""What micro-steps wait for: mmap_lock, the page-table lock, the folio lock, a file's i_rwsem.

A micro-step is atomic, so a lock is a cell only where it is kept from one micro-step to a later
one. Each predicate is true where the operation of context `me` may go on: the lock is free, or
its own.
"""

from __future__ import annotations

from luf_tui.machine.schema import Context, FileInode, Frame, Mm


def mmap_write(mm: Mm, me: Context) -> bool:
    """mmap_lock for writing: nobody else has it, and nobody reads."""
    return mm.writer is me or (not mm.writer and not mm.readers)


def mmap_read(mm: Mm, me: Context) -> bool:
    """mmap_lock for reading: nobody else has it for writing."""
    return mm.writer in (None, me)


def page_table(mm: Mm, me: Context) -> bool:
    """The page-table lock. Only an operation that flushes under it is ever seen to hold it. An mm
    of the machine has one page-table page, hence one lock (pte_lockptr()).
    """
    return mm.ptl in (None, me)


def inode(file: FileInode, me: Context) -> bool:
    """i_rwsem for writing: one write() or truncate of a file at a time."""
    return file.writer in (None, me)


def folio(frame: Frame | None, me: Context) -> bool:
    """The lock of a folio; where there is none, nothing waits."""
    return frame is None or frame.locked in (None, me)
