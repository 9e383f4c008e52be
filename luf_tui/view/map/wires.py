"""Lines between two columns of rows, laid out as in a wiring diagram.

Lines to one row join on a track of their own, an upright line. Lines to different rows may cross
(`┼`) and do nothing else: no two of them share a stretch, and a `┼` is never a joint.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter

from attrs import frozen

from luf_tui.view.box_drawing import ARMS, DOWN, LEFT, LIGHT, RIGHT, UP, character
from luf_tui.view.marks import Mark

SPARE = 2
"""Columns of a gutter that are no tracks: where the lines begin, and the arrow."""


@frozen
class Wire:
    """A line from a row of the column that has many to a row of the one in the middle."""

    near: int
    far: int
    weight: int = LIGHT
    broken: bool = False
    role: str = "text"
    urgency: int = 0
    """Where lines run together or cross, the most urgent one is seen."""


@frozen
class Net:
    """All lines that lead to one row."""

    far: int
    wires: tuple[Wire, ...]

    @property
    def near(self) -> frozenset[int]:
        """The rows they come from."""
        return frozenset(wire.near for wire in self.wires)

    @property
    def low(self) -> int:
        """The first row of its track."""
        return min(self.far, *self.near)

    @property
    def high(self) -> int:
        """The last row of its track."""
        return max(self.far, *self.near)

    @property
    def straight(self) -> bool:
        """Whether it needs no track."""
        return self.low == self.high

    def meets(self, other: Net) -> bool:
        """Whether the two cannot be on one track."""
        return self.low <= other.high and other.low <= self.high


@frozen
class Gutter:
    """The lines between two columns, drawn: marks by row and column."""

    cells: Mapping[tuple[int, int], Mark]
    undrawn: frozenset[int]
    """Rows that lines should lead to and for which there was no track."""


def nets(wires: Collection[Wire]) -> list[Net]:
    """Lines by where they lead to, from above."""
    found: dict[int, list[Wire]] = {}
    for wire in sorted(wires, key=attrgetter("far", "near")):
        found.setdefault(wire.far, []).append(wire)
    return [Net(far, tuple(some)) for far, some in found.items()]


def trouble(wires: Collection[Wire]) -> int:
    """A row whose line cannot be drawn without doubt where it begins; -1 where all can.

    One would have four arms and be no crossing; or lines would have to be on both sides of each
    other, since each begins in the row that another leads to.
    """
    found = nets(wires)
    for net in found:
        if net.low < net.far < net.high and net.far in net.near:
            return net.far
    return _circle(found)


def _circle(found: Sequence[Net]) -> int:
    """The lowest row by which nets are left of each other in a circle, or -1."""
    at = {net.far: net for net in found}
    before = {net.far: [row for row in net.near if row != net.far and row in at] for net in found}
    left = dict(before)
    while True:
        free = [far for far, rows in left.items() if not any(row in left for row in rows)]
        if not free:
            break
        for far in free:
            del left[far]
    return max((row for rows in left.values() for row in rows if row in left), default=-1)


def crossings(left: Net, right: Net) -> int:
    """How often two nets cross when the first has its track on the left of the other's."""
    over_left = sum(left.low < row < left.high for row in right.near)
    return over_left + (right.low < left.far < right.high)


def ordered(found: Sequence[Net]) -> list[Net]:
    """Nets in an order of tracks, from the left, that has few crossings and no shared stretch.

    Each is put where it adds least, the uppermost first, and then moved as long as that helps.
    """
    after = _after(found)
    order: list[Net] = []
    for net in found:
        order.insert(_best(order, net, after), net)
    for _ in found:
        before = list(order)
        for net in found:
            rest = [one for one in order if one is not net]
            at = _best(rest, net, after)
            if _cost(rest, net, at) < _cost(rest, net, order.index(net)):
                rest.insert(at, net)
                order = rest
        if order == before:
            break
    return order


def _after(found: Sequence[Net]) -> dict[int, set[int]]:
    """Nets on the right of which each has to be, directly or by way of others: those that begin in
    the row that it leads to, and so on.
    """
    after = {net.far: {one.far for one in found if net.far in one.near} for net in found}
    for far, some in after.items():
        some.discard(far)
    for _ in found:
        for some in after.values():
            some.update(*(after[far] for far in list(some)))
    return after


def _best(order: Sequence[Net], net: Net, after: Mapping[int, Collection[int]]) -> int:
    """The place in an order where a net may be and has the fewest crossings."""
    first = max((n + 1 for n, one in enumerate(order) if one.far in after[net.far]), default=0)
    last = min((n for n, one in enumerate(order) if net.far in after[one.far]), default=len(order))
    return min(range(first, last + 1), key=lambda at: (_cost(order, net, at), at))


def _cost(order: Sequence[Net], net: Net, at: int) -> int:
    """Crossings of a net with the others, were it there."""
    on_left = sum(crossings(other, net) for other in order[:at])
    return on_left + sum(crossings(net, other) for other in order[at:])


def tracks(order: Sequence[Net]) -> dict[int, int]:
    """The track of every net, counted from 0, by the row it leads to."""
    found: dict[int, int] = {}
    for number, net in enumerate(order):
        under = [found[one.far] for one in order[:number] if one.meets(net)]
        found[net.far] = max(under, default=-1) + 1
    return found


