"""Whose an address space is, by whether others were asked when something was unmapped from it.

Of a kernel that asks others for an unmap, one of them has the address space loaded, lazily or not;
of one that asks nobody, none has. What nobody's faults and answers tell is told by that: the tasks
that were loaded elsewhere whenever others were asked, and never when they were not.
"""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.meaning.owners import ANSWERED, Owners, before

_SWITCH, _LEFT_LAZY, _GAP = int(FactKind.SWITCH), int(FactKind.LEFT_LAZY), int(FactKind.GAP)
_UNMAP = int(FactKind.UNMAP)
_ENDS = frozenset(map(int, (FactKind.SENT, FactKind.LOCAL, FactKind.REMAP, FactKind.FREE)))
_ASKED, _UNTOLD = int(Flag.SENT | Flag.ASKED), int(Flag.DOUBT | Flag.HIDDEN)
_CERTAIN = int(Flag.CONFIRMED | Flag.SENT | Flag.LOCAL)
_TIMES = 3
"""Batches that have to be explained by a task, or to speak against one."""
_ROUNDS = 16


@define
class Told:
    """Per address space and group of tasks, in batches of unmaps."""

    explains: Counter[tuple[int, int]] = field(factory=Counter)
    """Others were asked, nobody who is known to have it was loaded, and this group was."""
    supports: Counter[tuple[int, int]] = field(factory=Counter)
    """Others were asked, and the group was loaded elsewhere."""
    against: Counter[tuple[int, int]] = field(factory=Counter)
    """Nobody was asked though the group was loaded elsewhere."""


def explain(facts: Facts, owners: Owners, threads: dict[int, tuple[int, int]]) -> dict[int, int]:
    """The address space per task, once what was asked for is explained as far as it can be."""
    mm_of = owners.solve(threads)
    tried: set[tuple[int, int]] = set()
    for _ in range(_ROUNDS):
        open_ones = _not_explained(facts, owners.user, mm_of)
        if not open_ones:
            break
        told = _tell(facts, owners, mm_of, open_ones)
        wrong = [
            (mm, group)
            for (mm, group), times in told.against.items()
            if times >= _TIMES and times > told.supports[mm, group] and mm_of.get(group) == mm
        ]
        for mm, group in sorted(wrong):
            owners.exclude(group, mm)
        found = [] if wrong else _found(told, mm_of, tried)
        for mm, group, times in found:
            # Where other evidence is against it, it stays without.
            tried.add((mm, group))
            owners.vote(group, mm, times * ANSWERED)
            owners.explained.add(group)
        if not wrong and not found:
            break
        mm_of = owners.solve(threads)
    return mm_of


def _found(
    told: Told, mm_of: dict[int, int], tried: set[tuple[int, int]]
) -> list[tuple[int, int, int]]:
    """The group that explains most of what is not explained, and of which address space."""
    best = (0, 0, 0)
    for (mm, group), times in sorted(told.explains.items()):
        free = group not in mm_of and times >= _TIMES and (mm, group) not in tried
        if free and times > best[2] and told.against[mm, group] * 10 <= times:
            best = (mm, group, times)
    return [best] if best[2] else []


def _not_explained(facts: Facts, user: set[int], mm_of: dict[int, int]) -> set[int]:
    """Address spaces of which others were asked, or not, several times otherwise than those who
    are known to have them explain.
    """
    wrong: Counter[int] = Counter()
    here = {cpu: mm_of.get(before(cpu), 0) for cpu in range(max(facts.cpu, default=0) + 1)}
    masks: Counter[int] = Counter()
    for cpu, mm in here.items():
        masks[mm] |= 1 << cpu
    kinds, flags, cpus, tasks, mms = facts.kind, facts.flags, facts.cpu, facts.task, facts.mm
    for at in facts.of(_SWITCH, _LEFT_LAZY, _GAP, _UNMAP):
        kind, cpu = kinds[at], cpus[at]
        if kind == _UNMAP:
            told_of, mm = flags[at], mms[at]
            if told_of & _CERTAIN and not told_of & _UNTOLD and mm:
                wrong[mm] += bool(told_of & _ASKED) != bool(masks[mm] & ~(1 << cpu))
        elif kind == _GAP:
            here.clear()
            masks.clear()
        else:
            if kind == _SWITCH and tasks[at] not in user:
                continue
            mm = mm_of.get(tasks[at], 0) if kind == _SWITCH else 0
            masks[here.get(cpu, 0)] &= ~(1 << cpu)
            here[cpu] = mm
            masks[mm] |= 1 << cpu
    return {mm for mm, times in wrong.items() if times >= _TIMES}


def _tell(facts: Facts, owners: Owners, mm_of: dict[int, int], open_ones: set[int]) -> Told:
    """One pass over the switches of a recording and the unmaps of some address spaces."""
    told = Told()
    loaded = {cpu: before(cpu) for cpu in range(max(facts.cpu, default=0) + 1)}
    last: dict[int, tuple[int, bool]] = {}
    kinds, flags, cpus, tasks, mms = facts.kind, facts.flags, facts.cpu, facts.task, facts.mm
    user = owners.user
    for at in facts.of(_SWITCH, _LEFT_LAZY, _GAP, _UNMAP, *_ENDS):
        kind = kinds[at]
        if kind == _SWITCH:
            if tasks[at] in user:
                loaded[cpus[at]] = tasks[at]
        elif kind == _UNMAP:
            told_of = flags[at]
            if not told_of & _CERTAIN or told_of & _UNTOLD or mms[at] not in open_ones:
                continue
            asked, mm = bool(told_of & _ASKED), mms[at]
            if last.get(tasks[at]) == (mm, asked):
                continue
            last[tasks[at]] = mm, asked
            here = cpus[at]
            elsewhere = {owners.group(task) for cpu, task in loaded.items() if cpu != here}
            _count(told, mm, elsewhere, mm_of, asked=asked)
        elif kind in _ENDS:
            last.pop(tasks[at], None)
        elif kind == _LEFT_LAZY:
            loaded.pop(cpus[at], None)
        elif kind == _GAP:
            loaded.clear()
            last.clear()
    return told


def _count(told: Told, mm: int, elsewhere: set[int], mm_of: dict[int, int], *, asked: bool) -> None:
    if not asked:
        told.against.update((mm, group) for group in elsewhere)
        return
    told.supports.update((mm, group) for group in elsewhere)
    if not any(mm_of.get(group) == mm for group in elsewhere):
        told.explains.update((mm, group) for group in elsewhere)
