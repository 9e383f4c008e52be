"""One question under other names: what those who may do the same do when they change places.

The engine is asked each question of a state and, with the names changed, of the state that this
is under them; both have to come to the same, with the names changed. A row then depends on all
that any of them looks at, so that what was compared once holds for every state that takes the row.
Nothing else is trusted: neither who may do the same, nor which cells name whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from luf_tui.search.rows.learner import Answer, Ask, Learner, NotAlike, Ran
from luf_tui.search.rows.packing import State, TooWide

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luf_tui.search.rows.known import Known
    from luf_tui.search.rows.names.permuted import Moved


@frozen
class Image:
    """A question under other names."""

    moved: Moved
    parts: tuple[int, ...]
    """What they change, as `NotAlike` has it."""
    ask: Ask
    given: Mapping[int, int]
    """What becomes of the turns or contexts that an answer names."""
    known: Callable[[], Known]
    """What is known of that question."""


@frozen
class ToldBeside:
    """What an image came to: a row of its own question."""

    image: Image
    state: State
    answer: Answer
    reads: frozenset[int]
    written: Mapping[int, int]


def alike(learner: Learner, before: Sequence[int], ran: Ran, images: Sequence[Image]) -> Ran:
    """The same as what the engine said, read and wrote, with all that the answer depends on because
    of its images. Raises NotAlike where one of these is not the same.
    """
    import numpy as np  # noqa: PLC0415 - small races do without it

    answer, read, written = ran
    first = np.array(before, np.int64)
    last = first.copy()
    last[[*written]] = [*written.values()]
    depends = dict.fromkeys(read)
    facts = answer.facts
    cells = learner.cells
    ran_there: list[tuple[Image, NDArray[np.int64], Answer, dict[int, int]]] = []
    for image in images:
        moved = image.moved
        start = moved.cells(first)
        cells.restore(start.astype(cells.typecode).tobytes())
        other, read_there, written_there = learner.run(image.ask)
        end = start.copy()
        end[[*written_there]] = [*written_there.values()]
        given = sorted(image.given.get(one, one) for one in answer.given)
        wanted = evolve(answer, given=tuple(given), facts=other.facts)
        same = wanted == evolve(other, given=tuple(sorted(other.given)))
        if not same or (moved.cells(last) != end).any():
            raise NotAlike(image.parts)
        facts |= other.facts
        depends.update(dict.fromkeys(_more(moved, written, read_there, written_there)))
        ran_there.append((image, start, other, written_there))
    learner.beside = [
        told
        for image, start, other, wrote in ran_there
        if (told := _told(learner, image, start, evolve(other, facts=facts), depends, wrote))
    ]
    return evolve(answer, facts=facts), depends, written


def _told(
    learner: Learner,
    image: Image,
    start: NDArray[np.int64],
    answer: Answer,
    depends: Iterable[int],
    wrote: Mapping[int, int],
) -> ToldBeside | None:
    """What an image came to, as far as its values fit their cells."""
    layout = learner.layout
    values = start.tolist()
    try:
        state = layout.packed(
            {cell: value for cell, value in enumerate(values) if value != layout.first[cell]}
        )
    except TooWide:
        return None
    target = image.moved.target
    reads = frozenset(int(target[cell]) for cell in depends)
    return ToldBeside(image, state, answer, reads, wrote)


def _more(
    moved: Moved, written: Mapping[int, int], read: Iterable[int], wrote: Mapping[int, int]
) -> Iterator[int]:
    """What an answer depends on because of an image: what is read there, what one of them writes
    and the other leaves alone, and all that says what any of these cells means.
    """
    here = {moved.source[cell] for cell in wrote}
    for cell in (*(moved.source[one] for one in read), *here.symmetric_difference(written)):
        yield cell
        yield from moved.meant_by(cell)
    for cell in here.intersection(written):
        yield from (other for other in moved.meant_by(cell) if other not in written)
    for cell in written:
        for other in moved.decided_by(cell):
            if other not in written:
                yield from (cell, other, *moved.meant_by(other))
