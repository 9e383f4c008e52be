"""Two runs of one script side by side, or two places of one run, with what differs lit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from attrs import evolve, frozen

from luf_tui.timeline.navigate.alignment import Sides, differing_lines, parting
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import compose
from luf_tui.view.bands import FRAME_COLUMNS, FRAME_ROWS
from luf_tui.view.columns import cells, cut, ends, length, pad
from luf_tui.view.compose import Block
from luf_tui.view.marks import DIFFERS, ROLES, Mark, Pane, Row, clean, differing_role
from luf_tui.view.screen import PANES
from luf_tui.view.state import Placement, ViewState
from luf_tui.view.wants import of_run

NEEDS = (100, 30)
"""Columns and rows below which there is no room for two sides."""
SCRIPT = 8
"""Rows of the script, its frame included."""
HEAD = 2
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
LEAST = 4
"""Rows that every pane gets, its frame included."""
MOST = 7
"""Rows of a pane that are asked for before there is another one."""
OWED = "owed"
BROKEN = "violations"
COUNTED = (OWED, "paid", "saved", "ipis", "interrupted")
"""Counters of a side, most of them where either has any."""
ALWAYS = (OWED, "paid")
SILENT = ROLES["changed"].glyph
"""A mark that is no difference: it is about the step that led here."""
NAMES = {"ipis": "IPIs"}


@frozen
class Names:
    """What the two sides are called."""

    left: str
    right: str


def rows(
    sides: Sides, names: Names, position: int, width: int, height: int, level: str = "student"
) -> list[Row]:
    """The screen of so many cells: a head a side, the script, and the panes of both."""
    if width < NEEDS[0] or height < NEEDS[1] - 1:  # the app has a line below
        wide, high = NEEDS
        return [(Mark(f"Two sides need {wide}x{high} cells: make the terminal larger."),)]
    half = width // 2
    other = sides.opposite(position)
    state = ViewState(level=level)
    below = _lanes(sides, state, position, other, width, height)
    high = below[0].y if below else height
    places = _places(sides, state, half, HEAD + SCRIPT, high)
    with sides.left.visit(position):
        left = [_placed(sides.left, state, place) for place in places]
    with sides.right.visit(other):
        right = [evolve(_placed(sides.right, state, place), x=place.x + half) for place in places]
    pairs = [_lit(*pair) for pair in zip(left, right, strict=True)]
    blocks = [*(block for pair in pairs for block in pair), *below]
    top = _heads(sides, names, position, other, half)
    top += _script(sides, position, width)
    shown = compose.rows(blocks, width, height)
    return [*top, *shown[len(top) :]]


# -- heads ------------------------------------------------------------------------------------


def _heads(sides: Sides, names: Names, position: int, other: int, half: int) -> list[Row]:
    """What each side is, where it stands, and what was counted there."""
    both = _counted(sides.left, position), _counted(sides.right, other)
    told = []
    stands = ((sides.left, names.left, position), (sides.right, names.right, other))
    for (run, name, at), count in zip(stands, both, strict=True):
        place: Row = (
            Mark("line ", "dim"), Mark(f"{run.line_at(at)}", "title"),
            Mark("  step ", "dim"), Mark(f"{at}", "title"), Mark(f"/{run.steps} ", "dim"),
        )  # fmt: skip
        broken = f" ✖ {count[BROKEN]} " if count[BROKEN] else ""
        room = half - length(place) - 4 - cells(broken)
        title = (Mark(f" {cut(clean(name), room)}  ", "title"), Mark(broken, "violation"))
        told.append(ends(title, place, half))
    counts = [_counts(*both, deltas=False), _counts(both[1], both[0], deltas=True)]
    return [
        (*told[0], *told[1]),
        (*ends(counts[0], (), half), *ends(counts[1], (), half)),
    ]


def _counted(run: Timeline, position: int) -> dict[str, int]:
    """The counters of a side at a position."""
    seen = run.counters(position)
    totals = {name: getattr(seen, name) for name in (*COUNTED, BROKEN) if name != OWED}
    return {OWED: run.owed(position), **totals}


def _counts(own: Mapping[str, int], other: Mapping[str, int], *, deltas: bool) -> Row:
    """Counters, lit where they are not the other side's; on the right by how much."""
    row: list[Mark] = [Mark(" ")]
    for name in COUNTED:
        mine, theirs = own[name], other[name]
        if name not in ALWAYS and not mine and not theirs:
            continue
        role = "text" if mine == theirs else differing_role("text")
        row += [Mark(f"{NAMES.get(name, name)} ", "dim"), Mark(f"{mine}", role)]
        if deltas and mine != theirs:
            row.append(Mark(f" ({mine - theirs:+})", DIFFERS))
        row.append(Mark("  "))
    return tuple(row)


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
        current = number == here
        sign = Mark(SIGN, DIFFERS) if number in marked else Mark(" ")
        text = texts[number - 1]
        role = "current" if current else "text"
        told.append(
            (
                Mark("▶" if current else " ", role),
                Mark(f"{number:>4} ", "dim"),
                sign,
                Mark(" "),
                Mark(text, role),
            )
        )
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
    told = (clean(text) or "does nothing here" for text in (left, right))
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


