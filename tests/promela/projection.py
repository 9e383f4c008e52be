"""Which cells are which variable of the model."""

from __future__ import annotations

from luf_tui.engine.operations.fault import Fault
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.reclaim import Reclaim
from luf_tui.machine.schema import FREE_BUDDY, PRESENT
from luf_tui.oracle import truth
from tests.promela.client import Client
from tests.promela.machine import FIRST_CONTENT

IDLE, ALC, UPG, UNM = range(4)


class Projection:
    """The variables of `luf.pml`, one byte each, computed from the machine.

    | variable | in the machine |
    | --- | --- |
    | `pte[v]` | the PTE; 1 (in progress) if it is gone and the page not yet |
    | `tlb[c,v]` | the entry; RW is writable and dirty |
    | `used[f]` | the frame is not in buddy |
    | `own[f]` | the page whose versions the frame's content is one of |
    | `fresh[f]` | that content is what a fresh walk of the page gives |
    | `pend[f]` | what the policy says the frame owes |
    | `ph[c]` | what the CPU's task runs: a fault is ALC, a shootdown UPG, a reclaim UNM |
    | `wt[c]` | CPUs that have not acknowledged |
    | `av[c]`, `af[c]` | that operation's page and frame |
    | `pc[c]` | operations of a program that are done |
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.m = client.m

    def state(self) -> bytes:
        """The model's state."""
        m, client = self.m, self.client
        pages, cpus = client.pages, client.cpus
        found: list[int] = []
        for vpn in range(pages):
            pte = m.pte_at(0, vpn)
            present = 2 * pte.pfn + pte.writable
            found.append(present if pte.kind == PRESENT else int(client.busy(vpn)))
        for cpu in range(cpus):
            row = [0] * pages
            for entry in m.tlb_of(cpu):
                if entry.mm:
                    row[entry.vpn] = 2 * entry.pfn + (entry.writable & entry.dirty)
            found += row
        latest = [truth.fresh(m, 0, vpn).content for vpn in range(pages)]
        for pfn in range(m.config.frames):
            frame = m.frame[pfn]
            owner = (frame.content - FIRST_CONTENT) % pages if frame.content else -1
            found.append(int(frame.state != FREE_BUDDY))
            found.append(owner + 1)
            found.append(int(owner >= 0 and frame.content == latest[owner]))
            found.append(client.policy.owed(m, pfn))
        for cpu in range(cpus):
            found += self._waiting(cpu)
            if client.programs:
                found.append(m.ctx[m.task_ctx(cpu)].pc)
        return bytes(found)

    def _waiting(self, cpu: int) -> tuple[int, int, int, int]:
        """`ph[c]`, `wt[c]`, `av[c]`, `af[c]`."""
        m = self.m
        ctx = m.task_ctx(cpu)
        if not m.ctx[ctx].depth:
            return IDLE, 0, 0, 0
        bottom, waiting = self.client.k.view(ctx, 0), m.shootdown[cpu].waiting
        if isinstance(bottom, Fault):
            return ALC, waiting, bottom.vpn, m.regions["taker"][cpu].taken - 1
        if isinstance(bottom, Shootdown):
            return UPG, waiting, bottom.start, 0
        assert isinstance(bottom, Reclaim)
        pfn = bottom.pfn - 1
        return UNM, waiting, m.frame[pfn].file_page - 1, pfn
