"""A random program being made: who may act, which page it dwells on, what is left half-way."""

from __future__ import annotations

from random import Random

from attrs import define, evolve, field

from luf_tui.engine.operation import Operation
from luf_tui.engine.operations.age import Age
from luf_tui.engine.operations.compaction import Compact
from luf_tui.engine.operations.direct_io import DirectRead, DirectWrite
from luf_tui.engine.operations.fault import Fault
from luf_tui.engine.operations.files import DropPages, WriteFile
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.frame_maps import MapFrames, Revoke
from luf_tui.engine.operations.madvise import Madvise, Mremap
from luf_tui.engine.operations.mappings import Mprotect, Munmap, Zap
from luf_tui.engine.operations.memory import AllocPage, FreePage, Refill
from luf_tui.engine.operations.migrate import Migrate
from luf_tui.engine.operations.monitor import UffdProtect
from luf_tui.engine.operations.offline import Offline
from luf_tui.engine.operations.pins import Gup
from luf_tui.engine.operations.process import Exit, Fork, JoinMask
from luf_tui.engine.operations.reclaim import Reclaim, Writeback
from luf_tui.engine.operations.referenced import Referenced
from luf_tui.engine.operations.replace import Merge, Uprobe
from luf_tui.engine.operations.scan import Scan
from luf_tui.engine.operations.uffdio import UffdCopy, UffdMove
from luf_tui.engine.operations.unmap import Unmap
from luf_tui.errors import Span
from luf_tui.machine.config import MachineConfig
from luf_tui.script.declaration import Arguments
from luf_tui.script.program import Op
from luf_tui.script.values import Pages, Target
from luf_tui.script.verbs import by_cpu, by_kernel, by_process
from luf_tui.search.random_programs.machines import (
    APP,
    CONTENTS,
    DATA,
    ELSE,
    FIRST_CONTENT,
    KID,
    NEW,
    SHM,
    TEXT,
    USERS,
)

STOPS: dict[type[Arguments], tuple[type[Operation], ...]] = {
    by_kernel.Reclaim: (Reclaim, Reclaim, Unmap, Shootdown),
    by_kernel.Age: (Age, Referenced),
    by_kernel.Demote: (Migrate, Migrate, Unmap, Shootdown),
    by_kernel.Promote: (Migrate, Migrate, Unmap, Shootdown),
    by_kernel.Move: (Migrate, Migrate, Unmap, Shootdown),
    by_kernel.Poison: (Migrate, Migrate, Unmap, Shootdown),
    by_kernel.Compact: (Compact, Migrate, Unmap),
    by_process.Munmap: (Munmap, Zap, Zap, Shootdown),
    by_process.Mmap: (Zap, Shootdown),
    by_process.Mprotect: (Mprotect, Shootdown),
    by_process.Mremap: (Mremap, Shootdown),
    by_process.Madvise: (Madvise, Madvise, Zap, Zap, Shootdown, Reclaim),
    by_process.Fork: (Fork, Shootdown),
    by_process.Exit: (Exit, Zap, Shootdown),
    by_cpu.Write: (Fault, Fault, Shootdown, AllocPage),
    by_cpu.Read: (Fault, AllocPage),
    by_process.WriteFile: (WriteFile, Shootdown),
    by_process.Truncate: (DropPages, Shootdown),
    by_process.Invalidate: (DropPages, Shootdown),
    by_kernel.Writeback: (Writeback, Shootdown),
    by_kernel.WriteProtect: (UffdProtect, Shootdown),
    by_kernel.Unprotect: (UffdProtect,),
    by_kernel.UffdioCopy: (UffdCopy,),
    by_kernel.UffdioMove: (UffdMove, Shootdown),
    by_process.MapFrames: (MapFrames,),
    by_kernel.Revoke: (Revoke, Revoke, Shootdown),
    by_process.Pin: (Gup, Gup, Fault),
    by_process.DirectRead: (DirectRead, Gup, Writeback),
    by_process.DirectWrite: (DirectWrite, DirectWrite, Gup, DropPages),
    by_process.Probe: (Uprobe, Shootdown),
    by_kernel.Merge: (Merge, Shootdown),
    by_kernel.Scan: (Scan, Shootdown),
    by_process.ClearSoftDirty: (Scan, Shootdown),
    by_kernel.OfflineNode: (Offline, Migrate),
    by_kernel.Alloc: (AllocPage, Shootdown, Refill),
    by_kernel.Free: (FreePage,),
    by_cpu.Run: (JoinMask,),
}
"""Operations that a verb runs through, before whose steps it may be left for a while."""
MOST_BUSY = 3
"""Tasks that may be in the middle of something at a time."""


