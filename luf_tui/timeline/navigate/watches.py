"""Watched expressions: what they are worth at a position, and where that changes.

One may watch a page `text.0`, what a CPU caches of it `cpu1 text.0`, a frame `f3`, a CPU `cpu1`, a
key, any field of the machine `pte[3].frame`, a count `owed`, and any condition that `expect` knows.

A thing that is kept in cells of its own changes where they are written, which is known of the whole
run at once. Anything else is looked at position by position, BLOCK of them at a time.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Sequence
from contextlib import closing

from attrs import frozen

from luf_tui.errors import InputError, LufError, nearest, with_hint
from luf_tui.machine.refs import Ref
from luf_tui.script.parse import parse_condition
from luf_tui.script.program import Condition
from luf_tui.script.vocabulary import PREDICATES
from luf_tui.timeline.ask.history import cells_of, history
from luf_tui.timeline.ask.things import thing
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.conditions.lookups import entries_of, named, number
from luf_tui.timeline.conditions.moment import moment_at
from luf_tui.timeline.conditions.predicates import judge, seen
from luf_tui.timeline.tell.records import NOTHING, entry_words, record_words
from luf_tui.timeline.timeline import Timeline

BLOCK = 32
"""Positions that are looked at at a time for where an expression changes."""
FAR, FAR_RECORDED = 40, 4
"""Blocks on either side of a position in which changes are looked for: of a scenario, and of a
recording, whose machine takes longer to look at."""
KNOWN = "`text.0`, `cpu1 text.0`, `f3`, `key 3`, `pte[3].frame`, `owed`, `stale cpu1 text.0`"
COUNTED = ("event",)
"""Predicates that count even where they are asked about something."""
OWED = "owed"
_CELL = re.compile(r"(\w+)\[(\d+)\](?:\.(\w+))?")
_THING = re.compile(r"f\d+|cpu\d+|key \d+|zone \S+")
_CACHED = re.compile(r"cpu\d+ \S+")


@frozen
class Watch:
    """Something to watch, as it was said."""

    text: str
    ref: Ref | None = None
    """A record of the machine, or a field of one."""
    condition: Condition | None = None
    """What `expect` knows."""
    cached: Condition | None = None
    """The condition that a CPU caches a page: what it caches is watched."""
    problem: str = ""
    """Why this run has no such thing; empty where it has."""


@frozen
class Shift:
    """A change of what is watched."""

    step: int
    before: str
    after: str


def watch(timeline: Timeline, text: str) -> Watch:
    """What some words say to watch. Raises LufError when they name nothing."""
    said = " ".join(text.split())
    for word in ("expect ", "when ", "watch "):
        said = said.removeprefix(word)
    if not said:
        raise LufError(f"nothing is watched; one may watch {KNOWN}")
    if match := _CELL.fullmatch(said):
        ref = Ref(match[1], int(match[2]), match[3] or "")
        check(timeline, ref)
        return Watch(said, ref=ref)
    if _THING.fullmatch(said):
        return Watch(said, ref=thing(timeline, said))
    first, _, rest = said.partition(" ")
    if first in PREDICATES or first in ("no", "not") or " on " in f" {rest} ":
        return Watch(said, condition=_condition(timeline, said))
    if _CACHED.fullmatch(said):
        return Watch(said, cached=_condition(timeline, f"cached {said}"))
    if rest:
        return Watch(said, condition=_condition(timeline, said))
    return Watch(said, ref=_page(timeline, said))


def known(timeline: Timeline, text: str) -> Watch:
    """As `watch`; what this run does not have is kept with the reason."""
    try:
        return watch(timeline, text)
    except LufError as error:
        return Watch(text, problem=str(error))


def check(timeline: Timeline, ref: Ref) -> None:
    """Raises LufError for a record or field that the run's machine does not have."""
    regions = timeline.machine.regions
    if ref.region not in regions:
        raise LufError(with_hint(f"no '{ref.region}' here", nearest(ref.region, regions)))
    region = regions[ref.region]
    if ref.index >= len(region):
        told = f"no {ref.region}[{ref.index}]"
        raise LufError(f"{told}: the last one is number {len(region) - 1}")
    fields = [field.name for field in region.kind.FIELDS]
    if ref.field and ref.field not in fields:
        told = f"no '{ref.field}' in {ref.region}"
        raise LufError(with_hint(told, nearest(ref.field, fields)))


