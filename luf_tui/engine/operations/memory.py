"""Taking pages from the allocator and giving them back: the takeoff sections (OP-5 to OP-12)."""

from __future__ import annotations

from luf_tui.engine import allocator
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import TAKEOFF, Shootdown
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.schema import FREE_PCP, KERNEL
from luf_tui.policy import guards

POISON = 1
"""The content code of a poisoned page."""
COVERED = ev.REASON["all CPUs had flushed since"]


def generation_done(act: Operation, k: Kernel) -> bool:
    """No other taker's zone flush is still being waited for (O20)."""
    node: int = getattr(act, "node", 0) - 1
    return not k.policy.takeoff_must_wait(k.m, act.ctx - k.m.config.cpus, node)


class AllocPage(Operation, name="alloc"):
    """get_page_from_freelist() and prep_new_page(): hand out a block of 2^order frames.

    Gives the frame number plus one, or 0 when nothing can be had. Order 0 comes from the pcp
    list. `atomic` callers may neither wait nor send IPIs.
    """

    order = Local()
    only = Local("the one node allowed, plus one; 0 for any")
    use = Local("the state it is taken for")
    atomic = Local()
    node = Local("zone being tried, plus one; 0 while a pcp list is", ref="zone")
    zone = Local("next zone of the zonelist")
    pfn = Local(ref="frame")
    mask = Local(mask="cpu")

    @step("take a page off")
    def take(self, k: Kernel) -> Next:
        """rmqueue(): the zones in order of distance; pcp first for order 0."""
        m = k.m
        while self.zone < len(m.config.nodes):
            node = self.zone
            if self.only and self.only != node + 1:
                self.zone += 1
                continue
            if self.order == 0 and k.cpu >= 0:
                self.node = 0
                k.policy.takeoff_start(m, k.task, -1, not self.atomic)
                pfn = allocator.pick_pcp(k, k.cpu, node)
                if pfn >= 0:
                    allocator.take_from_pcp(k, pfn)
                    self.pfn = pfn + 1
                    return AllocPage.settle
                k.policy.takeoff_end(m, k.task, -1)
                if not m.lists[m.pcp_list(k.cpu, node)].count and self._above_min(k, node):
                    return self.call(
                        k, Refill, AllocPage.refilled, node=node + 1, atomic=self.atomic
                    )
            return self._buddy(k, node)
        k.emit(ev.OOM, k.cpu, self.order)
        k.give(0)
        return DONE

    def _above_min(self, k: Kernel, node: int) -> bool:
        return bool(self.atomic) or k.m.zone[node].free > k.m.config.watermark_min

    def _buddy(self, k: Kernel, node: int) -> Next:
        """rmqueue_buddy(): a takeoff section of its own."""
        self.node = node + 1
        k.policy.takeoff_start(k.m, k.task, node, not self.atomic)
        pfn = allocator.pick(k, node, self.order) if self._above_min(k, node) else -1
        if pfn < 0:
            k.policy.takeoff_end(k.m, k.task, node)
            k.policy.takeoff_done(k.m, k.task, node)
            self.zone += 1
            return AllocPage.take
        allocator.detach(k, pfn, self.order)
        self.pfn = pfn + 1
        return AllocPage.settle

    @step("look at the refilled list")
    def refilled(self, k: Kernel) -> Next:
        """After a refill the pcp list has pages, or buddy had none: then try the next zone."""
        if not k.m.lists[k.m.pcp_list(k.cpu, self.zone)].count:
            self.zone += 1
        return AllocPage.take

    @step("settle what the page owes")
    def settle(self, k: Kernel) -> Next:
        """luf_takeoff_end(): the deferred flush fires here, before the page can be touched."""
        self.mask = k.policy.takeoff_end(k.m, k.task, self.node - 1)
        if not self.mask:
            if k.m.frame[self.pfn - 1].mark and k.policy.has(guards.FLUSH_BEFORE_REUSE):
                k.emit(ev.SAVED, k.cpu, self.pfn - 1, COVERED)
            return self._leave(k) if self.node else self._hand_out(k)
        k.emit(ev.PAY, k.cpu, self.pfn - 1, self.mask, TAKEOFF)
        return self.call(k, Shootdown, AllocPage.paid, mask=self.mask, why=TAKEOFF)

    @step("settle the section")
    def paid(self, k: Kernel) -> Next:
        """Take the flushed CPUs out of the task's other batches too (OP-13)."""
        k.policy.takeoff_flushed(k.m, k.task, self.mask)
        return self._leave(k) if self.node else self._hand_out(k)

    def _leave(self, k: Kernel) -> Next:
        """Tell of a generation that someone else is flushing, before waiting for it."""
        awaited = k.policy.takeoff_must_wait(k.m, k.task, self.node - 1)
        if awaited:
            k.emit(ev.WAIT, k.cpu, awaited)
        return AllocPage.wait

    @step("leave the section and hand the page out", when=generation_done)
    def wait(self, k: Kernel) -> Next:
        """Someone else may be flushing for this block: wait until they have (OP-11)."""
        k.policy.takeoff_done(k.m, k.task, self.node - 1)
        return self._hand_out(k)

    def _hand_out(self, k: Kernel) -> Next:
        """prep_new_page(): the frame has an owner from here on."""
        hand_out(k, self.pfn - 1, self.order, self.use)
        k.give(self.pfn)
        return DONE


