"""Where a run stops of itself, forwards and backwards.

A breakpoint trips at positions that depend on the recording alone: not on where one stands, nor
on the direction. So running back never trips over the place one stands on, and the third hit
is the third hit from either side.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing

from attrs import evolve, frozen

from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.machine.events import BY_NAME
from luf_tui.script.program import Break, Condition, Program, Race
from luf_tui.script.vocabulary import PREDICATES
from luf_tui.timeline.ask.history import changed, history
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.conditions.predicates import scan
from luf_tui.timeline.navigate import watches
from luf_tui.timeline.navigate.watches import Watch
from luf_tui.timeline.script_lines import to_line
from luf_tui.timeline.tell.narrate import sentence
from luf_tui.timeline.timeline import Timeline


@frozen
class Breakpoint:
    """One breakpoint: a script line, an event kind, a condition or a watched thing."""

    line: int = 0
    event: str = ""
    condition: Condition | None = None
    watch: Watch | None = None
    hit: int = 1
    """The first hit, counted from the start of the run, at which it stops."""
    enabled: bool = True

    @property
    def text(self) -> str:
        """The breakpoint as `parse` reads it."""
        if self.line:
            said = f"line {self.line}"
        elif self.event:
            said = f"event {self.event}"
        elif self.watch is not None:
            said = f"watch {self.watch.text}"
        else:
            said = f"when {words(self.condition)}"
        said += f" hit {self.hit}" if self.hit != 1 else ""
        return said if self.enabled else f"off {said}"


def words(condition: Condition | None) -> str:
    """A condition as it is asked, without the word that a script line begins with."""
    said = condition.text.strip() if condition else ""
    return said.removeprefix("break ").removeprefix("expect ").strip()


@frozen
class Stop:
    """Where a run came to rest, and why."""

    position: int
    reason: str
    breakpoint: Breakpoint | None = None


def run_forward(timeline: Timeline, position: int, points: Iterable[Breakpoint]) -> Stop:
    """Run on to the next breakpoint after a position, or to the end."""
    best, by = timeline.steps + 1, None
    for point in points:
        if point.enabled:
            at = _next_trip(timeline, point, position, best)
            if at < best:
                best, by = at, point
    if by is None:
        why = timeline.incomplete
        return Stop(timeline.steps, f"end of the run: {why}" if why else "end of the run")
    return Stop(best, f"stopped because {because(timeline, by, best)}", by)


def run_backward(timeline: Timeline, position: int, points: Iterable[Breakpoint]) -> Stop:
    """Run back to the last breakpoint before a position, or to the start."""
    best, by = -1, None
    for point in points:
        if point.enabled:
            at = _previous_trip(timeline, point, position, best)
            if at > best:
                best, by = at, point
    if by is None:
        return Stop(0, "start of the run")
    return Stop(best, f"stopped because {because(timeline, by, best)}", by)


def because(timeline: Timeline, point: Breakpoint, position: int) -> str:
    """Why a breakpoint stops at a position, as the end of a sentence."""
    said = _reason(timeline, point, position)
    return f"{said} (hit {hit_number(timeline, point, position)})" if point.hit != 1 else said


def _reason(timeline: Timeline, point: Breakpoint, position: int) -> str:
    if point.line:
        line = line_of(timeline.program, point.line)
        return f"line {line} is reached: {line_text(timeline.program, line)}"
    if point.event:
        kind = BY_NAME[point.event]
        for event in timeline.events_of(position):
            if timeline.events.kind_of(event) == kind:
                return f"of {point.event}: {sentence(timeline, timeline.events[event])}"
        return f"of {point.event}"
    if point.watch is not None:
        return f"{point.watch.text} changed: {_change(timeline, point.watch, position)}"
    return f"it holds now: {words(point.condition)}"


def _change(timeline: Timeline, watched: Watch, position: int) -> str:
    """What changed in what is watched: all that was written, where it has cells of its own."""
    if watched.ref is not None:
        writes = [w for w in history(timeline, watched.ref) if w.step == position]
        return ", ".join(changed(timeline, write) for write in writes)
    with timeline.visit(max(0, position - 1)):
        before = watches.value(timeline, watched)
    with timeline.visit(position):
        return f"{before} → {watches.value(timeline, watched)}"


def hit_number(timeline: Timeline, point: Breakpoint, position: int) -> int:
    """Which hit a position is, counted from the start of the run; 0 when it is none."""
    found = hits(timeline, point)
    at = bisect_left(found, position)
    return at + 1 if at < len(found) and found[at] == position else 0


def _place(point: Breakpoint) -> str:
    """What a breakpoint trips at, its hit count aside."""
    return evolve(point, hit=1, enabled=True).text


@per_run(most=256, key=_place)
def hits(timeline: Timeline, point: Breakpoint) -> Sequence[int]:
    """Every position a breakpoint trips at, whatever its hit count, in order."""
    if point.line:
        at = to_line(timeline, line_of(timeline.program, point.line))
        return [at] if at >= 0 else []
    if point.event:
        kind = BY_NAME[point.event]
        events = timeline.index.by_kind[kind]
        return sorted({timeline.step_of_event(event) for event in events})
    writes = None if point.watch is None else watches.written(timeline, point.watch)
    if writes is not None:
        return writes
    return list(_edges(timeline, point, range(timeline.steps + 1)))


def _edges(timeline: Timeline, point: Breakpoint, positions: range) -> Generator[int, None, None]:
    """Positions at which what is watched changes, or a condition holds and at the one before did
    not.
    """
    if point.watch is not None:
        with closing(watches.changes(timeline, point.watch, positions)) as shifts:
            yield from (shift.step for shift in shifts)
    elif point.condition is not None:
        yield from _comes_true(timeline, point.condition, positions)


def _scanned(timeline: Timeline, point: Breakpoint) -> bool:
    """Whether hits are looked for position by position, and are not all known yet."""
    if point.line or point.event or hits.knows(timeline, point):
        return False
    return point.watch is None or watches.written(timeline, point.watch) is None


def _comes_true(
    timeline: Timeline, condition: Condition, positions: range
) -> Generator[int, None, None]:
    back = positions.step < 0
    last = None
    with closing(scan(timeline, condition, positions)) as scanned:
        for position, holds in scanned:
            if last is not None and holds != last and holds != back:
                yield position + back
            last = holds


def _next_trip(timeline: Timeline, point: Breakpoint, position: int, limit: int) -> int:
    """The first trip after `position` and before `limit`, or `limit`."""
    if point.hit <= 1 and _scanned(timeline, point):
        ahead = range(position, min(limit, timeline.steps + 1))
        with closing(_edges(timeline, point, ahead)) as edges:
            return next(edges, limit)
    found = hits(timeline, point)
    first = max(bisect_right(found, position), point.hit - 1)
    return min(found[first], limit) if first < len(found) else limit


def _previous_trip(timeline: Timeline, point: Breakpoint, position: int, limit: int) -> int:
    """The last trip before `position` and after `limit`, or `limit`."""
    if point.hit <= 1 and _scanned(timeline, point):
        behind = range(position - 1, max(limit, 0) - 1, -1)
        with closing(_edges(timeline, point, behind)) as edges:
            return next(edges, limit)
    found = hits(timeline, point)
    last = bisect_left(found, position) - 1
    return max(found[last], limit) if last >= max(point.hit - 1, 0) else limit


def item_of_line(program: Program, line: int) -> int:
    """The item a breakpoint on a line belongs to, the race around it among them; -1 past the
    last.
    """
    there = line_of(program, line)
    if program.recorded is not None:
        return there - 1
    numbers = [number for number, item in enumerate(program.items) if item.span.line <= there]
    return numbers[-1] if numbers and there else -1


def line_of(program: Program, line: int) -> int:
    """The line a breakpoint belongs to: the line itself where something stands on it, else the
    next one below that has something; 0 past the last.
    """
    if program.recorded is not None:
        return line if 1 <= line <= len(program.items) else 0
    return min((there for there in _texts(program) if there >= line), default=0)


def line_text(program: Program, line: int) -> str:
    """What stands on a line of a program."""
    if program.recorded is not None:
        return program.items[line - 1].text.strip() if line_of(program, line) else ""
    return _texts(program).get(line, "").strip()


def _texts(program: Program) -> dict[int, str]:
    found: dict[int, str] = {}
    for item in program.items:
        found.setdefault(item.span.line, item.text)
        if isinstance(item, Race):
            ops = [op for branch in item.branches for op in branch.ops]
            found.update((op.span.line, op.written) for op in ops)
    return found


def of_program(program: Program) -> tuple[Breakpoint, ...]:
    """The breakpoints a scenario asks for itself with `break` lines."""
    found: list[Breakpoint] = []
    if program.recorded is not None:
        return ()
    for number, item in enumerate(program.items):
        if isinstance(item, Break):
            if item.condition is not None:
                found.append(Breakpoint(condition=item.condition))
            elif number + 1 < len(program.items):
                found.append(Breakpoint(line=program.items[number + 1].span.line))
    return tuple(found)


def parse(
    text: str,
    condition: Callable[[str], Condition] | None = None,
    watch: Callable[[str], Watch] | None = None,
) -> Breakpoint:
    """A breakpoint from its text: `line 15`, `event defer hit 3`, `watch text.0`, `when …`.

    `condition` parses what follows `when`, and `watch` what follows that. Raises LufError with a
    hint.
    """
    words = text.split()
    enabled = words[:1] != ["off"]
    words = words if enabled else words[1:]
    hit = 1
    if len(words) > 2 and words[-2] == "hit" and words[-1].isdecimal():
        hit = max(1, int(words[-1]))
        words = words[:-2]
    kind, rest = (words or [""])[0], " ".join(words[1:])
    if kind == "line" and rest.isdecimal() and int(rest) > 0:
        return Breakpoint(line=int(rest), hit=hit, enabled=enabled)
    if kind == "event":
        if rest not in BY_NAME:
            raise LufError(with_hint(f"no event kind '{rest}'", nearest(rest, BY_NAME)))
        return Breakpoint(event=rest, hit=hit, enabled=enabled)
    if kind == "watch" and rest and watch is not None:
        return Breakpoint(watch=watch(rest), hit=hit, enabled=enabled)
    if kind == "when" and rest and condition is not None:
        return Breakpoint(condition=condition(rest), hit=hit, enabled=enabled)
    if kind in PREDICATES and condition is not None:
        condition(" ".join(words))
        raise LufError(f"not a breakpoint: '{text}'; did you mean 'when {text}'?")
    raise LufError(f"not a breakpoint: '{text}'. Known: line N, event KIND, watch text.0, when …")
