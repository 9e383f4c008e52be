"""What may be done about a page in a random program, and by whom."""

from __future__ import annotations

from collections.abc import Callable

from luf_tui.script.declaration import VERBS
from luf_tui.script.values import Block, FileRange, Pages, Place, Rights, Target
from luf_tui.script.verbs import by_cpu, by_kernel, by_process
from luf_tui.search.random_programs.draft import Draft
from luf_tui.search.random_programs.machines import (
    APP,
    DATA,
    ELSE,
    HEAP,
    KID,
    NEW,
    SHM,
    TEXT,
    USERS,
)

FILE_PAGES = FileRange(0, 2)
Act = Callable[[Draft], None]


def reclaim(d: Draft) -> None:
    """kswapd, or whoever is short of memory."""
    d.do(d.helper(), by_kernel.Reclaim(d.targets()))


def age(d: Draft) -> None:
    """Whether a page was used lately is asked; a page in use may look old from then on."""
    d.do(d.helper(), by_kernel.Age(d.targets()))


def migrate(d: Draft) -> None:
    """Demotion, promotion, and what move_pages() asks for."""
    task, targets, draw = d.helper(), d.targets(), d.rng.random()
    if draw < 0.7:
        d.do(task, by_kernel.Demote(targets, d.rng.randrange(2), d.chance(0.15)))
    elif draw < 0.85:
        d.do(task, by_kernel.Promote(targets, 0))
    else:
        d.do(task, by_kernel.Move(targets, d.rng.randrange(2)))


def poison(d: Draft) -> None:
    """A page that failed is moved away from."""
    d.do(d.helper(), by_kernel.Poison(d.targets(), 0))


def compact(d: Draft) -> None:
    """Compaction for a block that is wanted."""
    order = d.rng.randrange(d.config.max_order + 1)
    task, targets = d.helper(), d.targets()
    block = Block(len(d.config.objects) - 1, order, d.content())
    d.do(task, by_kernel.Compact(targets, 0, block))


def munmap(d: Draft) -> None:
    """A mapping goes, and often comes back."""
    where = d.pair()
    task = d.user(d.mm)
    d.do(task, by_process.Munmap(where))
    for _ in range(d.rng.choice([0, 1, 2])):
        d.rng.choice([d.look, d.take])()
    if d.chance(0.5) and task not in d.busy:
        remap(d, where)
    else:
        d.lost |= d.places(where)


def remap(d: Draft, where: Pages | None = None) -> None:
    """Another mapping where one is."""
    where = where or d.pair()
    d.lost -= d.places(where)
    of_file = TEXT <= where.vpn < DATA + 2
    shared = where.vpn >= DATA
    file_page = where.vpn % 2 if of_file else -1
    write = d.chance(0.6)
    rights = Rights(write=write, shared=shared, may_write=write or not shared)
    place = Place(where.mm, where.vpn, where.pages, fixed=True)
    d.do(d.user(d.mm), by_process.Mmap(file_page, rights, place))


def mprotect(d: Draft) -> None:
    """Rights go, and often come back."""
    where = d.pair()
    rights = Rights(read=d.chance(0.7), write=d.chance(0.5))
    task = d.user(d.mm)
    d.do(task, by_process.Mprotect(where, rights))
    if d.chance(0.5):
        d.look()
    if task in d.busy:
        return
    if not rights.write and d.chance(0.6):
        d.do(d.user(d.mm), by_process.Mprotect(where, Rights(write=True)))
    elif not rights.read:
        d.lost |= d.places(where)


def mremap(d: Draft) -> None:
    """A mapping moves; now and then back again."""
    task, at = d.user(d.mm), d.vpn // 2 * 2
    if at >= DATA + 2:
        return
    d.do(task, by_process.Mremap(Pages(d.mm, at, 2), NEW))
    d.access(d.user(d.mm), NEW + d.vpn % 2)
    if d.chance(0.5):
        d.do(d.user(d.mm), by_process.Munmap(Pages(d.mm, NEW, 2)))
    elif d.chance(0.5):
        d.do(d.user(d.mm), by_process.Mremap(Pages(d.mm, NEW, 2), at))


def fork(d: Draft) -> None:
    """A child, who looks at what it has; or its end."""
    if not d.forked:
        d.forked = True
        d.do(d.user(APP), by_process.Fork(APP, KID))
        for task, mm in d.owners():
            if mm == KID and task not in d.busy and d.chance(0.5):
                d.access(task, d.vpn)
    elif not any(USERS.get(task) == KID for task in d.busy):
        d.do(d.user(KID), by_process.Exit(KID))
        d.forked = False


