"""LATR (Kumar et al., ASPLOS 2018): no IPIs; a CPU catches up when it next switches context.

Play any scenario under it with `--policy latr.py:Latr`; the oracle judges it like any other.

As in LUF the unmap is noted and the page is freed with a mark. Unlike in LUF nobody ever pays to
take the page: it waits on the free lists, unavailable, until each CPU that may still have it
cached has caught up with the `tlb_gen` of what it runs. LATR's CPUs do that at a context switch
or at a tick. The machine has no tick, so only a switch, or a flush for something else, ends the
wait: what LATR saves in interrupts it costs in memory that is free and cannot be had.

Faults that make a PTE writable, write(), truncate and munmap flush as under `luf`. LATR as
published covers munmap, madvise and NUMA migration only, and asks programs not to look.
"""

from luf_tui.machine.machine import Machine
from luf_tui.policy.luf import Luf


class Latr(Luf):
    """`luf`, but a page with a debt is refused instead of paid for."""

    NAME = "latr"
    SUMMARY = "LATR: a CPU catches up when it next switches context; pages wait until then"

    def behind(self, m: Machine) -> int:
        """CPUs whose TLB is older than the page tables they run on."""
        mask = 0
        for cpu in m.cpu:
            if cpu.loaded_mm and not cpu.lazy:  # a lazy CPU looks at tlb_gen before it goes on
                slot = m.asids_of(cpu.index)[cpu.asid]
                if slot.gen != m.mm[cpu.loaded_mm - 1].tlb_gen:
                    mask |= 1 << cpu.index
        return mask

    def diet(self, m: Machine, mask: int, ugen: int) -> int:
        """A CPU that has caught up owes nothing, whatever made it."""
        return super().diet(m, mask, ugen) & self.behind(m)

    def take_pcp(self, m: Machine, task: int, pfn: int) -> bool:
        """Asked for each free page before it is handed out: refuse while anybody is behind."""
        return not self.owed(m, pfn)

    def take_buddy(self, m: Machine, task: int, node: int, pfn: int) -> bool:
        """The same for a buddy block."""
        return not self.owed(m, pfn)
