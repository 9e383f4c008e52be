"""Taking pages from the allocator and giving them back: the takeoff sections (OP-5 to OP-12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from luf_tui.engine import allocator, folio, pagetable, victims
from luf_tui.engine.arguments import Start, bytes_of, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, FRAME, Local, Next, Operation, Step, step
from luf_tui.engine.operations.flush import TAKEOFF, Shootdown
from luf_tui.engine.operations.unmap import isolate, put_back
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import MaybeNumber, Reference, Required
from luf_tui.machine.schema import (
    ANON,
    FILE,
    FREE_PCP,
    KERNEL,
    PRESENT,
    Context,
    Frame,
    KernelObject,
    Zone,
)
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel

POISON = 1
"""The content code of a poisoned page."""
COVERED = ev.REASON["all CPUs had flushed since"]
MAY_RECLAIM, HAS_RECLAIMED, MAY_DRAIN, GIVES_UP = range(4)
"""What an allocation that finds nothing may still do: reclaim a page itself; drain the pcp lists,
then reclaim another one; drain them only; nothing.
"""


def generation_done(k: Kernel, ctx: Context, zone: Zone | None) -> bool:
    """No other taker's zone flush is still being waited for (O20)."""
    return not k.policy.takeoff_must_wait(k.m, k.m.task_of(ctx), zone)


