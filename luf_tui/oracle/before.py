"""What an address, or a position of a file, was before operations that are in flight: copies of
what is promised, the oldest first, at most `LAYERS` of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from luf_tui.machine.regions import Field, Region
from luf_tui.machine.schema import (
    LAYERS,
    Before,
    Context,
    FileBefore,
    FilePage,
    Held,
    Promise,
    Shadow,
)

Layer = TypeVar("Layer", Before, FileBefore)


def is_open(world: Shadow | FileBefore, cpu: int) -> bool:
    """Whether a CPU may still find what was before an operation in flight; what is now, always."""
    return not isinstance(world, Before | FileBefore) or not world.seen >> cpu & 1


def kept(region: Region[Layer], now: Promise | FilePage) -> list[Layer]:
    """What something was before the operations in flight, the oldest first."""
    first = now.index * LAYERS
    return [layer for layer in region[first : first + LAYERS] if layer.owner is not None]


def keep(region: Region[Layer], now: Held, fields: Sequence[Field], actor: Context) -> Layer | None:
    """A copy of what is there now, for an operation in flight; None where there is no place
    left for one, and the last says that anything goes.
    """
    first = now.index * LAYERS
    layers = region[first : first + LAYERS]
    free = next((one for one in layers if one.owner is None), None)
    if free is None:
        layers[-1].vague, layers[-1].owner = 1, actor
        return None
    for declared in fields:
        declared.write(free, declared.raw(now))
    free.seen, free.owner = 0, actor
    return free


def drop(
    region: Region[Before] | Region[FileBefore],
    layer: Before | FileBefore,
    fields: Sequence[Field],
    now: Held,
) -> None:
    """What was before an operation that is over is gone. An older operation that is still in
    flight has what is there now before it; where only rights changed, its bytes, and those
    rights.
    """
    first = layer.index - layer.index % LAYERS
    for older in region[first : layer.index]:
        if isinstance(layer, Before) and isinstance(older, Before) and layer.to is now:
            assert isinstance(now, Promise)
            older.read, older.write = now.read, now.write
            continue
        for declared in fields:
            declared.write(older, declared.raw(now))
        older.seen = 0
        if isinstance(older, Before):
            older.to = None
    for number in range(layer.index, first + LAYERS - 1):
        region[number].assign(region[number + 1])
    region[first + LAYERS - 1].clear()
