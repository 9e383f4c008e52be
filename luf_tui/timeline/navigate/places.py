"""Keeping one's place: in another run of a program, and in an edited one."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from luf_tui.script.program import Program, Race
from luf_tui.timeline.timeline import Timeline


def same_place(old: Timeline, new: Timeline, position: int) -> int:
    """The position in `new` that stands where `position` stands in `old`.

    The item and the offset within it are kept. Where the item is gone or was never reached,
    the place is the end of the last item before it that exists in both.
    """
    if position == 0:
        return 0
    item = old.item_at(position)
    twin = _twin_of(old.program, new.program)
    while item >= 0:
        steps, twins = old.item_steps(item), new.item_steps(twin(item))
        if twins and position in steps:
            whole = position == steps[-1]
            return twins[-1] if whole else min(twins[0] + position - steps[0], twins[-1])
        if twins:
            return twins[-1]
        item -= 1
    return 0


def _twin_of(old: Program, new: Program) -> Callable[[int], int]:
    """The number of an item of `old` in `new`, -1 where there is none."""
    if old.recorded is None or new.recorded is None:
        pairs = matching_items(old, new)
        return lambda number: pairs.get(number, -1)
    # A file that is read further, or once more: what happened is numbered as before.
    count = min(len(old.items), len(new.items))
    return lambda number: number if number < count else -1


def same_line(old: Program, new: Program, line: int) -> int:
    """The line of `new` that says what `line` says in `old`; the same number where none does.

    A line of a race goes with the race.
    """
    if old is new or old.recorded is not None or old.source == new.source:
        return line
    above = [n for n, item in enumerate(old.items) if item.span.line <= line]
    number = above[-1] if above else -1
    if number < 0 or (
        old.items[number].span.line < line and not isinstance(old.items[number], Race)
    ):
        return line
    twin = matching_items(old, new).get(number, -1)
    if twin < 0:
        return line
    return new.items[twin].span.line + line - old.items[number].span.line


def matching_items(old: Program, new: Program) -> dict[int, int]:
    """Items of two versions of a program that are the same lines: old number -> new number."""
    if old.items == new.items:
        return {number: number for number in range(len(old.items))}
    matcher = difflib.SequenceMatcher(
        None,
        [item_text(old, i) for i in range(len(old.items))],
        [item_text(new, i) for i in range(len(new.items))],
        autojunk=False,
    )
    pairs: dict[int, int] = {}
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and a_end - a == b_end - b):
            pairs.update(zip(range(a, a_end), range(b, b_end), strict=True))
    return pairs


def item_text(program: Program, item: int) -> str:
    """The words of an item, whatever the spaces between them."""
    return " ".join(program.items[item].text.split())