def value(timeline: Timeline, watched: Watch) -> str:
    """What is watched is worth at the timeline's position, in the machine's words."""
    m = timeline.machine
    if watched.problem:
        return NOTHING
    if watched.ref is not None:
        ref = watched.ref
        if not ref.field:
            return record_words(m, ref.region, ref.index)
        cell, _ = cells_of(timeline, ref)
        return m.told(cell, m.cells.values[cell])
    moment = moment_at(timeline)
    if watched.cached is not None:
        entries = entries_of(moment, named(watched.cached.args))
        said = (entry_words(m, entry).partition(" → ")[2] for entry in entries)
        return ", ".join(said) or NOTHING
    asked = watched.condition
    assert asked is not None
    if asked.relation or asked.negated or (asked.args and asked.predicate not in COUNTED):
        return "yes" if judge(asked, moment).held else "no"
    if asked.predicate == OWED and not asked.args:
        return str(timeline.owed(timeline.position))  # which the header asks for, too
    return str(seen(asked, moment))


def shifts(
    timeline: Timeline, watched: Watch, position: int, behind: int, ahead: int
) -> tuple[list[Shift], list[Shift]]:
    """The last changes up to a position, and the first after it, in the order they come: at most so
    many of each, and of what is looked at position by position none farther away than FAR says.
    """
    here = position // BLOCK
    blocks = _blocks_near(timeline, watched, position)
    before: list[Shift] = []
    after: list[Shift] = []
    for block in range(here, blocks.start - 1, -1):
        if len(before) < behind:
            found = _block(timeline, watched, block)
            before = [one for one in found if one.step <= position] + before
    for block in range(here, blocks.stop):
        if len(after) < ahead:
            found = _block(timeline, watched, block)
            after += [one for one in found if one.step > position]
    return before[len(before) - min(behind, len(before)) :], after[:ahead]


def looked_at(timeline: Timeline, watched: Watch, position: int) -> range:
    """The micro-steps among which `shifts` looks for changes: not all, where what is watched has no
    cells of its own and the run is long.
    """
    blocks = _blocks_near(timeline, watched, position)
    return range(blocks.start * BLOCK, min(blocks.stop * BLOCK, timeline.steps + 1))


def _blocks_near(timeline: Timeline, watched: Watch, position: int) -> range:
    here, last = position // BLOCK, timeline.steps // BLOCK
    far = last
    if written(timeline, watched) is None:
        far = FAR if timeline.program.recorded is None else FAR_RECORDED
    return range(max(0, here - far), min(last, here + far) + 1)


def written(timeline: Timeline, watched: Watch) -> Sequence[int] | None:
    """The micro-steps that write what is watched, where it has cells of its own; else None."""
    if watched.ref is None:
        return [] if watched.problem else None
    return _writes(timeline, watched.ref)


@per_run(most=64)
def _writes(timeline: Timeline, ref: Ref) -> list[int]:
    return sorted({write.step for write in history(timeline, ref) if write.step})


def changes(timeline: Timeline, watched: Watch, positions: range) -> Generator[Shift, None, None]:
    """Changes between neighbours among some positions, in the order these are gone through; the
    step is the later of the two. The cursor comes back when it is over or closed.
    """
    back = positions.step < 0
    place = timeline.position
    last: str | None = None
    try:
        for position in positions:
            timeline.seek(position)
            now = value(timeline, watched)
            if last is not None and now != last:
                yield Shift(position + back, *((now, last) if back else (last, now)))
            last = now
    finally:
        timeline.seek(place)


@per_run(most=512, key=lambda watched, number: (watched.text, number))
def _block(timeline: Timeline, watched: Watch, number: int) -> tuple[Shift, ...]:
    """The changes of one block of positions."""
    first, end = max(1, number * BLOCK), min((number + 1) * BLOCK, timeline.steps + 1)
    writes = written(timeline, watched)
    if writes is None:
        with closing(changes(timeline, watched, range(first - 1, end))) as found:
            return tuple(found)
    steps = writes[bisect_left(writes, first) : bisect_right(writes, end - 1)]
    found_there: list[Shift] = []
    for step in steps:
        with timeline.visit(step - 1):
            before = value(timeline, watched)
        with timeline.visit(step):
            after = value(timeline, watched)
        if before != after:
            found_there.append(Shift(step, before, after))
    return tuple(found_there)


def _condition(timeline: Timeline, said: str) -> Condition:
    try:
        return parse_condition(timeline.program, said)
    except InputError as error:
        raise LufError(f"{error.brief}; one may watch {KNOWN}") from error


def _page(timeline: Timeline, said: str) -> Ref:
    """The page-table entry of a page of an address space, or the page-cache place of a file's."""
    if timeline.program.recorded is not None:
        raise LufError(f"'{said}': a recording has no names; one may watch {KNOWN}")
    args = named(_condition(timeline, f"mapped {said}").args)
    if "vpn" in args:
        first = timeline.machine.first_page[number(args, "mm")]
        return Ref("pte", first + number(args, "vpn"))
    return Ref("file_page", number(args, "page"))