def route(
    wires: Collection[Wire], width: int, arrow: str = "▶", *, mirrored: bool = False
) -> Gutter:
    """The lines in a gutter of so many columns, which begin on its left and end in an arrow on its
    right; mirrored, the other way round. What finds no track is the least urgent.
    """
    found = nets(wires)
    drawn = _fitting([net for net in found if not net.straight], width - SPARE)
    order = ordered(drawn)
    places = _columns(tracks(order), width)
    arms: dict[tuple[int, int], list[_Arm]] = {}
    for net in found:
        if net.straight or net.far in places:
            for wire in net.wires:
                _lay(arms, wire, places.get(net.far, 0), width)
    cells = {place: _cell(some) for place, some in arms.items()}
    for row, column in list(cells):
        if column == width - 1:
            cells[row, column] = Mark(arrow, cells[row, column].role)
    missing = frozenset(net.far for net in found if not net.straight and net.far not in places)
    if mirrored:
        cells = {(row, width - 1 - at): _flipped(one) for (row, at), one in cells.items()}
    return Gutter(cells, missing)


def _fitting(found: list[Net], room: int) -> list[Net]:
    """Those for which there are tracks, the most urgent ones."""
    kept = list(found)
    while kept and max(tracks(ordered(kept)).values()) >= room:
        kept.remove(min(kept, key=lambda net: (max(one.urgency for one in net.wires), -net.far)))
    return kept


def _columns(found: Mapping[int, int], width: int) -> dict[int, int]:
    """Columns of tracks: apart from each other where there is room, in the middle of the gutter."""
    count = max(found.values(), default=-1) + 1
    apart = 2 if 2 * count - 1 <= width - SPARE else 1
    first = 1 + max(0, width - SPARE - (apart * (count - 1) + 1)) // 2
    return {far: first + apart * track for far, track in found.items()}


@frozen
class _Arm:
    side: int
    wire: Wire


def _lay(arms: dict[tuple[int, int], list[_Arm]], wire: Wire, track: int, width: int) -> None:
    """Draw one line: to its track, along it, and on to where it leads."""
    down = range(wire.near, wire.far, 1 if wire.near < wire.far else -1)
    path = [(wire.near, column) for column in range(track)]
    path += [(row, track) for row in down]
    path += [(wire.far, column) for column in range(track, width)]
    _join(arms, wire, [(wire.near, -1), *path, (wire.far, width)])


def _join(
    arms: dict[tuple[int, int], list[_Arm]], wire: Wire, path: Sequence[tuple[int, int]]
) -> None:
    """Give the cells of a path, its ends left out, arms to their neighbours on it."""
    for before, here, after in zip(path, path[1:], path[2:], strict=False):
        for other in (before, after):
            arms.setdefault(here, []).append(_Arm(_side(here, other), wire))


def _side(here: tuple[int, int], other: tuple[int, int]) -> int:
    if here[0] != other[0]:
        return UP if other[0] < here[0] else DOWN
    return LEFT if other[1] < here[1] else RIGHT


def _cell(some: Sequence[_Arm]) -> Mark:
    """The character in which lines meet, in the role of the most urgent of them."""
    weights = [0, 0, 0, 0]
    for arm in some:
        weights[arm.side] = max(weights[arm.side], arm.wire.weight)
    first = max((arm.wire for arm in some), key=attrgetter("urgency"))
    broken = all(arm.wire.broken for arm in some)
    return Mark(
        character((weights[0], weights[1], weights[2], weights[3]), broken=broken), first.role
    )


ARROWS = {"▶": "◀"}


def _flipped(mark: Mark) -> Mark:
    """A cell of a gutter as it looks in a mirror."""
    up, right, down, left = ARMS.get(mark.text, (0, 0, 0, 0))
    shown = character((up, left, down, right)) if mark.text in ARMS else mark.text
    return Mark(ARROWS.get(shown, shown), mark.role)


def brackets(found: Collection[Wire], width: int) -> Gutter:
    """Lines whose both ends are on the right of a margin: from row `far` to every `near`.

    No two of the lines have an end in one row.
    """
    arms: dict[tuple[int, int], list[_Arm]] = {}
    longest = sorted(nets(found), key=lambda net: (net.high - net.low, net.far))
    taken: list[list[Net]] = []
    for net in longest:
        track = next((n for n, some in enumerate(taken) if not any(map(net.meets, some))), None)
        if track is None:
            track = len(taken)
            taken.append([])
        taken[track].append(net)
    missing = frozenset(net.far for some in taken[max(0, width - 1) :] for net in some)
    for track, some in enumerate(taken[: max(0, width - 1)]):
        for wire in (wire for net in some for wire in net.wires):
            _bend(arms, wire, width - 2 - track, width)
    cells = {place: _cell(some) for place, some in arms.items()}
    for net in longest:
        for row in net.near:
            if (row, width - 1) in cells:
                cells[row, width - 1] = Mark("▶", cells[row, width - 1].role)
    return Gutter(cells, missing)


def _bend(arms: dict[tuple[int, int], list[_Arm]], wire: Wire, track: int, width: int) -> None:
    """Draw a line from the right edge to its track, along it, and back to the right edge."""
    down = range(wire.far, wire.near, 1 if wire.far < wire.near else -1)
    path = [(wire.far, column) for column in range(width - 1, track, -1)]
    path += [(row, track) for row in down]
    path += [(wire.near, column) for column in range(track, width)]
    _join(arms, wire, [(wire.far, width), *path, (wire.near, width)])
