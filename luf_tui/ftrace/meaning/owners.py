"""Which address space a task has, and which one each CPU has loaded.

Where the probe `switch_mm` says it, it is known. Else it is inferred from what only its owner does:
to fault on a page that is unmapped from it and from no other; to answer a flush that is for it
alone; to flush itself for it. Which tasks share one is told by switches between them: to load
another address space prints a `tlb_flush` of reason 0, and to keep the loaded one prints none. A
switch to a kernel thread prints none either (enter_lazy_tlb()).
"""

from __future__ import annotations

from collections import Counter

from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.meaning.lives import IDLE

_SWITCH, _LEFT_LAZY, _GAP = int(FactKind.SWITCH), int(FactKind.LEFT_LAZY), int(FactKind.GAP)
KNOWN, CERTAIN, FAULTED, ANSWERED = 1000, 4, 2, 1
"""Weights of a vote: a probe says it; no other task could have done it; the task faulted where only
one address space had a page; it answered the flush of a batch, whose mask is as old as its unmaps.
"""
_ENOUGH = 3
"""Weight that an address space is given for."""
_SHARE = 0.75
_MEETINGS = 2
"""Switches from one task to another without a load, for them to share an address space."""


def before(cpu: int) -> int:
    """What stands for a task that a CPU ran before the recording began, of which only the address
    space is left there.
    """
    return -1 - cpu


class Owners:
    """Collects evidence of tasks and their address spaces."""

    def __init__(self) -> None:
        self._root: dict[int, int] = {}
        self._excluded: set[tuple[int, int]] = set()
        self.user: set[int] = set()
        """Tasks known to run in user mode."""
        self.explained: set[int] = set()
        """Tasks, each for those that it shares with, that nothing but when others are asked tells
        of."""
        self._votes: dict[int, Counter[int]] = {}
        self._alike: Counter[tuple[int, int]] = Counter()
        self._unlike: Counter[tuple[int, int]] = Counter()

    def vote(self, task: int, mm: int, weight: int = ANSWERED) -> None:
        """Something shows that `task` has address space `mm`; a kernel thread has none."""
        votes = self._votes.get(task)
        if votes is None:
            votes = self._votes[task] = Counter()
        votes[mm] += weight

    def met(self, one: int, other: int, *, alike: bool) -> None:
        """A CPU went from one task to another, keeping what it had loaded (`alike`) or not."""
        if one != other:
            pair = (one, other) if one < other else (other, one)
            (self._alike if alike else self._unlike)[pair] += 1

    def group(self, task: int) -> int:
        """The task that stands for those that share an address space with this one, as solved."""
        return _find(self._root, task) if task in self._root else task

    def exclude(self, task: int, mm: int) -> None:
        """A group of tasks, by the one that stands for it, does not have an address space."""
        self._excluded |= {(one, mm) for one in self._root if _find(self._root, one) == task}

    def solve(self, threads: dict[int, tuple[int, int]]) -> dict[int, int]:
        """The address space per task, where the evidence agrees on one. `threads` is the thread
        group per task, where the recording says it: threads share theirs.
        """
        root = self._root = self._sharing(threads)
        votes: dict[int, Counter[int]] = {}
        for task, own in self._votes.items():
            if task in root:
                allowed = {
                    mm: times for mm, times in own.items() if (task, mm) not in self._excluded
                }
                votes.setdefault(_find(root, task), Counter()).update(allowed)
        chosen: dict[int, tuple[int, int]] = {}
        for group, found in votes.items():
            mm, weight = min(found.items(), key=lambda pair: (-pair[1], pair[0]), default=(0, 0))
            if weight >= _ENOUGH and weight >= _SHARE * found.total():
                chosen[group] = (mm, weight)
        self._part(root, chosen)
        groups = ((task, _find(root, task)) for task in sorted(root))
        return {task: chosen[group][0] for task, group in groups if chosen.get(group, (0, 0))[0]}

    def _sharing(self, threads: dict[int, tuple[int, int]]) -> dict[int, int]:
        """Tasks that share an address space, as a forest: the next one up per task."""
        root = {task: task for task in self.user if task != IDLE}
        met = {task for pair in (*self._alike, *self._unlike) for task in pair}
        root |= {task: task for task in met | set(self._votes) if task < 0}
        first: dict[tuple[int, int], int] = {}
        for task, group in sorted(threads.items()):
            if task in root:
                _unite(root, first.setdefault(group, task), task)
        for (one, other), times in sorted(self._alike.items()):
            # Threads of another process are nobody's, whatever a switch seemed to say.
            told = one in threads and other in threads
            # What a CPU had loaded from before is met once.
            enough = times >= _MEETINGS or one < 0
            often = enough and times > _MEETINGS * self._unlike[one, other]
            if one in root and other in root and often and not told:
                _unite(root, one, other)
        return root

    def _part(self, root: dict[int, int], chosen: dict[int, tuple[int, int]]) -> None:
        """Of two groups that one address space was given to, and whose tasks do not share one,
        the one with less evidence has another: a fork shares its parent's addresses.
        """
        against: Counter[tuple[int, int]] = Counter()
        for (one, other), times in self._unlike.items():
            if one in root and other in root:
                groups = _find(root, one), _find(root, other)
                against[min(groups), max(groups)] += times
        for (one, other), times in sorted(against.items()):
            if one == other or times < _MEETINGS or one not in chosen or other not in chosen:
                continue
            if chosen[one][0] == chosen[other][0]:
                del chosen[min(one, other, key=lambda group: (chosen[group][1], group))]


def _find(root: dict[int, int], task: int) -> int:
    while (up := root[task]) != task:
        root[task] = root[up]
        task = up
    return task


def _unite(root: dict[int, int], one: int, other: int) -> None:
    one, other = _find(root, one), _find(root, other)
    root[min(one, other)] = max(one, other)


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
