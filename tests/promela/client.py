"""The most general client: every CPU may begin anything at any time, for ever.

An action of the model is the micro-steps that one context makes until it waits for
acknowledgements or is idle. These are the operations that a CPU begins, and where the grouping
needs a word:

- **load**: the engine's access, if a translation is cached or a walk finds one. The walk and the
  read that follows it are one action.
- **store**: the access, if a cached entry or the PTE lets it.
- **fault**: an access that finds nothing mapped begins here with its fault, which brings the page
  in read-only, a store's too. One fault for each frame that is free. What comes after the fault is
  an action of its own.
- **upgrade**: a store to a page that is mapped read-only begins with what it must pay for: the
  shootdown that the policy asks for, then the fault. If the page changed while it waited, or owes
  again, the model forgets the store, which may come again as a new action; so the fault is left
  out then. (The engine's own fault would go on: pay again, or wait for the folio.)
- **reclaim**: of a mapped page. A CPU that reclaims a writable page first drops its own entry for
  it (the machine's eviction; the kernel would flush that address, or everything if it is behind).
- **go on**: whoever has all acknowledgements runs to its end.
- **deliver**: a CPU answers every IPI that waits for it.
- **evict**: any entry, at any time.

A fault is not begun for a page that is being reclaimed: the model has no waiting for folio locks.
"""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.engine import hardware
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Operation
from luf_tui.engine.operations.access import Access, Evict
from luf_tui.engine.operations.fault import WRITE_FAULT, Fault
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.reclaim import Reclaim
from luf_tui.engine.operations.unmap import isolate
from luf_tui.machine.schema import FREE_BUDDY, NONE, PRESENT, Context, Pte, Task, TlbEntry
from luf_tui.oracle.oracle import VIOLATION, Finding, Oracle
from tests.promela.machine import FIRST_CONTENT
from tests.promela.policy import ByTheModel

JUDGED = "ABD"
"""Rules about accesses. The model asserts nothing else; rule C speaks up earlier, when a frame
that is still cached gets its new owner."""

Action = tuple[str, int, int, int]
"""What, on which CPU, which virtual page, which frame; -1 where there is none."""
OF_A_PAGE = ("load", "store", "upgrade", "reclaim", "evict")
"""What a CPU does to one virtual page."""
Program = Sequence[tuple[str, int]]
"""A litmus program: (`read`, `write` or `unmap`, page)."""