class AllocPage(Operation, name="alloc", function="get_page_from_freelist"):
    """get_page_from_freelist() and prep_new_page(): hand out a block of 2^order frames.

    Gives the block's first frame, or none when nothing can be had. Order 0 comes from the pcp
    list. Who finds nothing reclaims a page and drains all pcp lists before it gives up
    (__alloc_pages_slowpath()). `atomic` callers may neither wait nor send IPIs, nor do that.
    """

    order = Local()
    only = Reference[Zone]("zone", "the one zone allowed; none allows any")
    use = Local("the state it is taken for")
    atomic = Local()
    zone = Reference[Zone]("zone", "the zone being tried; none while a pcp list is")
    tried = Local("zones of the zonelist that have been tried")
    frame = Reference[Frame]("frame")
    mask = Local(mask="cpu")
    left = Local("what it may still do when it finds nothing")

    def taken(self, m: Machine) -> Sequence[Frame]:
        """The block, until it is handed out."""
        return [self.frame] if self.frame else ()

    @step("take a page off")
    def take(self, k: Kernel) -> Next:
        """rmqueue(): the zones in order of distance; pcp first for order 0."""
        return self._take(k)

    def _take(self, k: Kernel) -> Next:
        m = k.m
        while self.tried < len(m.zone):
            zone = m.zone[self.tried]
            if self.only and self.only is not zone:
                self.tried += 1
                continue
            if self.order == 0 and k.cpu >= 0:
                self.zone = None
                k.policy.takeoff_start(m, k.task, None, not self.atomic)
                frame = allocator.pick_pcp(k, k.cpu, zone)
                if frame:
                    allocator.take_from_pcp(k, frame)
                    self.frame = frame
                    return AllocPage.settle
                k.policy.takeoff_end(m, k.task, None)
                if not m.pcp_list(k.cpu, zone).count and self._above_min(k, zone):
                    return self.call(k, Refill, AllocPage.refilled, zone=zone, atomic=self.atomic)
            return self._buddy(k, zone)
        return self._slow_path(k)

    def _slow_path(self, k: Kernel) -> Next:
        """__alloc_pages_direct_reclaim(): reclaim, try again, drain the pcp lists, try again; over
        and over for as long as reclaim frees anything. The kernel drains only after reclaim has
        freed something, as its shrinkers nearly always do; here it drains in any case.
        """
        waits = any(k.m.pcp_list(cpu, z).head for cpu in range(k.m.config.cpus) for z in k.m.zone)
        if self.atomic or not k.task:
            self.left = GIVES_UP
        if self.left == HAS_RECLAIMED:
            self.left = MAY_RECLAIM
            if waits:
                return self._drain_all(k)
        if self.left == MAY_RECLAIM:
            victim = victims.victim(k, self.only)
            if victim:
                isolate(k, k.current, victim)
                k.emit(ev.DIRECT_RECLAIM, k.cpu, victim.pfn)
                return self.call(k, k.direct_reclaim, AllocPage.reclaimed, direct=1)
            self.left = MAY_DRAIN
        if self.left == MAY_DRAIN and waits:
            self.left = GIVES_UP
            return self._drain_all(k)
        k.emit(ev.OOM, k.cpu, self.order)
        k.give(None)
        return DONE

    def _drain_all(self, k: Kernel) -> Next:
        k.emit(ev.DRAIN_ALL, k.cpu)
        return self.call(k, DrainAll, AllocPage.drained)

    @step("look whether a page was reclaimed", takes=CODE)
    def reclaimed(self, k: Kernel, freed: int) -> Next:
        """The zones are tried anew; where it was kept after all, nothing more is reclaimed, unless
        it is only that it was used lately (the next scan has a higher priority).
        """
        self.left = (MAY_DRAIN, HAS_RECLAIMED, MAY_RECLAIM)[freed]
        return self._again(k)

    @step("look at what was drained")
    def drained(self, k: Kernel) -> Next:
        """The zones are tried anew."""
        return self._again(k)

    def _again(self, k: Kernel) -> Next:
        self.tried, self.zone = 0, None
        return self._take(k)

    def _above_min(self, k: Kernel, zone: Zone) -> bool:
        return bool(self.atomic) or zone.free > k.m.config.watermark_min

    def _buddy(self, k: Kernel, zone: Zone) -> Next:
        """rmqueue_buddy(): a takeoff section of its own."""
        self.zone = zone
        k.policy.takeoff_start(k.m, k.task, zone, not self.atomic)
        frame = allocator.pick(k, zone, self.order) if self._above_min(k, zone) else None
        if not frame:
            k.policy.takeoff_end(k.m, k.task, zone)
            k.policy.takeoff_done(k.m, k.task, zone)
            self.tried += 1
            return AllocPage.take
        allocator.detach(k, frame, self.order)
        self.frame = frame
        return AllocPage.settle

    @step("look at the refilled list")
    def refilled(self, k: Kernel) -> Next:
        """After a refill the pcp list has pages, or buddy had none: then try the next zone."""
        if not k.m.pcp_list(k.cpu, k.m.zone[self.tried]).count:
            self.tried += 1
        return AllocPage.take

    @step("settle what the page owes")
    def settle(self, k: Kernel) -> Next:
        """luf_takeoff_end(): the deferred flush fires here, before the page can be touched."""
        frame = self.frame
        assert frame
        self.mask = k.policy.takeoff_end(k.m, k.task, self.zone)
        if not self.mask:
            if frame.mark and needless(k, self.zone):
                k.emit(ev.SAVED, k.cpu, frame.pfn, COVERED)
            return self._leave(k) if self.zone else self._hand_out(k)
        k.emit(ev.PAY, k.cpu, frame.pfn, self.mask, TAKEOFF)
        return self.call(k, Shootdown, AllocPage.paid, mask=self.mask, why=TAKEOFF)

    @step("settle the section")
    def paid(self, k: Kernel) -> Next:
        """Take the flushed CPUs out of the task's other batches too (OP-13)."""
        k.policy.takeoff_flushed(k.m, k.task, self.mask)
        return self._leave(k) if self.zone else self._hand_out(k)

    def _leave(self, k: Kernel) -> Next:
        """Tell of a generation that someone else is flushing, before waiting for it."""
        awaited = k.policy.takeoff_must_wait(k.m, k.task, self.zone)
        if awaited:
            k.emit(ev.WAIT, k.cpu, awaited)
        return AllocPage.wait

    def _generation_done(self, k: Kernel) -> bool:
        return generation_done(k, self.ctx, self.zone)

    @step("leave the section and hand the page out", when=_generation_done)
    def wait(self, k: Kernel) -> Next:
        """Someone else may be flushing for this block: wait until they have (OP-11)."""
        k.policy.takeoff_done(k.m, k.task, self.zone)
        return self._hand_out(k)

    def _hand_out(self, k: Kernel) -> Next:
        """prep_new_page(): the frame has an owner from here on."""
        assert self.frame
        hand_out(k, self.frame, self.order, self.use)
        k.give(self.frame)
        return DONE


def needless(k: Kernel, zone: Zone | None) -> bool:
    """Whether what a section's pages owed needs no flush any more, when it fires none itself: not
    so while another taker's is on its way.
    """
    return k.policy.has(guards.FLUSH_BEFORE_REUSE) and k.policy.takeoff_settled(k.m, k.task, zone)