# -- the panes of both ------------------------------------------------------------------------


def _places(sides: Sides, state: ViewState, half: int, top: int, end: int) -> list[Placement]:
    """Where the panes of one side go, by what either run fills of them in all of it."""
    known = [of_run(run) for run in (sides.left, sides.right)]
    columns = half - FRAME_COLUMNS - INSET
    wants = {pane: max(one.rows(pane, columns) for one in known) + FRAME_ROWS for pane in URGENT}
    room = end - top
    whole = (panes for panes in CHOICES if sum(min(MOST, wants[pane]) for pane in panes) <= room)
    panes = next(whole, CHOICES[-1])
    given = dict.fromkeys(panes, LEAST)
    left = room - LEAST * len(panes)
    for pane in (one for one in URGENT if one in panes):
        more = max(0, min(left, wants[pane] - LEAST))
        given[pane] += more
        left -= more
    given[panes[-1]] += left
    places, at = [], top
    for pane, tall in given.items():
        places.append(Placement(pane, 0, at, half, tall))
        at += tall
    return places


def _lanes(
    sides: Sides, state: ViewState, position: int, other: int, width: int, height: int
) -> list[Block]:
    """The lanes at the foot: of two policies on one time axis, else of each side its own."""
    joint = sides.place < 0 and sides.left.policy.name != sides.right.policy.name
    state = evolve(state, beside=sides.right) if joint else state
    wide = width if joint else width // 2
    wanted = of_run(sides.left, state.beside).rows(LANES, wide - FRAME_COLUMNS - INSET) + FRAME_ROWS
    tall = min(wanted, (height - HEAD - SCRIPT) // 3)
    place = Placement(LANES, 0, height - tall, wide, tall)
    with sides.left.visit(position):
        left = _placed(sides.left, state, place)
    if joint:
        return [left]
    with sides.right.visit(other):
        return [left, evolve(_placed(sides.right, state, place), x=wide)]


def _placed(run: Timeline, state: ViewState, place: Placement) -> Block:
    columns = place.width - FRAME_COLUMNS - INSET
    pane = PANES[place.pane](run, state, columns, place.height - FRAME_ROWS)
    return Block(pane, place.x, place.y, place.width, place.height)


def _lit(left: Block, right: Block) -> tuple[Block, Block]:
    """Two blocks of one kind, the marks that only one of them has lit; scrolled alike."""
    one, two = lit(left.pane.rows, right.pane.rows)
    known = [at for at in (left.pane.current, right.pane.current) if at is not None]
    at = min(known, default=None)
    return (
        evolve(left, pane=evolve(left.pane, rows=one, current=at)),
        evolve(right, pane=evolve(right.pane, rows=two, current=at)),
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
