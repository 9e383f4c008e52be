"""INVLPGB, AMD's broadcast flush: for address spaces with one ASID on every CPU, and batches."""

from __future__ import annotations

from luf_tui.engine import global_asids, hardware
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Next, step
from luf_tui.engine.operations.flush import Shootdown, initiator
from luf_tui.machine.machine import Machine
from luf_tui.policy import guards
from luf_tui.policy.base import Policy


class Invlpgb(Shootdown, name="invlpgb", function="broadcast_tlb_flush"):
    """broadcast_tlb_flush() and arch_tlbbatch_flush(): the hardware tells every CPU, whatever it
    runs, lazily or not, and nobody is interrupted but who still uses an ASID of its own.
    """

    @property
    def sent(self) -> bool:
        """Once the invalidates are issued."""
        return self.pos != Invlpgb.issue.number

    def left(self, m: Machine, policy: Policy) -> int:
        """Every CPU of the mask may use what it has until TLBSYNC is over."""
        return self.named()

    @step("issue the invalidates")
    def issue(self, k: Kernel) -> Next:
        """invlpgb_flush_user_nr_nosync() of one ASID, or invlpgb_flush_all_nonglobals()."""
        self.number = k.policy.flush_number(k.m)
        if self.mm:
            self.mm.tlb_gen += 1
            self.gen = self.mm.tlb_gen
            self.mask = self.mm.cpumask
            if self.end - self.start > k.m.config.ceiling:
                self.start = self.end = 0
        global_asids.invlpgb(k, initiator(k.m, self.ctx), self.mm, self.start, self.end)
        if self.mm and k.m.global_asid[self.mm.index].transition:
            return None
        return Invlpgb.sync

    @step("look who still has an ASID of its own")
    def transition(self, k: Kernel) -> Next:
        """finish_asid_transition(): such a CPU has entries that INVLPGB of the new ASID does not
        reach. It is interrupted, and loads the new one; until there is none this is asked again.
        """
        assert self.mm
        if not k.policy.has(guards.FINISH_ASID_TRANSITION):
            return Invlpgb.sync
        if not global_asids.stragglers(k.m, self.mm):
            k.m.global_asid[self.mm.index].transition = 0
            return Invlpgb.sync
        me = initiator(k.m, self.ctx)
        if self.mask >> me & 1 and self._flushes_itself(k.m):
            args = (self.mm, self.start, self.end, self.gen)
            hardware.flush_tlb_func(k, me, *args, hardware.LOCAL)
        return None if self._targets(k) else Invlpgb.sync

    @step("send IPIs")
    def interrupt(self, k: Kernel) -> Next:
        """flush_tlb_multi()."""
        Shootdown.send.body(self, k)
        return None

    def _answered(self, k: Kernel) -> bool:
        return self._acknowledged(k)

    @step("wait for acknowledgements", when=_answered)
    def answered(self, k: Kernel) -> Next:
        """As in a shootdown."""
        k.m.shootdown[initiator(k.m, self.ctx)].clear()
        return None

    @step("wait until every CPU has done it")
    def sync(self, k: Kernel) -> Next:
        """TLBSYNC, on the CPU that issued: preemption is off until then."""
        if k.policy.has(guards.TLBSYNC):
            global_asids.tlbsync(k, initiator(k.m, self.ctx))
        return self._complete(k)