def hand_out(k: Kernel, pfn: int, order: int, use: int) -> None:
    """Give frames to their new owner; what policies kept in them is gone."""
    m = k.m
    for number in range(pfn, pfn + (1 << order)):
        frame = m.frame[number]
        frame.state, frame.mark, frame.refs = use, 0, 0
        frame.saved = frame.dirty = frame.lazyfree = frame.writer = frame.verdict = frame.pins = 0
    m.frame[pfn].order = order
    k.emit(ev.ALLOC, k.cpu, pfn, order, use)


class Refill(Operation, name="rmqueue_bulk"):
    """Fill a pcp list from buddy: a takeoff section with the zone (OP-12)."""

    node = Local(ref="zone")
    atomic = Local()
    count = Local()
    mask = Local(mask="cpu")

    @step("take pages from buddy")
    def take(self, k: Kernel) -> Next:
        """One batch, appended to the pcp list's tail in the order received, marks cleared."""
        node = self.node - 1
        k.policy.takeoff_start(k.m, k.task, node, not self.atomic)
        for _ in range(k.m.config.pcp_batch):
            pfn = allocator.pick(k, node, 0)
            if pfn < 0:
                break
            allocator.detach(k, pfn, 0)
            frame = k.m.frame[pfn]
            frame.verdict = int(frame.mark != 0)
            frame.state, frame.mark = FREE_PCP, 0
            lists.push_tail(k.m, k.m.pcp_list(k.cpu, node), pfn)
            self.count += 1
            k.emit(ev.REFILL, k.cpu, pfn)
        return None

    @step("settle what they owe")
    def settle(self, k: Kernel) -> Next:
        """The section's end pays for every page taken."""
        self.mask = k.policy.takeoff_end(k.m, k.task, self.node - 1)
        at = k.m.lists[k.m.pcp_list(k.cpu, self.node - 1)].tail
        for _ in range(self.count):
            frame = k.m.frame[at - 1]
            if frame.verdict and self.mask:
                k.emit(ev.PAY, k.cpu, at - 1, self.mask, TAKEOFF)
            elif frame.verdict and k.policy.has(guards.FLUSH_BEFORE_REUSE):
                k.emit(ev.SAVED, k.cpu, at - 1, COVERED)
            frame.verdict, at = 0, frame.prev
        if not self.mask:
            return Refill.wait
        return self.call(k, Shootdown, Refill.paid, mask=self.mask, why=TAKEOFF)

    @step("settle the section")
    def paid(self, k: Kernel) -> Next:
        """As in an allocation."""
        k.policy.takeoff_flushed(k.m, k.task, self.mask)
        return None

    @step("leave the section", when=generation_done)
    def wait(self, k: Kernel) -> Next:
        """As in an allocation."""
        k.policy.takeoff_done(k.m, k.task, self.node - 1)
        return DONE


