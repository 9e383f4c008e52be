"""Which address space a task has, and which one each CPU has loaded.

No event says it. What tells: a CPU that receives a flush of an address space has it loaded, and so
has one that flushes itself for a page it unmaps. A switch to another address space prints a
`tlb_flush` of reason 0, a switch to a kernel thread prints none (enter_lazy_tlb()).
"""

from __future__ import annotations

from collections import Counter

from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag

_SWITCH, _LEFT_LAZY, _GAP = int(FactKind.SWITCH), int(FactKind.LEFT_LAZY), int(FactKind.GAP)


class Owners:
    """Collects evidence of tasks and their address spaces."""

    def __init__(self) -> None:
        self.user: set[int] = set()
        """Tasks known to run in user mode."""
        self._votes: dict[int, Counter[int]] = {}
        self._group: dict[int, int] = {}

    def vote(self, task: int, mm: int) -> None:
        """Something shows that `task` has address space `mm`."""
        self.user.add(task)
        votes = self._votes.get(task)
        if votes is None:
            votes = self._votes[task] = Counter()
        votes[mm] += 1

    def solve(self, tgids: list[int]) -> dict[int, int]:
        """The address space per task, where the evidence agrees on one; threads share theirs."""
        mm_of: dict[int, int] = {}
        groups: dict[int, Counter[int]] = {}
        for task, votes in self._votes.items():
            mm, count = votes.most_common(1)[0]
            if count * 4 >= votes.total() * 3:
                mm_of[task] = mm
                if tgids[task]:
                    groups.setdefault(tgids[task], Counter())[mm] += count
        for task, tgid in enumerate(tgids):
            if tgid in groups:
                mm_of.setdefault(task, groups[tgid].most_common(1)[0][0])
        return mm_of


class Loaded:
    """The address space each CPU has loaded, followed over the facts of a trace.

    On kernels before 6.13 these are exactly the bits of mm_cpumask; later ones clear them lazily.
    """

    OTHER = -1
    FOLLOWS = (_SWITCH, _LEFT_LAZY, _GAP)
    """Kinds of facts that change what a CPU has loaded."""

    def __init__(self) -> None:
        self._by_cpu: dict[int, int] = {}

    def follow(self, facts: Facts, at: int) -> None:
        """Take one fact into account."""
        kind = facts.kind[at]
        if kind == _SWITCH:
            if not facts.flags[at] & Flag.KERNEL:
                self._by_cpu[facts.cpu[at]] = facts.mm[at] or self.OTHER
        elif kind == _LEFT_LAZY:
            self._by_cpu.pop(facts.cpu[at], None)
        elif kind == _GAP:
            self._by_cpu.clear()

    def mask(self, mm: int) -> int:
        """The CPUs that have an address space loaded."""
        mask = 0
        for cpu, loaded in self._by_cpu.items():
            if loaded == mm:
                mask |= 1 << cpu
        return mask