def hand_out(k: Kernel, head: Frame, order: int, use: int) -> None:
    """Give frames to their new owner; what policies kept in them is gone."""
    for frame in k.m.block(head, order) if order else (head,):
        frame.state, frame.mark, frame.refs, frame.writer = use, 0, 0, -1
        frame.saved = frame.dirty = frame.lazyfree = frame.verdict = frame.pins = 0
    head.order = order
    k.emit(ev.ALLOC, k.cpu, head.pfn, order, use)


class Refill(Operation, name="rmqueue_bulk", function="rmqueue_bulk"):
    """Fill a pcp list from buddy: a takeoff section with the zone (OP-12)."""

    zone = Required[Zone]("zone")
    atomic = Local()
    count = Local()
    mask = Local(mask="cpu")

    def taken(self, m: Machine) -> Sequence[Frame]:
        """The pages at the end of the pcp list: nobody is given them before the lock is let go."""
        task = m.task_of(self.ctx)
        return self._newest(m, task.cpu) if task else ()

    def _newest(self, m: Machine, cpu: int) -> Sequence[Frame]:
        """What it has added to a CPU's list, the last first."""
        return list(lists.members(m.pcp_list(cpu, self.zone)))[::-1][: self.count]

    @step("take pages from buddy")
    def take(self, k: Kernel) -> Next:
        """One batch, appended to the pcp list's tail in the order received, marks cleared."""
        k.policy.takeoff_start(k.m, k.task, self.zone, not self.atomic)
        for _ in range(k.m.config.pcp_batch):
            frame = allocator.pick(k, self.zone, 0)
            if not frame:
                break
            allocator.detach(k, frame, 0)
            frame.verdict = int(frame.mark != 0)
            frame.state, frame.mark = FREE_PCP, 0
            lists.push_tail(k.m.pcp_list(k.cpu, self.zone), frame)
            self.count += 1
            k.emit(ev.REFILL, k.cpu, frame.pfn)
        return None

    @step("settle what they owe")
    def settle(self, k: Kernel) -> Next:
        """The section's end pays for every page taken."""
        self.mask = k.policy.takeoff_end(k.m, k.task, self.zone)
        for frame in self._newest(k.m, k.cpu):
            if frame.verdict and self.mask:
                k.emit(ev.PAY, k.cpu, frame.pfn, self.mask, TAKEOFF)
            elif frame.verdict and needless(k, self.zone):
                k.emit(ev.SAVED, k.cpu, frame.pfn, COVERED)
        if not self.mask:
            awaited = k.policy.takeoff_must_wait(k.m, k.task, self.zone)
            if awaited:
                k.emit(ev.WAIT, k.cpu, awaited)
            return Refill.wait
        return self.call(k, Shootdown, Refill.paid, mask=self.mask, why=TAKEOFF)

    @step("settle the section")
    def paid(self, k: Kernel) -> Next:
        """As in an allocation."""
        k.policy.takeoff_flushed(k.m, k.task, self.mask)
        return None

    def _generation_done(self, k: Kernel) -> bool:
        return generation_done(k, self.ctx, self.zone)

    @step("leave the section", when=_generation_done)
    def wait(self, k: Kernel) -> Next:
        """As in an allocation; from here on the pages owe nothing."""
        for frame in self._newest(k.m, k.cpu):
            frame.verdict = 0
        k.policy.takeoff_done(k.m, k.task, self.zone)
        return DONE


def refills(k: Kernel, cpu: int) -> bool:
    """Whether a CPU's pcp list is being refilled: pcp->lock is held and preemption is off until all
    that was taken from buddy is paid for, as in rmqueue_pcplist().
    """
    task = k.m.cpu[cpu].task
    return task is not None and k.runs_through(k.m.task_ctx(task), Refill)


def pcp_locked(k: Kernel, cpu: int) -> bool:
    """Whether whoever drains a CPU's pcp list has to wait for pcp->lock: rmqueue_pcplist() keeps it
    from the refill until it has taken a page off the list.
    """
    task = k.m.cpu[cpu].task
    act = k.top(k.m.task_ctx(task)) if task else None
    takes = isinstance(act, AllocPage) and act.pos in TAKES
    return refills(k, cpu) or (takes and any(k.m.pcp_list(cpu, zone).head for zone in k.m.zone))


TAKES = (AllocPage.take.number, AllocPage.refilled.number)


def no_cpu_refills(k: Kernel) -> bool:
    """Whether whoever drains the pcp lists of other CPUs gets each pcp->lock."""
    return not any(pcp_locked(k, cpu) for cpu in range(k.m.config.cpus))