def write_file(d: Draft) -> None:
    """write() to the file."""
    page = d.vpn % 2
    d.do(d.user(), by_process.WriteFile(page, d.content()))


def truncate(d: Draft) -> None:
    """The file is cut; the pages may be written anew."""
    d.do(d.helper(), by_process.Truncate(FILE_PAGES, d.rng.randrange(2)))


def invalidate(d: Draft) -> None:
    """What is cached of the file is dropped."""
    d.do(d.helper(), by_process.Invalidate(FILE_PAGES))


def server(d: Draft) -> None:
    """A server changes the file, and at times says so."""
    if d.config.files[0].remote:
        d.hardware(-1, by_kernel.Change(d.vpn % 2, d.content()))
    if d.chance(0.5):
        invalidate(d)


def writeback(d: Draft) -> None:
    """The flusher."""
    d.do(d.helper(), by_kernel.Writeback(d.vpn % 2))


def pin(d: Draft) -> None:
    """Somebody holds a page for a while; or goes through such a pin, or past the page cache."""
    if d.config.pinned_io and d.chance(0.7):
        pinned_io(d)
        return
    if d.pinned:
        d.do(d.helper(), by_process.Unpin(d.pinned.pop()))
        return
    target = Target(0, d.mm, d.vpn)
    d.pinned.append(target)
    d.do(d.helper(), by_process.Pin(target))


def pinned_io(d: Draft) -> None:
    """A device uses a page that was pinned for it; a file is read or written past its cache."""
    at = Pages(d.mm, d.vpn)
    if d.chance(0.5):
        if d.chance(0.5):
            d.do(d.user(d.mm), by_process.Pin(Target(0, d.mm, d.vpn)))
        write = by_kernel.IoWrite(at, d.content())
        d.hardware(-1, d.rng.choice([by_kernel.IoRead(at), write]))
        return
    kind = d.rng.choice([by_process.DirectRead, by_process.DirectWrite])
    d.do(d.user(d.mm), kind(d.rng.randrange(2), at))


def driver(d: Draft) -> None:
    """A driver maps its page by frame number where new mappings go, or takes it back."""
    if not d.config.frame_maps:
        d.look()
        return
    where = Place(d.mm, NEW, 1)
    draw = d.rng.random()
    if draw < 0.3:
        d.do(d.helper(), by_kernel.Revoke(len(d.config.objects) - 1))
        d.take()
    elif draw < 0.5:
        d.do(d.user(d.mm), by_process.Munmap(Pages(d.mm, NEW, 1)))
    else:
        ring = len(d.config.objects) - 1
        d.do(d.helper(), by_kernel.Alloc(ring, content=d.content()))
        d.do(d.user(d.mm), by_process.MapFrames(ring, where))
    d.access(d.user(d.mm), NEW)


def protect(d: Draft) -> None:
    """A userfaultfd monitor write-protects, and gives back."""
    here = Pages(APP, HEAP, 2)
    if d.chance(0.5):
        d.do(d.helper(), by_kernel.Register(here, missing=False))
    task = d.helper()
    wp, unwp = by_kernel.WriteProtect(here), by_kernel.Unprotect(here)
    d.do(task, d.rng.choice([wp, wp, unwp]))


def uffdio(d: Draft) -> None:
    """A userfaultfd monitor puts pages in."""
    one = d.vpn % 2
    d.do(d.helper(), by_kernel.Register(Pages(APP, HEAP, 2), missing=d.chance(0.5)))
    if d.chance(0.5):
        d.do(d.helper(), by_kernel.UffdioCopy(Pages(APP, one), d.content()))
    else:
        d.do(d.helper(), by_kernel.UffdioMove(Pages(APP, 1 - one), one))


def probe(d: Draft) -> None:
    """A uprobe."""
    d.do(d.user(APP), by_process.Probe(Pages(APP, TEXT + d.vpn % 2), d.content()))


def merge(d: Draft) -> None:
    """KSM; where it has not been taught what large pages are, khugepaged."""
    if d.config.huge_pages:
        d.do(d.helper(), by_kernel.Collapse(Pages(d.mm, HEAP, 2)))
    other = Target(0, d.rng.choice([APP, ELSE]), d.rng.randrange(2))
    d.do(d.helper(), by_kernel.Merge(Target(0, d.mm, d.vpn % 2), other))


def dontneed(d: Draft) -> None:
    """madvise(): dontneed, free, cold or pageout."""
    d.do(d.user(d.mm), by_process.Madvise(d.pair(), d.rng.choice([0, 0, 0, 1, 2, 3])))