class Client:
    """What can happen next, and making it happen.

    With `programs`, one a CPU, each CPU does what its program says and stops, as under -DPROG.
    """

    def __init__(self, k: Kernel, programs: Sequence[Program] = ()) -> None:
        self.k = k
        self.m = k.m
        policy = k.policy
        assert isinstance(policy, ByTheModel)
        self.policy = policy
        self.programs = programs
        self.oracle = Oracle(k.m)
        self.cpus, self.pages = k.m.config.cpus, k.m.config.pages
        self._first = 0
        self.findings: list[Finding] = []
        """What the oracle said about the last action."""

    # -- what can happen ------------------------------------------------------------------------

    def actions(self) -> list[Action]:
        """Every action that can begin now."""
        return [action for action in every_action(self) if self.can_make(action)]

    def can_make(self, action: Action) -> bool:
        """Whether an action can begin now."""
        what, cpu, vpn, pfn = action
        if what == "deliver":
            return self.k.can_deliver(cpu)
        if what == "evict":
            return self.entry(cpu, vpn) is not None
        ctx = self.m.task_ctx(self.m.task[cpu])
        if what == "go on":
            return bool(ctx.depth) and self.k.can_move(ctx)
        return not ctx.depth and self._may_begin(what, cpu, vpn, pfn)

    def _wants(self, cpu: int, vpn: int) -> tuple[bool, bool, bool]:
        """Whether a CPU may read, write, unmap a page as far as its program goes."""
        if not self.programs:
            return True, True, True
        program, at = self.programs[cpu], self.m.task_ctx(self.m.task[cpu]).pc
        if at >= len(program) or program[at][1] != vpn:
            return False, False, False
        what = program[at][0]
        return what == "read", what == "write", what == "unmap"

    def _may_begin(self, what: str, cpu: int, vpn: int, pfn: int) -> bool:
        reads, writes, unmaps = self._wants(cpu, vpn)
        if what == "load":
            return reads and (self.entry(cpu, vpn) is not None or self._mapped(vpn))
        if what == "store":
            return writes and self._may_store(cpu, vpn)
        if what == "upgrade":
            return writes and self._mapped(vpn) and not self.pte(vpn).writable
        if what == "reclaim":
            done = bool(self.programs) and not self.busy(vpn)
            return unmaps and (self._mapped(vpn) or done)
        assert what == "fault"
        free = self.m.frame[pfn].state == FREE_BUDDY
        return (reads or writes) and free and self._missing(cpu, vpn)

    def _mapped(self, vpn: int) -> bool:
        return self.pte(vpn).kind == PRESENT

    def _may_store(self, cpu: int, vpn: int) -> bool:
        if self.pte(vpn).writable:
            return True
        entry = self.entry(cpu, vpn)
        return entry is not None and bool(entry.writable and entry.dirty)

    def _missing(self, cpu: int, vpn: int) -> bool:
        return not self._mapped(vpn) and self.entry(cpu, vpn) is None and not self.busy(vpn)

    def pte(self, vpn: int) -> Pte:
        """A page's PTE, in the one address space there is."""
        return self.m.pte_at(self.m.mm[0], vpn)

    def entry(self, cpu: int, vpn: int) -> TlbEntry | None:
        """What a CPU has cached for a page."""
        return hardware.find(self.k, cpu, vpn)

    def busy(self, vpn: int) -> bool:
        """Whether a page is being reclaimed: its PTE is gone, the page still there."""
        return self.pte(vpn).kind == NONE and self.m.file_page[vpn].frame is not None

    # -- making it happen -------------------------------------------------------------------------

    def make(self, action: Action) -> None:
        """Make the micro-steps of one action."""
        what, cpu, vpn, pfn = action
        self.findings = []
        task = self.m.task[cpu]
        ctx = self.m.task_ctx(task)
        counts = bool(self.programs) and self._counts(ctx, what)
        if what == "deliver":
            self._deliver(cpu)
        elif what == "evict":
            self._evict(cpu, vpn)
        elif what == "go on":
            self._go_on(task)
        elif what == "upgrade":
            self._upgrade(task, vpn)
        elif what == "reclaim":
            self._reclaim(task, vpn)
        elif what == "fault":
            self.policy.bind(self.m, task, self.m.frame[pfn])
            self._begin(ctx, Fault, vpn=vpn)
        elif what == "load":
            self._begin(ctx, Access, vpn=vpn)
        else:
            self._begin(ctx, Access, vpn=vpn, store=1, content=self._new_version(vpn))
        if counts and not ctx.depth:
            ctx.pc += 1

    def _begin(self, ctx: Context, kind: type[Operation], **args: object) -> None:
        self.k.enter(ctx)
        self.k.push(ctx, kind, args)
        self._run(ctx)

    def _run(self, ctx: Context) -> None:
        """Move a context until it waits or is idle; the oracle looks at every micro-step."""
        self._first = len(self.m.events)
        self.k.run(ctx, self._judge)
        task = self.m.task_of(ctx)
        if task and not ctx.depth:
            self.policy.bind(self.m, task, None)

    def _judge(self, ctx: int, op: int, pos: int) -> None:
        events = self.m.events
        self.findings += [
            one
            for one in self.oracle.judge(self._first)
            if one.weight == VIOLATION and one.rule in JUDGED
        ]
        self._first = len(events)

    def _deliver(self, cpu: int) -> None:
        while self.k.can_deliver(cpu):
            self.k.step(self.m.contexts + cpu)
            self._run(self.m.irq_ctx(cpu))

    def _evict(self, cpu: int, vpn: int) -> None:
        self._begin(self.m.boot_ctx, Evict, cpu=cpu, mm=self.m.mm[0], vpn=vpn)

    def _reclaim(self, task: Task, vpn: int) -> None:
        pte = self.pte(vpn)
        if self.policy.refusal(self.m, pte) and self.entry(task.cpu, vpn):
            self._evict(task.cpu, vpn)
        if pte.frame:
            isolate(self.k, task, pte.frame)
        self._begin(self.m.task_ctx(task), Reclaim)

    def _upgrade(self, task: Task, vpn: int) -> None:
        ctx, mask = self.m.task_ctx(task), self._owes(task, vpn)
        if mask:
            args = {"start": vpn, "end": vpn + 1, "why": WRITE_FAULT}
            self._begin(ctx, Shootdown, mask=mask, **args)
        if not ctx.depth:
            self._store_fault(task, vpn)

    def _owes(self, task: Task, vpn: int) -> int:
        m = self.m
        return self.policy.fault_masks(m, task, m.mm[0], vpn, write=True, when="before")

    def _store_fault(self, task: Task, vpn: int) -> None:
        pte = self.pte(vpn)
        if pte.kind == PRESENT and not pte.writable and not self._owes(task, vpn):
            self._begin(self.m.task_ctx(task), Fault, vpn=vpn, store=1)

    def _go_on(self, task: Task) -> None:
        ctx = self.m.task_ctx(task)
        bottom = self.k.view(ctx, 0)
        vpn = bottom.start if isinstance(bottom, Shootdown) else -1
        self._run(ctx)
        if vpn >= 0:
            self._store_fault(task, vpn)

    def _counts(self, ctx: Context, what: str) -> bool:
        """Whether a program is one operation further when this action ends idle."""
        ends = what == "go on" and isinstance(self.k.view(ctx, 0), Reclaim)
        return ends or what in ("load", "store", "reclaim")

    def _new_version(self, vpn: int) -> int:
        """The content of a store: bytes that are nowhere yet."""
        m = self.m
        there = {frame.content for frame in m.frame} | {m.file_page[vpn].disk}
        code = FIRST_CONTENT + vpn
        while code in there:
            code += self.pages
        return code


def every_action(client: Client) -> list[Action]:
    """Every action there is, whether it can begin or not."""
    found: list[Action] = []
    for cpu in range(client.cpus):
        found += [("go on", cpu, -1, -1), ("deliver", cpu, -1, -1)]
        for vpn in range(client.pages):
            found += [(what, cpu, vpn, -1) for what in OF_A_PAGE]
            found += [("fault", cpu, vpn, pfn) for pfn in range(client.m.config.frames)]
    return found
