"""Who may do the same in a forever block: CPUs with their tasks, and pages with those of files.

A permutation is looked for that takes the lines onto themselves and leaves alone what is fixed: on
which CPU a task is at home, in which address space, and where pages of files are mapped. That is a
guess: what a line leads to may still depend on who is first, and a search that finds out so does
without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import permutations, product
from typing import Any, TypeAlias

from attrs import evolve, fields, frozen

from luf_tui.engine.transitions import Transitions, Turn
from luf_tui.machine.machine import Machine
from luf_tui.script.program import Op
from luf_tui.script.values import FRESH, Block, FileRange, Pages, Target
from luf_tui.search.rows.names.permuted import (
    Moved,
    Order,
    Permutation,
    contexts_of,
    unchanged,
)

MOST = 24
"""Permutations that are looked at together."""
MOST_CPUS = 6
"""CPUs of a machine on which any are looked for."""
CPUS, PAGES = "CPUs", "pages"
"""What a part of a group permutes."""
Key: TypeAlias = tuple[object, ...]
"""What a line does, without the bytes that it stores."""


@frozen
class Part:
    """Things of one kind that may change places, whatever the others do."""

    what: str
    names: tuple[str, ...]
    """What a person calls them."""
    elements: tuple[Permutation, ...]
    """All the ways, the one first that changes nothing."""


@frozen
class Element:
    """One permutation of a group, and what becomes of turns and contexts under it."""

    moved: Moved
    parts: tuple[int, ...]
    """The numbers of the parts of the group that it changes."""
    turns: Mapping[Turn, Turn]
    contexts: Order


class Group:
    """The permutations of the parts of a machine, all at once; the first one changes nothing."""

    def __init__(self, transitions: Transitions, without: Collection[int] = ()) -> None:
        """`without` are the numbers of parts that keep their places."""
        self.machine = transitions.machine
        found = [*enumerate(parts_of(transitions))]
        self.numbers = [number for number, _ in found if number not in without]
        """Of its parts, among all that were found."""
        self.parts = parts = [part for number, part in found if number not in without]
        self.elements: list[Element] = []
        for chosen in product(*(range(len(part.elements)) for part in parts)):
            whole = _nothing(transitions.machine)
            for part, number in zip(parts, chosen, strict=True):
                whole = whole.then(part.elements[number])
            turns = _turns(transitions, whole)
            assert turns is not None
            changed = tuple(at for at, number in enumerate(chosen) if number)
            contexts = contexts_of(transitions.machine, whole)
            element = Element(Moved(transitions.machine, whole), changed, turns, contexts)
            self.elements.append(element)
        self.elements.sort(key=lambda one: len(one.parts))


def parts_of(transitions: Transitions) -> list[Part]:
    """The parts of the largest group that is looked at."""
    found: list[Part] = []
    wholes = [_nothing(transitions.machine)]
    if not transitions.race.forever:
        return found
    for part in (*_cpus(transitions), *_pages(transitions)):
        more = [one.then(other) for one in wholes for other in part.elements]
        if len(part.elements) > 1 and len(more) <= MOST and _closed(more):
            found.append(part)
            wholes = more
    return found


def _nothing(m: Machine) -> Permutation:
    config = m.config
    counts = len(config.tasks), config.pages, config.file_pages, len(config.contents)
    return Permutation(unchanged(config.cpus), *(unchanged(count) for count in counts))


# -- CPUs -----------------------------------------------------------------------------------------


def _cpus(transitions: Transitions) -> Iterator[Part]:
    """CPUs, each with the tasks at home on it."""
    m = transitions.machine
    tasks = m.config.tasks
    busy = [task for number, task in enumerate(tasks) if m.config.cpus + number in transitions.ops]
    movable = sorted({task.cpu for task in busy})
    if not 1 < len(movable) <= m.config.cpus <= MOST_CPUS:
        return
    for fixed in range(len(movable) - 1):
        found = [_nothing(m)]
        for new in permutations(movable[: len(movable) - fixed]):
            order = [*unchanged(m.config.cpus)]
            for old, cpu in zip(movable, new, strict=False):
                order[old] = cpu
            moved = _with_tasks(m, tuple(order))
            whole = moved and _with_contents(transitions, moved)
            if whole and whole not in found:
                found.append(whole)
        if len(found) <= MOST and _closed(found):
            names = [f"cpu{cpu}" for cpu in movable if any(one.cpus[cpu] != cpu for one in found)]
            yield Part(CPUS, tuple(names), tuple(found))
            return


def _with_tasks(m: Machine, cpus: Order) -> Permutation | None:
    """What becomes of tasks when CPUs change places: each goes to the one in the same place there,
    among those of its address space.
    """
    homes: dict[tuple[int, int], list[int]] = {}
    for number, task in enumerate(m.config.tasks):
        homes.setdefault((task.mm, task.cpu), []).append(number)
    order = [*unchanged(len(m.config.tasks))]
    for (mm, cpu), olds in homes.items():
        news = homes.get((mm, cpus[cpu]), []) if 0 <= cpu < len(cpus) else olds
        if len(olds) != len(news):
            return None
        for old, new in zip(olds, news, strict=True):
            order[old] = new
    return evolve(_nothing(m), cpus=cpus, tasks=tuple(order))


# -- pages ----------------------------------------------------------------------------------------


def _pages(transitions: Transitions) -> Iterator[Part]:
    """Pages that have their region's name in common, with those of the files behind them. None
    where large entries map several at once.
    """
    if transitions.machine.config.huge_pages:
        return
    m, taken = transitions.machine, set[int]()
    for mm, process in enumerate(m.config.processes):
        regions: dict[str, list[int]] = {}
        for vpn, name in enumerate(process.pages):
            if name:
                regions.setdefault(name.partition(".")[0], []).append(vpn)
        for vpns in regions.values():
            if taken.isdisjoint(vpns):
                part = _alike(transitions, mm, vpns)
                if part is not None:
                    moved = {vpn for one in part.elements for vpn in _moved(one.pages)}
                    if taken.isdisjoint(moved):
                        taken |= moved
                        yield part


def _moved(order: Order) -> set[int]:
    return {old for old, new in enumerate(order) if old != new}


def _alike(transitions: Transitions, mm: int, vpns: Sequence[int]) -> Part | None:
    """The permutations of those of some pages that may change places with the first of them that
    may with any.
    """
    m = transitions.machine
    for first in range(len(vpns) - 1):
        swaps = []
        names = [m.config.page_name(mm, vpns[first])]
        for other in vpns[first + 1 :]:
            swapped = _swapped(m, vpns[first], other)
            whole = swapped and _with_contents(transitions, swapped)
            if whole:
                swaps.append(whole)
                names.append(m.config.page_name(mm, other))
        found = [_nothing(m)]
        for one in found:
            if len(found) > MOST:
                break
            found += [after for swap in swaps if (after := one.then(swap)) not in found]
        if 1 < len(found) <= MOST and all(_turns(transitions, one) for one in found):
            process = m.config.processes[mm].name
            return Part(PAGES, tuple(f"{process}.{name}" for name in names), tuple(found))
    return None


def _swapped(m: Machine, one: int, other: int) -> Permutation | None:
    """Two pages in each other's place, with the pages of files behind them, and whatever else these
    are mapped at.
    """
    pages, files = [*unchanged(m.config.pages)], [*unchanged(m.config.file_pages)]
    left = [(one, other)]
    while left:
        a, b = left.pop()
        if pages[a] == b and pages[b] == a:
            continue
        if pages[a] != a or pages[b] != b:
            return None
        pages[a], pages[b] = b, a
        for process in range(len(m.mm)):
            behind = [m.vma_at(m.mm[process], vpn).file_page for vpn in (a, b)]
            if behind[0] is None or behind[1] is None:
                continue
            first, second = (page.index for page in behind if page)
            if first == second:
                continue
            if files[first] not in (first, second) or files[second] not in (first, second):
                return None
            files[first], files[second] = second, first
            for elsewhere in range(len(m.mm)):
                at = [_mapped_at(m, elsewhere, page) for page in (first, second)]
                if all(len(vpns) == 1 for vpns in at):
                    left.append((at[0][0], at[1][0]))
    codes = [*unchanged(len(m.config.contents))]
    for page, to in enumerate(files):
        old, new = (m.initial_file_content(number) for number in (page, to))
        if max(old, new) < len(codes):
            codes[old] = new
    tasks = unchanged(len(m.config.tasks))
    cpus = unchanged(m.config.cpus)
    return Permutation(cpus, tasks, tuple(pages), tuple(files), tuple(codes))


def _mapped_at(m: Machine, mm: int, page: int) -> list[int]:
    vpns = range(m.config.pages)
    behind = [m.vma_at(m.mm[mm], vpn).file_page for vpn in vpns]
    return [vpn for vpn in vpns if (found := behind[vpn]) and found.index == page]


# -- lines ----------------------------------------------------------------------------------------


def _turns(transitions: Transitions, permutation: Permutation) -> dict[Turn, Turn] | None:
    """What becomes of turns; None where some line has no counterpart."""
    m, contexts = transitions.machine, contexts_of(transitions.machine, permutation)
    found: dict[Turn, Turn] = {ctx: contexts[ctx] for ctx in range(m.contexts)}
    choices = [(one.kind, one.cpu, one.mm, one.vpn) for one in transitions.choices]
    for number, (kind, cpu, mm, vpn) in enumerate(choices):
        to = (kind, permutation.cpus[cpu], mm, permutation.pages[vpn] if mm else vpn)
        if to not in choices:
            return None
        found[m.contexts + number] = m.contexts + choices.index(to)
    places = {place: number for number, place in enumerate(transitions.begun)}
    first = m.contexts + len(choices)
    for ctx in transitions.ops:
        to_ctx = contexts[ctx]
        theirs = _numbered(_key(op) for op in transitions.ops.get(to_ctx, ()))
        ours = _numbered(_key(_renamed(op, permutation)) for op in transitions.ops[ctx])
        if {*ours} != {*theirs}:
            return None
        for key, nth in ours.items():
            found[first + places[ctx, nth]] = first + places[to_ctx, theirs[key]]
    return found if len({*found.values()}) == len(found) else None


def _numbered(keys: Iterable[Key]) -> dict[tuple[Key, int], int]:
    """The numbers of keys, those that are the same told apart by how many come before."""
    met: Counter[Key] = Counter()
    found = {}
    for number, key in enumerate(keys):
        found[key, met[key]] = number
        met[key] += 1
    return found


def _with_contents(transitions: Transitions, permutation: Permutation) -> Permutation | None:
    """The same with what becomes of the bytes that lines store; None where a line has no
    counterpart.
    """
    contexts = contexts_of(transitions.machine, permutation)
    codes: dict[int, int] = {}
    for ctx, ops in transitions.ops.items():
        theirs = _numbered(_key(op, bytes_=False) for op in transitions.ops.get(contexts[ctx], ()))
        ours = _numbered(
            _key(_renamed(op, permutation), bytes_=False) for op in transitions.ops[ctx]
        )
        if {*ours} != {*theirs}:
            return None
        for key, nth in ours.items():
            pair = zip(
                _bytes_of(ops[nth]),
                _bytes_of(transitions.ops[contexts[ctx]][theirs[key]]),
                strict=True,
            )
            for old, new in pair:
                if codes.setdefault(old, new) != new:
                    return None
    order = [*permutation.contents]
    for old, new in codes.items():
        if old != new or order[old] != old:
            order[old] = new
    if sorted(order) != [*range(len(order))]:
        return None
    whole = evolve(permutation, contents=tuple(order))
    return whole if _turns(transitions, whole) else None


def _bytes_of(op: Op) -> list[int]:
    """The codes of the bytes that a line stores, fresh ones left out."""
    args: Any = op.args
    block = getattr(args, "block", None)
    held = [getattr(args, "content", -1), block.content if isinstance(block, Block) else -1]
    return [code for code in held if code >= 0 and code != FRESH]


def _key(op: Op, *, bytes_: bool = True) -> Key:
    args: Any = op.args
    said = [
        evolve(value, content=-1)
        if isinstance(value := getattr(args, one.name), Block) and not bytes_
        else None
        if one.name == "content" and not bytes_ and value != FRESH
        else value
        for one in fields(type(args))
    ]
    return type(args).__name__, op.task, op.cpu, op.stop, *said


def _renamed(op: Op, permutation: Permutation) -> Op:
    """A line under new names."""
    args: Any = op.args
    changes = {
        name: _value(getattr(args, name), kind.rule, permutation) for name, kind in op.verb.kinds
    }
    return evolve(
        op,
        task=permutation.tasks[op.task] if op.task >= 0 else op.task,
        cpu=permutation.cpus[op.cpu] if op.cpu >= 0 else op.cpu,
        args=evolve(args, **changes),
    )


FILE_PAGES = ("file_page", "remote_page")
"""Rules of parameters that are pages of files, by number."""


def _value(value: Any, rule: str, p: Permutation) -> Any:
    """What a parameter says under new names; ranges stay whole, or what they are."""
    if isinstance(value, Target):
        if value.cached:
            return value._replace(space=p.file_pages[value.space])
        return value._replace(vpn=p.pages[value.vpn])
    if isinstance(value, tuple):
        return tuple(_value(one, rule, p) for one in value)
    if isinstance(value, Pages):
        return evolve(value, vpn=_first(p.pages, value.vpn, value.pages))
    if isinstance(value, FileRange):
        return evolve(value, first=_first(p.file_pages, value.first, value.pages))
    if isinstance(value, Block):
        return evolve(value, content=_code(value.content, p))
    if rule in FILE_PAGES:
        return p.file_pages[value]
    if rule == "to_page":
        return p.pages[value]
    if rule == "task":
        return p.tasks[value]
    return _code(value, p) if rule in ("content", "holding") else value


def _first(order: Order, first: int, count: int) -> int:
    """Where a range begins; -1 where it is no range any more."""
    new = sorted(order[first : first + count])
    return new[0] if new == [*range(new[0], new[0] + count)] else -1


def _code(code: int, p: Permutation) -> int:
    return p.contents[code] if code >= 0 else code


def _closed(found: Sequence[Permutation]) -> bool:
    """Whether one after another is always one of them."""
    return all(one.then(other) in found for one in found for other in found)
