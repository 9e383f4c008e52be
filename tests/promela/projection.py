"""Which cells are which variable of the model."""

from __future__ import annotations

from itertools import chain

from attrs import frozen

from luf_tui.engine.operations.fault import Fault
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.reclaim import Reclaim
from luf_tui.machine.schema import FREE_BUDDY, PRESENT, Frame
from luf_tui.oracle import truth
from tests.promela.client import Client
from tests.promela.machine import FIRST_CONTENT

IDLE, ALC, UPG, UNM = range(4)


@frozen
class Variables:
    """The variables of `luf.pml`, frames numbered from 1 and 0 for none.

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

    pte: list[int]
    tlb: list[int]
    frames: list[tuple[int, int, int, int]]
    """`used`, `own`, `fresh`, `pend`."""
    cpus: list[tuple[int, int, int, int]]
    """`ph`, `wt`, `av`, `pc`."""
    af: list[int]

    def packed(self) -> bytes:
        """A byte each."""
        rows = chain.from_iterable((*self.frames, *self.cpus))
        return bytes([*self.pte, *self.tlb, *rows, *self.af])


def project(client: Client) -> Variables:
    """The model's variables in the machine's present state."""
    m, pages = client.m, client.pages
    pte = []
    for vpn in range(pages):
        entry = client.pte(vpn)
        present = entry.kind == PRESENT
        pte.append(2 * _number(entry.frame) + entry.writable if present else int(client.busy(vpn)))
    tlb = [0] * (client.cpus * pages)
    for cached in m.tlb:
        if cached.mm:
            at = cached.index // pages * pages + cached.vpn
            tlb[at] = 2 * _number(cached.frame) + (cached.writable & cached.dirty)
    waiting = [_waiting(client, cpu) for cpu in range(client.cpus)]
    return Variables(pte, tlb, _frames(client), [w[:4] for w in waiting], [w[4] for w in waiting])


def _number(frame: Frame | None) -> int:
    """The model's number of a frame."""
    return frame.pfn + 1 if frame else 0


def _frames(client: Client) -> list[tuple[int, int, int, int]]:
    m, pages = client.m, client.pages
    latest = [truth.fresh(m, m.mm[0], vpn).content for vpn in range(pages)]
    found = []
    for frame in m.frame[: m.config.frames]:
        content, used = frame.content, int(frame.state != FREE_BUDDY)
        owner = (content - FIRST_CONTENT) % pages
        own, fresh = (owner + 1, int(content == latest[owner])) if content else (0, 0)
        found.append((used, own, fresh, client.policy.owed(m, frame)))
    return found


def _waiting(client: Client, cpu: int) -> tuple[int, int, int, int, int]:
    """`ph[c]`, `wt[c]`, `av[c]`, `pc[c]` and `af[c]`."""
    m = client.m
    task = m.task[cpu]
    ctx = m.task_ctx(task)
    if not ctx.depth:
        return IDLE, 0, 0, ctx.pc, 0
    bottom, waiting = client.k.view(ctx, 0), m.shootdown[cpu].waiting
    if isinstance(bottom, Fault):
        return ALC, waiting, bottom.vpn, ctx.pc, _number(client.policy.taker(m, task).taken)
    if isinstance(bottom, Shootdown):
        return UPG, waiting, bottom.start, ctx.pc, 0
    assert isinstance(bottom, Reclaim)
    assert bottom.frame
    assert bottom.frame.file_page
    return UNM, waiting, bottom.frame.file_page.index, ctx.pc, _number(bottom.frame)
