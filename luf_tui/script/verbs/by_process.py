"""What a process does: system calls, and what is done to a process from inside it."""

from __future__ import annotations

from luf_tui.script import parameters as p
from luf_tui.script.declaration import PROCESS, Arguments, parameter, verb
from luf_tui.script.op_line import OpLine, goes_through_pins, maps_frames
from luf_tui.script.values import FileRange, Pages, Place, Rights, Target


def _ends(reading: OpLine) -> None:
    for cpu, task in list(reading.scope.running.items()):
        if reading.scope.threads[task].process == reading.user:
            del reading.scope.running[cpu]


@verb("mmap", by=PROCESS, example="app mmap lib read-only as code", anywhere=True)
class Mmap(Arguments):
    """Maps memory or pages of a file; `at` maps over an old region (MAP_FIXED)."""

    file_page: int = parameter(p.BACKING)
    rights: Rights = parameter(p.RIGHTS)
    where: Place = parameter(p.PLACE)


@verb("munmap", by=PROCESS, example="app munmap heap", anywhere=True)
class Munmap(Arguments):
    """Unmaps a range."""

    where: Pages = parameter(p.OWN_RANGE)


@verb("mprotect", by=PROCESS, example="app mprotect heap read-only", anywhere=True)
class Mprotect(Arguments):
    """Changes the rights of a range."""

    where: Pages = parameter(p.OWN_RANGE)
    rights: Rights = parameter(p.NEW_RIGHTS)


@verb("madvise", by=PROCESS, example="app madvise heap dontneed")
class Madvise(Arguments):
    """Says of a range: not needed, may be freed, cold, to be paged out, large pages or none."""

    where: Pages = parameter(p.OWN_RANGE)
    advice: int = parameter(p.NUMBERED_ADVICE)


@verb("mremap", by=PROCESS, example="app mremap heap as moved")
class Mremap(Arguments):
    """Moves a range to another address."""

    where: Pages = parameter(p.OWN_RANGE)
    to: int = parameter(p.NEW_REGION)


@verb("clear-soft-dirty", by=PROCESS, example="app clear-soft-dirty")
class ClearSoftDirty(Arguments):
    """Clears the soft-dirty bits of its address space, as a checkpointer does."""

    mm: int = parameter(p.OWN_SPACE)


@verb("fork", by=PROCESS, example="app fork app as child")
class Fork(Arguments):
    """Makes a child that shares its pages copy-on-write."""

    mm: int = parameter(p.FORKED)
    child: int = parameter(p.CHILD)


@verb("exit", by=PROCESS, example="app exit", after=_ends)
class Exit(Arguments):
    """Ends, and its address space with it."""

    mm: int = parameter(p.OWN_SPACE)


@verb("pwrite", by=PROCESS, example="app pwrite lib.0 new")
class WriteFile(Arguments):
    """Writes a content to a page of a file through the page cache."""

    page: int = parameter(p.FILE_PAGE)
    content: int = parameter(p.CONTENT)


@verb("truncate", by=PROCESS, example="app truncate lib to 1")
class Truncate(Arguments):
    """Cuts a file to fewer pages."""

    file: FileRange = parameter(p.WHOLE_FILE)
    pages: int = parameter(p.LEFT)


@verb("invalidate", by=PROCESS, example="app invalidate lib")
class Invalidate(Arguments):
    """Drops what the page cache has of a file."""

    file: FileRange = parameter(p.WHOLE_FILE)


@verb("pin", by=PROCESS, example="app pin heap.0")
class Pin(Arguments):
    """Takes a reference to a page."""

    target: Target = parameter(p.TARGET)


@verb("unpin", by=PROCESS, example="app unpin heap.0")
class Unpin(Arguments):
    """Drops that reference."""

    target: Target = parameter(p.TARGET)


@verb("map-frames", by=PROCESS, example="app map-frames slab as window", check=maps_frames)
class MapFrames(Arguments):
    """Maps a page of the kernel's by its frame number, as a driver has it (VM_PFNMAP)."""

    object: int = parameter(p.MAPPED_OBJECT)
    where: Place = parameter(p.PLACE)


@verb(
    "direct-read", by=PROCESS, example="app direct-read lib.0 into heap.0", check=goes_through_pins
)
class DirectRead(Arguments):
    """Reads a page of a file from disk into one of its pages, past the page cache (O_DIRECT)."""

    page: int = parameter(p.FILE_PAGE)
    where: Pages = parameter(p.INTO_PAGE)


@verb(
    "direct-write",
    by=PROCESS,
    example="app direct-write lib.0 from heap.0",
    check=goes_through_pins,
)
class DirectWrite(Arguments):
    """Writes one of its pages to disk as a page of a file, past the page cache (O_DIRECT)."""

    page: int = parameter(p.FILE_PAGE)
    where: Pages = parameter(p.FROM_PAGE)


@verb("probe", by=PROCESS, example="app probe text.0 break")
class Probe(Arguments):
    """Puts a breakpoint into a page, as uprobes do: a copy takes the page's place."""

    where: Pages = parameter(p.OWN_PAGE)
    content: int = parameter(p.CONTENT)


@verb("resume", by=PROCESS, example="app resume", begins=False)
class Resume(Arguments):
    """Goes on with what was stopped half-way by `stop before STEP`."""