class FreePage(Operation, name="free", function="free_unref_page"):
    """free_unref_page(): prepare a block and give it back, with or without a key (OP-5)."""

    frame = Required[Frame]("frame")
    order = Local()
    key = Local()

    def freeing(self, m: Machine) -> tuple[int, Sequence[Frame]]:
        """The page, until it is on a list."""
        return self.key, () if self.frame.where else (self.frame,)

    @step("prepare the page for being free")
    def prepare(self, k: Kernel) -> Next:
        """free_pages_prepare(): zero or poison it where the kernel is built so."""
        head = self.frame
        if folio.large(head):
            self.frame = head = folio.head(head)
            self.order = head.order
        if head.where:
            lists.unlink(head)
        k.emit(ev.FREE, k.cpu, head.pfn, self.order, self.key)
        config = k.m.config
        for frame in k.m.block(head, self.order) if self.order else (head,):
            frame.disown()
            if config.init_on_free:
                change_bytes(k, frame, 0, "zeroed on free")
            elif config.kasan or config.page_poison:
                change_bytes(k, frame, POISON, "poisoned on free")
        return None

    @step("put it on a free list")
    def release(self, k: Kernel) -> Next:
        """Order 0 goes to the pcp list; higher orders, and frees on no CPU, go to buddy."""
        frame = self.frame
        if self.order or k.cpu < 0:
            allocator.free_one(k, frame, self.order, 0)
            return DONE
        allocator.put_on_pcp(k, k.cpu, frame, k.policy.mark_for_pcp(k.m, self.key))
        if self.key:
            k.emit(ev.DEFER, k.cpu, frame.pfn, self.key, k.policy.key_mask(k.m, self.key))
        over = k.m.pcp_list(k.cpu, k.m.zone_of(frame)).count > k.m.config.pcp_high
        return None if over else DONE

    @step("drain what is over high")
    def drain(self, k: Kernel) -> Next:
        """free_pcppages_bulk(): a batch from the tail when the list is over its high mark."""
        zone = k.m.zone_of(self.frame)
        for _ in range(k.m.config.pcp_batch):
            allocator.drain_one(k, k.cpu, zone)
        return DONE


class Holding(Protocol):
    """An operation that holds references to the page it goes on with and to the one before it."""

    frame: Frame | None
    old: Frame | None


def put_held(act: Holding, k: Kernel, then: Step) -> Next:
    """folio_put() of the pages an operation holds; who finds itself the last frees the page and
    goes on at `then`. None when there is nothing left to free.
    """
    assert isinstance(act, Operation)
    while page := act.frame or act.old:
        if page is act.frame:
            act.frame = None
        else:
            act.old = None
        if page.locked is k.ctx:
            page.locked = None
        folio.free_swap_cache(page)
        if folio.put(page):
            return act.call(k, FreePage, then, frame=page)
    return None


def put_back_or_free(act: Operation, k: Kernel, frame: Frame, why: str, then: Step) -> Next:
    """folio_putback_lru() of a folio that may have been unmapped meanwhile: who puts it back had
    the last reference then, and frees it. Goes on at `then`.
    """
    put_back(k, frame, why)
    folio.free_swap_cache(frame)
    return then if folio.held(frame) else act.call(k, FreePage, then, frame=frame)


def change_bytes(k: Kernel, frame: Frame, content: int, why: str) -> None:
    """Change what a frame's bytes are, for a reason that is no CPU's store."""
    frame.content = content
    frame.writer = -1
    k.emit(ev.FILL_BYTES, k.cpu, frame.pfn, content, ev.REASON[why])


def unfreed(m: Machine, ctx: Context) -> Sequence[Frame]:
    """The folios of a task's private list whose flush is deferred."""
    return list(lists.members(m.task_list(m.task_of(ctx) or m.task[0], "luf")))


def on_its_lists(m: Machine, ctx: Context, present: Frame | None) -> Sequence[Frame]:
    """The folios that a task has unmapped so far: those of its private lists, and the one at
    hand.
    """
    task = m.task_of(ctx) or m.task[0]
    found = [one for name in ("plain", "luf") for one in lists.members(m.task_list(task, name))]
    if present and present.state in (ANON, FILE) and not present.where and present.refs == 0:
        ptes = pagetable.mappings(present)
        if not any(pte.kind == PRESENT for pte in ptes):
            found.append(present)
    return found


def next_free(k: Kernel, which: str) -> Frame | None:
    """The page to free next: the head of a task's private list. Its order is that of its block."""
    return k.m.task_list(k.task or k.m.task[0], which).head