def op(task: int, cpu: int, args: Arguments) -> Op:
    """One operation, its line written as its arguments."""
    return Op(Span(1), f"{args.verb.word} {args}", task, cpu, args)


@define
class Draft:
    """One program being made; `halts` is how often an operation is left half-way."""

    rng: Random
    config: MachineConfig
    helpers: tuple[int, ...]
    """The kernel's tasks that take part."""
    users: tuple[int, ...]
    """Tasks of processes that take part."""
    hot: tuple[int, ...]
    """Virtual pages that the program is about."""
    halts: float
    stores: float
    """How many accesses are stores."""
    ops: list[Op] = field(factory=list)
    busy: dict[int, type[Arguments]] = field(factory=dict)
    """Tasks that are in the middle of something, and of which verb."""
    held: list[int] = field(factory=list)
    """Kernel objects that have memory."""
    pinned: list[Target] = field(factory=list)
    offline: list[int] = field(factory=list)
    """CPUs that are down."""
    lost: set[tuple[int, int]] = field(factory=set)
    """Pages that a process may not use any more."""
    forked: bool = False
    mm: int = APP
    vpn: int = 0

    # -- drawing ------------------------------------------------------------------------------

    def chance(self, p: float) -> bool:
        """True once in 1/p times."""
        return self.rng.random() < p

    def content(self) -> int:
        """Something to write."""
        return self.rng.randrange(FIRST_CONTENT, len(CONTENTS))

    def page(self) -> int:
        """Mostly the scene's page; or the one beside it, another mapping of it, or any hot one."""
        draw = self.rng.random()
        if draw < 0.65:
            return self.vpn
        if draw < 0.75 and self.vpn < SHM:
            return self.vpn ^ 1
        if draw < 0.85 and TEXT <= self.vpn < SHM:
            return self.vpn + 2 if self.vpn < DATA else self.vpn - 2
        return self.rng.choice(self.hot) if draw < 0.95 else self.rng.randrange(NEW)

    def pair(self) -> Pages:
        """The region around a page, whole as a rule."""
        at = self.page()
        if at == SHM or self.chance(0.2):
            return Pages(self.mm, at)
        return Pages(self.mm, at // 2 * 2, 2)

    def places(self, where: Pages) -> set[tuple[int, int]]:
        """The scene's process and each of some pages."""
        return {(self.mm, where.vpn + more) for more in range(where.pages)}

    def cpu(self, task: int) -> int:
        """Where a task runs."""
        return self.config.tasks[task].cpu

    def free(self, task: int) -> bool:
        """Whether a task may begin something."""
        return task not in self.busy and self.cpu(task) not in self.offline

    def user(self, mm: int = -1) -> int:
        """A task that may act, of an address space if one is given; -1 when none may."""
        free = [task for task, owner in self.owners() if self.free(task) and mm in (-1, owner)]
        return self.rng.choice(free) if free else -1

    def owners(self) -> list[tuple[int, int]]:
        """The tasks that live, and whose they are."""
        pairs = [(task, USERS[task]) for task in self.users]
        return [(task, mm) for task, mm in pairs if mm != KID or self.forked]

    def helper(self) -> int:
        """Who works for the kernel: a task of its own, or whoever is short of memory; -1 when none
        may.
        """
        if self.chance(0.15):
            return self.user()
        free = [task for task in self.helpers if self.free(task)]
        return self.rng.choice(free) if free else -1

    def target(self) -> Target:
        """A page by an address, or a page of the file by its place."""
        vpn = self.page()
        if TEXT <= vpn < SHM and self.chance(0.3):
            return Target(1, vpn % 2)
        mm = self.mm if self.chance(0.8) else self.rng.choice([APP, ELSE])
        return Target(0, mm, vpn)

    def targets(self) -> tuple[Target, ...]:
        """The scene's page, and at times another one."""
        first = self.target() if self.chance(0.3) else Target(0, self.mm, self.vpn)
        return (first,) if self.chance(0.65) else (first, self.target())

    # -- putting down -------------------------------------------------------------------------

    def hardware(self, cpu: int, args: Arguments) -> None:
        """What no task does."""
        self.ops.append(op(-1, cpu, args))

    def do(self, task: int, args: Arguments) -> None:
        """An operation, if there is somebody to perform it; at times left half-way."""
        if task < 0:
            return
        one, verb = op(task, self.cpu(task), args), type(args)
        if verb in STOPS and len(self.busy) < MOST_BUSY and self.chance(self.halts):
            one = evolve(one, stop=self._stop(verb))
            self.busy[task] = verb
        self.ops.append(one)
        if self.busy and self.chance(0.2):
            self.meanwhile()
        for other in list(self.busy):
            if other != task and self.chance(0.2):
                self.resume(other)

    def meanwhile(self) -> None:
        """What the hardware does while somebody is half-way: an IPI arrives, a CPU walks ahead."""
        cpus = [cpu for cpu in range(self.config.cpus) if cpu not in self.offline]
        here, deliver = Pages(self.mm, self.vpn), by_cpu.Deliver()
        args = self.rng.choice([deliver, deliver, by_cpu.Prefetch(here), by_cpu.Evict(here)])
        self.hardware(self.rng.choice(cpus), args)

    def run(self, cpu: int, task: int) -> None:
        """A CPU runs a task, which may be left before it has joined mm_cpumask."""
        one = op(-1, cpu, by_cpu.Run(task))
        if len(self.busy) < MOST_BUSY and self.chance(self.halts):
            one = evolve(one, stop="join")
            self.busy[task] = by_cpu.Run
        self.ops.append(one)

    def _stop(self, verb: type[Arguments]) -> str:
        return self.rng.choice(self.rng.choice(STOPS[verb]).STEPS).name

    def resume(self, task: int) -> None:
        """Somebody goes on, at times not to the end."""
        again = self._stop(self.busy[task]) if self.chance(0.25) else ""
        self.ops.append(evolve(op(task, self.cpu(task), by_process.Resume()), stop=again))
        if not again:
            del self.busy[task]

    def settle(self) -> None:
        """Everybody comes to an end."""
        while self.busy:
            self.resume(self.rng.choice(list(self.busy)))

    # -- what every program does ------------------------------------------------------------------

    def look(self) -> None:
        """A load or a store."""
        task = self.user(self.mm) if self.chance(0.7) else self.user()
        self.access(task, self.page())

    def access(self, task: int, vpn: int) -> None:
        """A load or a store of one page."""
        where = Pages(USERS.get(task, -1), vpn)
        if self.chance(self.stores):
            self.do(task, by_cpu.Write(where, self.content()))
        else:
            self.do(task, by_cpu.Read(where))

    def everybody(self) -> None:
        """Whoever shares the page looks at it."""
        for task, mm in self.owners():
            if mm == self.mm and self.free(task):
                self.ops.append(op(task, self.cpu(task), by_cpu.Read(Pages(mm, self.vpn))))

    def take(self) -> None:
        """Memory changes hands; a driver's own does not: it is mapped, and has to be revoked."""
        draw, task = self.rng.random(), self.helper()
        names = range(len(self.config.objects) - self.config.frame_maps)
        if draw < 0.7 and len(self.held) < len(names):
            free = [name for name in names if name not in self.held]
            order = 0 if self.chance(0.75) else self.rng.randrange(self.config.max_order + 1)
            content = self.content()
            name, atomic = self.rng.choice(free), self.chance(0.1)
            self.held.append(name)
            self.do(task, by_kernel.Alloc(name, order, atomic, content=content))
        elif draw < 0.85 and self.held:
            name = self.held.pop(self.rng.randrange(len(self.held)))
            self.do(task, by_kernel.Free(name))
        elif draw < 0.92:
            self.do(task, by_kernel.DrainAll() if self.chance(0.3) else by_kernel.Drain())
        else:
            mm = self.rng.choice([APP, ELSE])
            task, where = self.user(mm), Pages(mm, self.rng.randrange(2))
            self.do(task, by_cpu.Write(where, self.content()))