def hint(d: Draft) -> None:
    """NUMA hinting."""
    d.do(d.helper(), by_kernel.Scan(d.pair()))


def soft_dirty(d: Draft) -> None:
    """A checkpointer clears the soft-dirty bits."""
    d.do(d.user(d.mm), by_process.ClearSoftDirty(d.mm))


HOUSEKEEPING = tuple(
    kind for kind in VERBS.values() if kind.verb.by == "kernel" and kind.verb.plain
)
"""What the kernel does for itself, about no page: all verbs of its own that take no operand."""


def housekeeping(d: Draft) -> None:
    """Lists are drained; free pages are reported, or whatever else there is of that kind."""
    d.do(d.helper(), by_kernel.Drain())
    d.do(d.helper(), d.rng.choice(HOUSEKEEPING)())


def offline_node(d: Draft) -> None:
    """A node's memory goes, and comes back."""
    node = d.rng.randrange(2)
    d.do(d.helper(), by_kernel.OfflineNode(node))
    d.look()
    d.do(d.helper(), by_kernel.OnlineNode(node))


def hotplug(d: Draft) -> None:
    """A CPU goes down, or comes back."""
    if d.offline:
        d.hardware(d.offline.pop(), by_cpu.CpuUp())
        return
    cpu = d.rng.choice([1, 2])
    if not any(d.cpu(task) == cpu for task in d.busy):
        d.offline.append(cpu)
        d.hardware(cpu, by_cpu.CpuDown())


def switch(d: Draft) -> None:
    """The scheduler: a CPU idles, or runs somebody else, perhaps not at once, or a thread of
    another CPU, in the middle of something or not.
    """
    cpu = d.rng.choice([1, 2])
    if cpu in d.offline:
        return
    if d.chance(0.4):
        d.hardware(cpu, by_cpu.Idle())
        return
    if d.chance(0.3):
        d.hardware(cpu, by_cpu.Run(d.rng.choice(d.owners())[0]))  # it goes home with its next line
        return
    free = [task for task, _ in d.owners() if d.cpu(task) == cpu and task not in d.busy]
    if free:
        d.run(cpu, d.rng.choice(free))


def device(d: Draft) -> None:
    """A device reads or writes a page; the hardware walks ahead or forgets."""
    at = Pages(d.mm, d.vpn)
    if d.config.secondary_tlb:
        if d.chance(0.3):
            d.hardware(-1, by_kernel.DmaWrite(at, d.content()))
        else:
            d.hardware(-1, by_kernel.DmaRead(at))
        return
    cpu = d.rng.choice([1, 2])
    if cpu not in d.offline:
        d.hardware(cpu, d.rng.choice([by_cpu.Evict(at), by_cpu.Prefetch(at)]))


def tick(d: Draft) -> None:
    """A second passes."""
    d.hardware(-1, by_kernel.Tick())


FILE = (TEXT, TEXT + 1, DATA, DATA + 1)
PRIVATE = (HEAP, HEAP + 1)
ANY = (*PRIVATE, *FILE, SHM)
UNMAPPERS: tuple[Act, ...] = (reclaim, reclaim, reclaim, migrate, migrate, compact)
"""What takes a page away from whoever uses it: nearly every program does one of them."""
ACTS: tuple[tuple[Act, int, tuple[int, ...]], ...] = (
    (reclaim, 2, ANY),
    (migrate, 2, ANY),
    (age, 1, ANY),
    (poison, 1, ANY),
    (compact, 1, ANY),
    (munmap, 3, ANY),
    (remap, 1, ANY),
    (mprotect, 3, ANY),
    (mremap, 2, (*PRIVATE, *FILE)),
    (fork, 2, (*PRIVATE, SHM)),
    (write_file, 2, FILE),
    (truncate, 1, FILE),
    (invalidate, 1, FILE),
    (server, 1, FILE),
    (writeback, 2, FILE),
    (pin, 2, ANY),
    (driver, 1, ANY),
    (protect, 2, PRIVATE),
    (uffdio, 1, PRIVATE),
    (probe, 1, FILE),
    (merge, 1, PRIVATE),
    (dontneed, 3, ANY),
    (hint, 2, ANY),
    (soft_dirty, 2, PRIVATE),
    (housekeeping, 2, ANY),
    (offline_node, 1, ANY),
    (hotplug, 1, ANY),
    (switch, 2, ANY),
    (device, 1, ANY),
    (tick, 1, ANY),
)
"""What can be done, how often a program does it at all, and which pages it is about."""