class FreePage(Operation, name="free"):
    """free_unref_page(): prepare a block and give it back, with or without a key (OP-5)."""

    pfn = Local(ref="frame")
    order = Local()
    key = Local()
    cpu = Local("whose pcp list")

    @step("prepare the page for being free")
    def prepare(self, k: Kernel) -> Next:
        """free_pages_prepare(): zero or poison it where the kernel is built so."""
        m = k.m
        pfn = self.pfn - 1
        frame = m.frame[pfn]
        if frame.where:
            lists.unlink(m, pfn)
        k.emit(ev.FREE, k.cpu, pfn, self.order, self.key)
        config = m.config
        for number in range(pfn, pfn + (1 << self.order)):
            page = m.frame[number]
            page.disown()
            if config.init_on_free:
                change_bytes(k, number, 0, "zeroed on free")
            elif config.kasan or config.page_poison:
                change_bytes(k, number, POISON, "poisoned on free")
        return None

    @step("put it on a free list")
    def release(self, k: Kernel) -> Next:
        """Order 0 goes to the pcp list; higher orders, and frees on no CPU, go to buddy."""
        pfn = self.pfn - 1
        if self.order or k.cpu < 0:
            allocator.free_one(k, pfn, self.order, 0)
            return DONE
        allocator.put_on_pcp(k, k.cpu, pfn, k.policy.mark_for_pcp(k.m, self.key))
        if self.key:
            k.emit(ev.DEFER, k.cpu, pfn, self.key, k.policy.key_mask(k.m, self.key))
        node = k.m.node_of[pfn]
        over = k.m.lists[k.m.pcp_list(k.cpu, node)].count > k.m.config.pcp_high
        return None if over else DONE

    @step("drain what is over high")
    def drain(self, k: Kernel) -> Next:
        """free_pcppages_bulk(): a batch from the tail when the list is over its high mark."""
        node = k.m.node_of[self.pfn - 1]
        for _ in range(k.m.config.pcp_batch):
            allocator.drain_one(k, k.cpu, node)
        return DONE


def change_bytes(k: Kernel, pfn: int, content: int, why: str) -> None:
    """Change what a frame's bytes are, for a reason that is no CPU's store."""
    frame = k.m.frame[pfn]
    frame.content = content
    frame.writer = 0
    k.emit(ev.FILL_BYTES, k.cpu, pfn, content, ev.REASON[why])


def next_free(k: Kernel, which: str) -> dict[str, int]:
    """Arguments to free the head of a task's private list; empty when the list is."""
    head = k.m.lists[k.m.task_list(max(k.task, 0), which)].head
    return {"pfn": head, "order": k.m.frame[head - 1].order} if head else {}


class Drain(Operation, name="drain"):
    """drain_pages(): a CPU's pcp lists to buddy."""

    @step("move a page to buddy")
    def one(self, k: Kernel) -> Next:
        """The coldest first, zone by zone."""
        for node in range(len(k.m.config.nodes)):
            if allocator.drain_one(k, k.cpu, node) >= 0:
                return Drain.one
        return DONE


class DrainPage(Operation, name="drain a page"):
    """One page of a CPU's pcp lists goes to buddy, by whatever drains them from outside."""

    cpu = Local()

    @step("move a page to buddy")
    def one(self, k: Kernel) -> Next:
        """The coldest of the first zone that has any."""
        for node in range(len(k.m.config.nodes)):
            if allocator.drain_one(k, self.cpu, node) >= 0:
                break
        return DONE


class KernelAlloc(Operation, name="kalloc"):
    """A kernel allocation: slab, page cache, a buffer. Its bytes become the kernel's."""

    object = Local(ref="kobject")
    order = Local()
    content = Local("content plus one; 0 leaves the bytes")
    only = Local(ref="zone")
    atomic = Local()

    @step("allocate")
    def alloc(self, k: Kernel) -> Next:
        """alloc_pages(); an atomic caller has interrupts off until it has its page."""
        if self.atomic and k.cpu >= 0:
            k.m.cpu[k.cpu].irqs_off = 1
        args = {"order": self.order, "only": self.only, "use": KERNEL, "atomic": self.atomic}
        return self.call(k, AllocPage, KernelAlloc.use, **args)

    @step("write to it")
    def use(self, k: Kernel) -> Next:
        """The object's bytes are written over whatever the frames held."""
        pfn = k.result
        if self.atomic and k.cpu >= 0:
            k.m.cpu[k.cpu].irqs_off = 0
        fill_object(k, self.object - 1, pfn, self.order, self.content)
        return DONE


def fill_object(k: Kernel, number: int, pfn: int, order: int, content: int) -> None:
    """A kernel object gets its block (`pfn` plus one, 0 is none) and its bytes (`content` plus
    one, 0 leaves what the frames held).
    """
    if not pfn:
        return
    thing = k.m.kobject[number]
    thing.frame, thing.order = pfn, order
    if content:
        for page in range(pfn - 1, pfn - 1 + (1 << order)):
            change_bytes(k, page, content - 1, "written by the kernel")


class KernelFree(Operation, name="kfree"):
    """Free a kernel allocation."""

    object = Local(ref="kobject")

    @step("free the object")
    def free(self, k: Kernel) -> Next:
        """free_pages()."""
        thing = k.m.kobject[self.object - 1]
        pfn, order = thing.frame, thing.order
        thing.clear()
        if not pfn:
            return DONE
        return self.jump(k, FreePage, pfn=pfn, order=order)
