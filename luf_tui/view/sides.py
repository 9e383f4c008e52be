"""Two runs of one script side by side, or two places of one run, with what differs lit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from attrs import evolve, frozen

from luf_tui.timeline.ask.model_time import model_time
from luf_tui.timeline.navigate.alignment import Sides, differing_lines, parting
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import broken, compose, side_counts
from luf_tui.view.bands import FRAME_COLUMNS, FRAME_ROWS
from luf_tui.view.columns import cells, cut, ends, fit, length, pad
from luf_tui.view.compose import Block
from luf_tui.view.marks import DIFFERS, ROLES, Mark, Pane, Row, clean, differing_role
from luf_tui.view.panes import lanes
from luf_tui.view.screen import PANES, TITLES
from luf_tui.view.state import SMALLEST, Placement, ViewState
from luf_tui.view.time_axis import scales
from luf_tui.view.wants import of_run

ROOMY = (100, 30)
"""Columns and rows from which several panes of either side stand beside each other."""
SCRIPT = 8
"""Rows of the script, its frame included."""
FEW = 3
"""Rows of the script where there is little room."""
LANES = "lanes"
INSET = 2
"""Columns of the sign before each row."""
SIGN = ROLES[DIFFERS].glyph
CHOICES = (
    ("tlbs", "pagetables", "ledger", "lists", "frames"),
    ("tlbs", "pagetables", "ledger", "lists"),
    ("tlbs", "ledger", "lists"),
)
"""Panes of each side from above: the first of these for which there is room, else the last."""
URGENT = ("tlbs", "ledger", "pagetables", "lists", "frames")
"""Panes, those first that get what they want first."""
TURNS = (*URGENT, LANES)
"""Panes of which one is chosen where there is little room."""
LEAST = 4
"""Rows that every pane gets, its frame included."""
MOST = 6
"""Rows of a pane that are asked for before there is another one."""
LOW = 20
"""Rows above which what is counted may take two rows where there is little room."""
NOTHING = "does nothing here"
SILENT = ROLES["changed"].glyph
"""A mark that is no difference: it is about the step that led here."""


@frozen
class Names:
    """What the two sides are called."""

    left: str
    right: str


def rows(
    sides: Sides,
    names: Names,
    position: int,
    width: int,
    height: int,
    level: str = "student",
    pane: str = "",
) -> list[Row]:
    """The screen of so many cells: a head a side, what was counted, the script, and panes of both.

    `pane` is one that is wanted wherever not all have room; without one, the first that differs.
    """
    if width < SMALLEST[0] or height < SMALLEST[1] - 2:  # the app has a line or two below
        wide, high = SMALLEST
        return [(Mark(f"Two sides need {wide}x{high} cells: make the terminal larger."),)]
    stands = _Stands(sides, names, position, sides.opposite(position), ViewState(level=level))
    top = _heads(stands, width)
    ends = sides.place < 0
    if not roomy(width, height):
        top += side_counts.rows(sides, position, width, 1 + (height > LOW), ends=False)
        top += _few_lines(stands, width)
        differing = [name for name in TURNS if _differs(stands, name)]
        shown = pane or next(iter(differing), TURNS[0])
        top.append(_turns(differing, shown, width))
        return _filled(top, _little(stands, shown, width, height, len(top)), width, height)
    top += side_counts.rows(sides, position, width, 1, ends=ends)
    top += _script(sides, position, width)
    below = _lanes(stands, width, height)
    high = below[0].y if below else height
    half = width // 2
    places = _places(sides, half, len(top), high, pane)
    blocks = [block for place in places for block in _pair(stands, place, half)]
    return _filled(top, [*blocks, *below], width, height)


def roomy(width: int, height: int) -> bool:
    """Whether several panes of either side have room beside each other."""
    return width >= ROOMY[0] and height >= ROOMY[1] - 2


def next_pane(sides: Sides, position: int, chosen: str, step: int) -> str:
    """The pane that comes after the one that is shown, of those that take turns."""
    stands = _Stands(sides, Names("", ""), position, sides.opposite(position), ViewState())
    shown = chosen or _first_that_differs(stands)
    return TURNS[(TURNS.index(shown) + step) % len(TURNS)]


@frozen
class _Stands:
    """What is held against what, and where both stand."""

    sides: Sides
    names: Names
    position: int
    other: int
    state: ViewState


def _filled(top: list[Row], blocks: Sequence[Block], width: int, height: int) -> list[Row]:
    return [*top, *compose.rows(blocks, width, height)[len(top) :]]


def _pair(stands: _Stands, place: Placement, apart: int, down: int = 0) -> tuple[Block, Block]:
    """A pane of both sides, the right one so far to the right or down, what differs lit."""
    there = evolve(place, x=place.x + apart, y=place.y + down)
    with stands.sides.left.visit(stands.position):
        left = _placed(stands.sides.left, stands.state, place)
    with stands.sides.right.visit(stands.other):
        right = _placed(stands.sides.right, stands.state, there)
    return _lit(left, right)


# -- heads ------------------------------------------------------------------------------------


def _heads(stands: _Stands, width: int) -> list[Row]:
    """What each side is, where it stands, and what is broken there."""
    half = width // 2
    told: list[Mark] = []
    sides, names = stands.sides, stands.names
    both = (
        (sides.left, names.left, stands.position),
        (sides.right, names.right, stands.other),
    )
    line, step = ("line ", "  step ") if half >= 50 else ("L", " ")
    for run, name, at in both:
        place: Row = (
            Mark(line, "dim"), Mark(f"{run.line_at(at)}", "title"),
            Mark(step, "dim"), Mark(f"{at}", "title"), Mark(f"/{run.steps} ", "dim"),
        )  # fmt: skip
        count = run.counters(at).violations
        broken = f" ✖ {count} " if count else ""
        room = half - length(place) - 4 - cells(broken)
        title = (Mark(f" {cut(clean(name), room)}  ", "title"), Mark(broken, "violation"))
        told += ends(title, place, half)
    return [tuple(told)]


# -- the script -------------------------------------------------------------------------------


def _script(sides: Sides, position: int, width: int) -> list[Row]:
    """Lines around the cursor, `≠` where the two do different things, and a rule across where they
    part.
    """
    run = sides.left
    texts = _lines(run)
    here = run.line_at(position)
    found = parting(sides)
    marked = differing_lines(sides)
    room = SCRIPT - 2
    first = max(1, min(here - room // 2 + 1, len(texts) - room + 1))
    told: list[Row] = []
    for number in range(first, min(first + room, len(texts) + 1)):
        told.append(_line(texts, number, marked, current=number == here))
        if found is not None and number == found.line:
            told += _rule(found.text, found.other_text, width - 4)
    at = next((n for n, row in enumerate(told) if row[0].text == "▶"), 0)
    told = told[max(0, min(at - room // 3, len(told) - room)) :]
    title: Row = (Mark("script", "title"), Mark(_told(sides), "dim"))
    pane = Pane("script", title, tuple(told[:room]))
    return compose.rows([Block(pane, 0, 0, width, SCRIPT)], width, SCRIPT)


def _told(sides: Sides) -> str:
    """Where the two part, in a word or two."""
    if sides.place >= 0:
        return " · two places of one run"
    found = parting(sides)
    if found is None:
        return " · the two do the same everywhere"
    return f" · the two part in line {found.line}"


def _rule(left: str, right: str, width: int) -> list[Row]:
    """A line across the script where the two part, and below it what each does."""
    half = width // 2
    told = (clean(text) or NOTHING for text in (left, right))
    one, two = (pad(cut(text, half - 2), half) for text in told)
    rule = f"━━ {SIGN} here the two part "
    return [
        (Mark(rule + "━" * (width - cells(rule)), DIFFERS),),
        (Mark(one, "note"), Mark(two, "note")),
    ]


def _lines(run: Timeline) -> Sequence[str]:
    program = run.program
    if program.source and program.recorded is None:
        return [clean(line.expandtabs()) for line in program.source]
    return [clean(item.text.strip()) for item in program.items]


def _few_lines(stands: _Stands, width: int) -> list[Row]:
    """The line where the two stand, with those around it, or where the two part what each does."""
    run, sides = stands.sides.left, stands.sides
    texts, here = _lines(run), run.line_at(stands.position)
    found, marked = parting(sides), differing_lines(sides)
    if found is not None and here == found.line:
        told = (
            (stands.names.left, found.text),
            (stands.names.right, found.other_text),
        )
        rows = [_line(texts, here, marked, current=True)]
        for name, text in told:
            said = cut(f"{clean(name)}: {clean(text) or NOTHING}", width - 9)
            rows.append((Mark(f"       {SIGN} ", DIFFERS), Mark(said, "note")))
    else:
        first = max(1, min(here - 1, len(texts) - FEW + 1))
        last = min(first + FEW, len(texts) + 1)
        rows = [_line(texts, n, marked, current=n == here) for n in range(first, last)]
    rows += [()] * (FEW - len(rows))
    return [fit(row, width) for row in rows]


def _line(texts: Sequence[str], number: int, marked: Collection[int], *, current: bool) -> Row:
    """A line of the script, with `≠` where the two do different things in it."""
    role = "current" if current else "text"
    return (
        Mark("▶" if current else " ", role),
        Mark(f"{number:>4} ", "dim"),
        Mark(SIGN, DIFFERS) if number in marked else Mark(" "),
        Mark(" "),
        Mark(texts[number - 1], role),
    )


# -- the panes of both ------------------------------------------------------------------------


def _first_that_differs(stands: _Stands) -> str:
    return next((pane for pane in TURNS if _differs(stands, pane)), TURNS[0])


def _differs(stands: _Stands, pane: str) -> bool:
    """Whether a pane says something else on either side."""
    pair = _pair(stands, Placement(pane, 0, 0, *ROOMY), 0)
    return any(row and row[0].role == DIFFERS for block in pair for row in block.pane.rows)


def _turns(differing: Collection[str], shown: str, width: int) -> Row:
    """The panes that take turns, the one shown underlined, `≠` before those that differ here."""
    told: list[Mark] = []
    for pane in TURNS:
        sign = Mark(SIGN, DIFFERS) if pane in differing else Mark(" ")
        told += [Mark(" "), sign, Mark(TITLES[pane], "tab" if pane == shown else "dim")]
    return fit(tuple(told), width)


def _little(stands: _Stands, shown: str, width: int, height: int, top: int) -> list[Block]:
    """As many panes as there is room for, the one that is shown first, the right side beside the
    left one or under it.
    """
    beside = width >= ROOMY[0]
    wide = width // 2 if beside else width
    known = [of_run(run) for run in (stands.sides.left, stands.sides.right)]
    blocks: list[Block] = []
    order = (shown, *(pane for pane in TURNS if pane != shown))
    for pane in order:
        room = (height - top) // (1 if beside else 2)
        wanted = max(one.rows(pane, wide - FRAME_COLUMNS - INSET) for one in known) + FRAME_ROWS
        tall = min(room, wanted)
        if blocks and tall < wanted:
            continue
        last = room - tall < LEAST
        tall = room if last else tall
        apart, down = (wide, 0) if beside else (0, tall)
        for block, name in zip(
            _pair(stands, Placement(pane, 0, top, wide, tall), apart, down),
            (stands.names.left, stands.names.right),
            strict=True,
        ):
            title = (Mark(f"{clean(name)} · ", "dim"), *block.pane.title)
            blocks.append(evolve(block, pane=evolve(block.pane, title=title)))
        top += tall if beside else 2 * tall
        if last:
            break
    return blocks


def _places(sides: Sides, half: int, top: int, end: int, chosen: str) -> list[Placement]:
    """Where the panes of one side go, by what either run fills of them in all of it."""
    known = [of_run(run) for run in (sides.left, sides.right)]
    columns = half - FRAME_COLUMNS - INSET
    wants = {pane: max(one.rows(pane, columns) for one in known) + FRAME_ROWS for pane in URGENT}
    room = end - top
    whole = (panes for panes in CHOICES if sum(min(MOST, wants[pane]) for pane in panes) <= room)
    panes = next(whole, CHOICES[-1])
    if chosen in URGENT and chosen not in panes:
        panes = (chosen, *panes[:-1])
    given = dict.fromkeys(panes, LEAST)
    left = room - LEAST * len(panes)
    first = chosen if chosen in panes else URGENT[0]
    given[first] += max(0, min(left, wants[first] - LEAST))
    left = room - sum(given.values())
    while left > 0:
        lacks = {pane: wants[pane] - given[pane] for pane in URGENT if pane in given}
        most = max(lacks, key=lacks.__getitem__)
        if lacks[most] <= 0:
            given[panes[-1]] += left
            break
        given[most] += 1
        left -= 1
    places, at = [], top
    for pane, tall in given.items():
        places.append(Placement(pane, 0, at, half, tall))
        at += tall
    return places


def _lanes(stands: _Stands, width: int, height: int) -> list[Block]:
    """The lanes at the foot: of two policies on one time axis, else of each side its own, and a
    column is as long on both.
    """
    sides = stands.sides
    joint = sides.place < 0 and sides.left.policy.name != sides.right.policy.name
    beside = sides.right if joint else None
    wide = width if joint else width // 2
    wanted = of_run(sides.left, beside).rows(LANES, wide - FRAME_COLUMNS - INSET) + FRAME_ROWS
    tall = min(wanted, (height - SCRIPT - 2) // 3)
    place = Placement(LANES, 0, height - tall, wide, tall)
    state = evolve(stands.state, beside=beside, time_scale=0 if joint else _scale(sides, wide))
    with sides.left.visit(stands.position):
        left = _placed(sides.left, state, place)
    if joint:
        return [left]
    with sides.right.visit(stands.other):
        return [left, _placed(sides.right, state, evolve(place, x=wide))]


def _scale(sides: Sides, wide: int) -> int:
    """Nanoseconds of a column in which the longer run has room."""
    runs = (sides.left, sides.right)
    columns = min(lanes.room(run, None, wide - FRAME_COLUMNS - INSET) for run in runs)
    return scales(max(model_time(run).length for run in runs), columns)[0]


def _placed(run: Timeline, state: ViewState, place: Placement) -> Block:
    columns = place.width - FRAME_COLUMNS - INSET
    pane = PANES[place.pane](run, state, columns, place.height - FRAME_ROWS)
    if place.pane in compose.OF_MACHINE:
        pane = broken.lit(run, pane)
    return Block(pane, place.x, place.y, place.width, place.height)


def _lit(left: Block, right: Block) -> tuple[Block, Block]:
    """Two blocks of one kind, the marks that only one of them has lit; scrolled alike."""
    one, two = lit(left.pane.rows, right.pane.rows)
    known = [at for at in (left.pane.current, right.pane.current) if at is not None]
    at = min(known, default=None)
    return (
        evolve(left, pane=evolve(left.pane, rows=one, current=at, lead=None)),
        evolve(right, pane=evolve(right.pane, rows=two, current=at, lead=None)),
    )


def lit(left: Sequence[Row], right: Sequence[Row]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Rows of two sides, each with `≠` before those that the other one has not, and the marks in
    them that it has not in the role of what differs.
    """
    words = [_said(row) for row in left], [_said(row) for row in right]
    matcher = SequenceMatcher(None, *words, autojunk=False)
    told: tuple[list[Row], list[Row]] = ([], [])
    for _, a, a_end, b, b_end in matcher.get_opcodes():
        for mine, theirs in zip_longest(left[a:a_end], right[b:b_end]):
            if mine is not None:
                told[0].append(_marked(mine, theirs or ()))
            if theirs is not None:
                told[1].append(_marked(theirs, mine or ()))
    return tuple(told[0]), tuple(told[1])


def _said(row: Row) -> tuple[str, ...]:
    """What a row says, however it is spaced."""
    return tuple(text for mark in row if (text := _words(mark)))


def _words(mark: Mark) -> str:
    """What a mark says; nothing where that says nothing of what there is."""
    return mark.text.replace(SILENT, " ").strip()


def _calm(row: Row) -> Row:
    return (Mark("  "), *row) if row else row


def _marked(row: Row, other: Row) -> Row:
    """A row with its marks lit that another one has not; rows that say nothing stay as they are."""
    mine, theirs = _said(row), _said(other)
    if mine == theirs:
        return _calm(row)
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    same = {at for block in blocks for at in range(block.a, block.a + block.size)}
    told: list[Mark] = []
    number = 0
    for mark in row:
        if not _words(mark):
            told.append(mark)
            continue
        told.append(
            mark if number in same else evolve(mark, role=differing_role(mark.role), changed=False)
        )
        number += 1
    return (Mark(SIGN, DIFFERS), Mark(" "), *told)
