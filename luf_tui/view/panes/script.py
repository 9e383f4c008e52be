"""The script, with the line being executed and its micro-steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, overload

from luf_tui.machine.refs import Ref
from luf_tui.script.program import Item, Note
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import glyphs
from luf_tui.view.columns import cells, ends, fit, length, wrap
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.panes.microsteps import tree
from luf_tui.view.state import ViewState

PAGE = 500
"""Of a script with more than three times so many lines, so many around the current one, at least,
are made."""
RECORDED = 60
"""PAGE of a recording, where people jump far and often."""
MOST_COLUMNS = 64
"""Columns that a script asks for at most; lines are wrapped."""
GLYPHS = 4
"""Cells after a line in which most of what it came to can be shown."""
INDENT = 6
"""Cells before the text of a line."""

Lines: TypeAlias = "tuple[Sequence[str], dict[int, int]]"


class RecordingLines(Sequence[str]):
    """The lines of a recording, made when they are asked for."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [clean(item.text) for item in self._items[index]]
        return clean(self._items[index].text)


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """Source lines with a gutter and what they caused; under the current one its micro-steps."""
    count = len(_lines(timeline)[0])
    item = timeline.item_at(timeline.position)
    at = timeline.line_at(timeline.position) if timeline.program.source else item + 1
    first, last = 1, count
    page = PAGE if timeline.program.recorded is None else RECORDED
    if last > 3 * page:
        first = max(1, (at // page - 1) * page)
        last = min(last, first + 3 * page)
    rows: list[Row] = []
    current = lead = 0
    for number in range(first, last + 1):
        if number == at:
            current = lead = len(rows)
        here = number == at
        rows += _line(timeline, state, width, number, _item_on(timeline, number), here=here)
        if here:
            rows += _noted_here(timeline, state, width)
            steps = tree(timeline, item, width, height)
            place = next((n for n, row in enumerate(steps) if row[0].role == "title"), None)
            current = lead if place is None else len(rows) + place
            rows += steps
    while rows and not rows[-1]:
        rows.pop()
    return Pane("script", (Mark("script", "title"),), tuple(rows), current, lead)


def columns_wanted(timeline: Timeline) -> int:
    """Columns in which no operation is cut, with what it came to."""
    lines, items = _lines(timeline)
    codes = (lines[number - 1].partition(" #")[0].rstrip() for number in items if number)
    said = max(
        (
            cells(code)
            for code, number in zip(codes, items, strict=True)
            if not isinstance(timeline.program.items[items[number]], Note)
        ),
        default=0,
    )
    return min(MOST_COLUMNS, INDENT + said + GLYPHS)


def _item_on(timeline: Timeline, number: int) -> int:
    """The item that a line is, or -1."""
    if timeline.program.recorded is not None:
        return number - 1
    return _lines(timeline)[1].get(number, -1)


@per_run
def _lines(timeline: Timeline) -> Lines:
    """The lines of the script, and the item each of them is; a program that was not read from a
    file has one line an item.
    """
    program = timeline.program
    if program.recorded is not None:
        return RecordingLines(program.items), {}
    if program.source:
        by_line = {item.span.line: number for number, item in enumerate(program.items)}
        return tuple(clean(line.expandtabs()) for line in program.source), by_line
    texts = tuple(clean(item.text.strip()) for item in program.items)
    return texts, {number + 1: number for number in range(len(texts))}


def _line(
    timeline: Timeline, state: ViewState, width: int, number: int, item: int, *, here: bool
) -> tuple[Row, ...]:
    """A line in as many rows as it needs."""
    found = _happened(timeline, item) if item >= 0 else ()
    stops = number in state.breakpoints
    flag = "".join(flag.name[:1] for flag in state.flags if flag.line == number)[:1]
    return _rows(timeline, width, number, item, found, flag, here=here, stops=stops)


def _noted_here(timeline: Timeline, state: ViewState, width: int) -> list[Row]:
    """What bookmarks say of the very place where the run stands."""
    rows: list[Row] = []
    for flag in state.flags:
        if flag.position == timeline.position and flag.note:
            lead = f"{' ' * INDENT}{clean(flag.name)}: "
            head, *more = wrap(clean(flag.note), max(10, width - len(lead)))
            rows.append((Mark(lead, "accent"), Mark(head, "note")))
            rows += [(Mark(" " * len(lead) + line, "note"),) for line in more]
    return rows


@per_run
def _rows(
    timeline: Timeline,
    width: int,
    number: int,
    item: int,
    found: tuple[str, ...],
    flag: str,
    *,
    here: bool,
    stops: bool,
) -> tuple[Row, ...]:
    """Kept, because most lines look as they did before."""
    ref = Ref("line", number)
    text = _lines(timeline)[0][number - 1]
    first = Mark("●", "breakpoint", ref) if stops else Mark(flag or " ", _flagged(flag), ref)
    second = flag if stops and flag and not here else "▶" if here else " "
    head: Row = (
        first,
        Mark(second, "current" if here else _flagged(second.strip()), ref),
        Mark(f"{number:>3} ", "dim", ref),
    )
    if item < 0:
        return tuple(_plain(head, text, width, ref, here=here))
    said = timeline.program.items[item]
    if isinstance(said, Note):
        return tuple(_note(head, text, width, ref, here=here))
    stepped = len(timeline.item_steps(item)) > 1
    role = "text" if not here else "title" if stepped else "current"
    rows = _code(head, text, role, glyphs.marks(found), width, here=here)
    return (*rows, *(_trouble(timeline, item) if "✗" in found else ()))


def _flagged(flag: str) -> str:
    """The role of a bookmark's letter in the gutter."""
    return "accent" if flag else "text"


def _plain(head: Row, text: str, width: int, ref: Ref, *, here: bool) -> list[Row]:
    """A line in which nothing happens, wrapped under what follows its first word."""
    role = "title" if here else "dim"
    after = _object(text)
    lines = wrap(text[after:], max(10, width - INDENT - after))
    rows: list[Row] = [fit((*head, Mark(text[:after] + lines[0], role, ref)), width)]
    indent = " " * (INDENT + after)
    return rows + [fit((Mark(indent + line, role, ref),), width) for line in lines[1:]]


def _code(head: Row, text: str, role: str, found: Row, width: int, *, here: bool) -> list[Row]:
    """An operation or an expectation, wrapped like the others.

    Space goes to code: a comment that does not fit beside it is shown below the current line,
    and below no other.
    """
    code, mark, comment = text.partition(" #")
    ref = head[0].ref
    space = " " * (len(code) - len(code.rstrip()))
    code = code.rstrip()
    after, right = _object(code), (Mark(" "), *found)
    lines = wrap(code[after:], max(10, width - INDENT - after - length(right)))
    aside = f"{space} #{comment}" if mark else ""
    room = width - INDENT - len(code) - length(right)
    beside = len(lines) == 1 and 0 < cells(aside) <= room
    first: list[Mark] = [*head, Mark(code[:after] + lines[0], role, ref)]
    if beside:
        first.append(Mark(aside, "dim", ref))
    rows = [ends(tuple(first), right, width)]
    indent = " " * (INDENT + after)
    rows += [fit((Mark(indent + line, role, ref),), width) for line in lines[1:]]
    if mark and here and not beside:
        told = wrap(f"# {comment.strip()}", max(10, width - INDENT - after))
        rows += [fit((Mark(indent + line, "dim", ref),), width) for line in told]
    return rows


def _object(text: str) -> int:
    """Where the text of a line begins that may be wrapped under itself: after its first word, and
    after any indent.
    """
    start = len(text) - len(text.lstrip())
    word, _, rest = text[start:].partition(" ")
    return start + len(word) + 1 + len(rest) - len(rest.lstrip()) if rest.strip() else start


def _note(head: Row, text: str, width: int, ref: Ref, *, here: bool) -> list[Row]:
    """A line of narration, wrapped under itself."""
    word, _, told = text.strip().partition(" ")
    lead = word + " " * (len(text) - len(text.lstrip()) + len(told) - len(told.lstrip()) + 1)
    lines = wrap(told.strip(), max(10, width - INDENT - len(lead)))
    rows: list[Row] = [(*head, Mark(lead, "dim", ref), Mark(lines[0], _noted(here=here), ref))]
    indent = Mark(" " * (INDENT + len(lead)), "dim", ref)
    rows += [(indent, Mark(line, _noted(here=here), ref)) for line in lines[1:]]
    return rows


def _noted(*, here: bool) -> str:
    return "current" if here else "note"


def _happened(timeline: Timeline, item: int) -> tuple[str, ...]:
    """What a line has come to so far: glyphs of its events, or how its expectation came out."""
    outcome = _outcomes(timeline).get(item)
    if outcome is not None:
        position, held, _ = outcome
        if position > timeline.position:
            return ()
        return ("✓",) if held else ("✗",)
    at = timeline.item_at(timeline.position)
    if item > at:
        return ()
    if item == at:
        return glyphs.of_steps(timeline, timeline.item_steps(item), timeline.position)
    return _came_to(timeline, item)


@per_run
def _came_to(timeline: Timeline, item: int) -> tuple[str, ...]:
    """What a line that is done has come to."""
    return glyphs.of_steps(timeline, timeline.item_steps(item), timeline.steps)


@per_run
def _outcomes(timeline: Timeline) -> dict[int, tuple[int, bool, str]]:
    """How expectations and refused lines come out, by item: position, whether well, and why."""
    found = {o.item: (o.position, o.held, o.detail) for o in timeline.outcomes}
    return found | {r.item: (r.position, False, r.reason) for r in timeline.refusals}


def _trouble(timeline: Timeline, item: int) -> list[Row]:
    """Under a line that went wrong, what was seen."""
    detail = clean(_outcomes(timeline)[item][2])
    return [(Mark(f"{' ' * INDENT}✗ {detail}", "failed"),)] if detail else []