class Drain(Operation, name="drain", function="drain_pages"):
    """drain_pages(): a CPU's pcp lists to buddy."""

    @step("move a page to buddy")
    def one(self, k: Kernel) -> Next:
        """The coldest first, zone by zone."""
        drained = any(allocator.drain_one(k, k.cpu, zone) for zone in k.m.zone)
        return Drain.one if drained else DONE


class DrainAll(Operation, name="drain all", function="drain_all_pages"):
    """drain_all_pages(): every CPU's pcp lists to buddy, before memory is offlined, compacted in
    earnest or given up as lacking. The caller drains the lists of other CPUs itself, under their
    pcp->lock, since Linux 6.1.
    """

    def _pcp_unlocked(self, k: Kernel) -> bool:
        return no_cpu_refills(k)

    @step("move a page to buddy", when=_pcp_unlocked)
    def one(self, k: Kernel) -> Next:
        """CPU by CPU, as drain_pages() does for each: the coldest first, zone by zone."""
        lists_of = ((cpu, zone) for cpu in range(k.m.config.cpus) for zone in k.m.zone)
        drained = any(allocator.drain_one(k, cpu, zone) for cpu, zone in lists_of)
        return DrainAll.one if drained else DONE


class DrainPage(Operation, name="drain a page"):
    """One page of a CPU's pcp lists goes to buddy, by whatever drains them from outside."""

    cpu = Local(of="cpu")

    @step("move a page to buddy")
    def one(self, k: Kernel) -> Next:
        """The coldest of the first zone that has any."""
        any(allocator.drain_one(k, self.cpu, zone) for zone in k.m.zone)
        return DONE


class KernelAlloc(Operation, name="kalloc", function="alloc_pages"):
    """A kernel allocation: slab, page cache, a buffer. Its bytes become the kernel's."""

    object = Required[KernelObject]("kobject")
    order = Local()
    content = MaybeNumber("content; none leaves the bytes")
    only = Reference[Zone]("zone")
    atomic = Local()

    @step("allocate")
    def alloc(self, k: Kernel) -> Next:
        """alloc_pages(); an atomic caller has interrupts off until it has its page."""
        if self.atomic and k.cpu >= 0:
            k.m.cpu[k.cpu].irqs_off = 1
        args = {"order": self.order, "only": self.only, "use": KERNEL, "atomic": self.atomic}
        return self.call(k, AllocPage, KernelAlloc.use, **args)

    @step("write to it", takes=FRAME)
    def use(self, k: Kernel, frame: Frame | None) -> Next:
        """The object's bytes are written over whatever the frames held."""
        if self.atomic and k.cpu >= 0:
            k.m.cpu[k.cpu].irqs_off = 0
        fill_object(k, self.object, frame, self.order, self.content)
        return DONE


def fill_object(
    k: Kernel, thing: KernelObject, head: Frame | None, order: int, content: int | None
) -> None:
    """A kernel object gets its block, if there is one, and its bytes; no `content` leaves what the
    frames held.
    """
    if not head:
        return
    thing.frame, thing.order = head, order
    if content is not None:
        for frame in k.m.block(head, order):
            change_bytes(k, frame, content, "written by the kernel")


class KernelFree(Operation, name="kfree", function="__free_pages"):
    """Free a kernel allocation."""

    object = Required[KernelObject]("kobject")

    @step("free the object")
    def free(self, k: Kernel) -> Next:
        """free_pages()."""
        frame, order = self.object.frame, self.object.order
        self.object.clear()
        if not frame:
            return DONE
        return self.jump(k, FreePage, frame=frame, order=order)


@starts(by_kernel.Alloc)
def _alloc(k: Kernel, op: Op, args: by_kernel.Alloc) -> Start:
    only = None if args.node < 0 else k.m.zone[args.node]
    what = {"object": k.m.kobject[args.object], "order": args.order, "only": only}
    return KernelAlloc, {**what, "content": bytes_of(args.content), "atomic": int(args.atomic)}


@starts(by_kernel.Free)
def _free(k: Kernel, op: Op, args: by_kernel.Free) -> Start:
    return KernelFree, {"object": k.m.kobject[args.object]}


@starts(by_kernel.DrainAll)
def _drain_all(k: Kernel, op: Op, args: by_kernel.DrainAll) -> Start:
    return DrainAll, {}


@starts(by_kernel.Drain)
def _drain(k: Kernel, op: Op, args: by_kernel.Drain) -> Start:
    return Drain, {}
