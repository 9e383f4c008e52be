"""A search that was left off, as one file to go on from: an archive of arrays, as numpy has it.

Rows are not kept, they are learnt again within seconds: only what came to pass by them is.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from luf_tui.errors import LufError
from luf_tui.search.rows.fingerprints import Run
from luf_tui.search.rows.index import columns_of, states_of, wide
from luf_tui.search.rows.levels import Levels
from luf_tui.search.rows.one_by_one import Level, OneByOne
from luf_tui.search.rows.packing import Layout
from luf_tui.search.rows.space import Elsewhere, Space

Arrays: TypeAlias = dict[str, NDArray[Any]]
Figures: TypeAlias = dict[str, Any]
Asked: TypeAlias = Mapping[str, str]
"""What a search is of, in words that tell it from every other."""

FIRST = "luf-tui search"
"""The name of what is first in the file; the figures, as JSON."""
FORM = 2
"""Goes up when a file of before can no longer be read."""


class Unusable(LufError):
    """A file from which this search cannot go on."""


# -- saving ---------------------------------------------------------------------------------------


def write(
    file: BinaryIO,
    asked: Asked,
    figures: Figures,
    space: Space,
    one_by_one: OneByOne,
    levels: Levels | None,
) -> None:
    """Write a search that ended before it was ready. Raises OSError."""
    parents, turns = space.ways.arrays
    arrays: Arrays = {
        "places": np.array([*space.learner.layout.places.items()], np.uint64).reshape(-1, 2),
        "parents": _numbers(parents),
        "turns": _numbers(turns),
    }
    told = {
        "form": FORM,
        "asked": dict(asked),
        **figures,
        "depth": space.depth,
        "turns_tried": space.turns_tried,
        "deviations": space.deviations,
        "finals": space.finals,
        "breaks": space.breaks,
        "stuck": space.stuck,
        "facts": sorted(space.facts, key=str),
        "verdicts": sorted(space.verdicts.items()),
        "failed": sorted(space.failed.items()),
        "learnt": space.learnt,
        "checked": space.checked,
        "at": levels.first if levels else one_by_one.at,
    }
    if levels:
        arrays |= _of_levels(levels)
        told |= {"keep": levels.keep, "kept_to": levels.kept_to, "kept": len(levels.kept)}
    else:
        arrays |= _of_one_by_one(one_by_one, space.learner.layout)
        told["following"] = one_by_one.following[0][0] if one_by_one.following else len(space.ways)
    first = np.frombuffer(json.dumps(told).encode(), np.uint8)
    np.savez(file, allow_pickle=False, **{FIRST: first, **arrays})


def _of_levels(levels: Levels) -> Arrays:
    words = levels.space.learner.layout.words
    made = [wide(part, words) for part in (np.zeros((words, 0), np.uint64), *levels.made)]
    arrays: Arrays = {
        "states": wide(levels.states, words),
        "made": np.concatenate(made, axis=1),
    }
    for number, level in enumerate(levels.kept):
        arrays[f"kept {number}"] = wide(level, words)
    for number, (part, run) in enumerate(levels.seen.runs()):
        arrays[f"seen {number} {part} first"] = run.first
        arrays[f"seen {number} {part} second"] = run.second
    return arrays


def _of_one_by_one(one_by_one: OneByOne, layout: Layout) -> Arrays:
    arrays: Arrays = {
        "states": columns_of(one_by_one.seen, layout.words),
        "sources": _numbers(one_by_one.sources),
        "targets": _numbers(one_by_one.targets),
        "ipis": _numbers(one_by_one.ipis),
        "ends": np.array(one_by_one.ends, np.uint32),
    }
    return arrays


def _numbers(values: array[int]) -> NDArray[Any]:
    return np.frombuffer(values, f"u{values.itemsize}")


# -- going on -------------------------------------------------------------------------------------


class Saved:
    """A search as a file has it. Raises Unusable for a file that has none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._arrays() as arrays:
            self.figures: Figures = json.loads(arrays[FIRST].tobytes())
            if self.figures["form"] != FORM:
                self.figures = {**self.figures, "asked": {}}

    def expect(self, asked: Asked) -> None:
        """Raise Unusable when it is a search of something else."""
        was = self.figures["asked"]
        for what, now in asked.items():
            if was.get(what) != now:
                said = f"its {what} is {was.get(what, 'another')}, and here it is {now}"
                raise Unusable(
                    f"{self.path}: no search to go on with: {said}; say what it was saved with, or "
                    "leave --resume out"
                )

    def take_up(self, space: Space, one_by_one: OneByOne) -> tuple[Level, Level]:
        """Put a search that goes one by one where it was left: what is left of its level, and
        what is known of the next one. Raises Unusable.
        """
        with self._arrays() as arrays:
            self._take_up(space, arrays)
            states = states_of(arrays["states"])
            one_by_one.seen.clear()
            one_by_one.seen.update(zip(states, range(len(states)), strict=True))
            for name in ("sources", "targets", "ipis"):
                values: array[int] = getattr(one_by_one, name)
                values.frombytes(_bytes(arrays[name], values.typecode))
            one_by_one.ends = arrays["ends"].tolist()
            at, following = self.figures["at"], self.figures["following"]
            level = [*zip(range(at, following), states[at:following], strict=True)]
            return level, [*zip(range(following, len(states)), states[following:], strict=True)]

    def take_up_levels(self, levels: Levels) -> None:
        """Put a search by levels that has seen nothing where it was left. Raises Unusable."""
        with self._arrays() as arrays:
            self._take_up(levels.space, arrays)
            levels.first = self.figures["at"]
            levels.states, levels.made = arrays["states"], [arrays["made"]]
            levels.keep, levels.kept_to = self.figures["keep"], self.figures["kept_to"]
            levels.kept = [arrays[f"kept {number}"] for number in range(self.figures["kept"])]
            for name in arrays:
                if name.startswith("seen ") and name.endswith(" first"):
                    second = arrays[name.removesuffix("first") + "second"]
                    levels.seen.put(int(name.split()[2]), Run(arrays[name], second))

    def _take_up(self, space: Space, arrays: Mapping[str, NDArray[Any]]) -> None:
        figures, layout = self.figures, space.learner.layout
        for cell, place in arrays["places"].tolist():
            if layout.place(cell) != place:
                raise ValueError("cells stand elsewhere")
        parents, turns = arrays["parents"], arrays["turns"]
        space.ways.extend(_bytes(parents[1:], "I"), _bytes(turns[1:], "H"))
        space.depth, space.turns_tried = figures["depth"], figures["turns_tried"]
        space.deviations, space.finals = figures["deviations"], figures["finals"]
        space.breaks = [(number, turn) for number, turn in figures["breaks"]]
        space.stuck = [(number, tuple(waiting)) for number, waiting in figures["stuck"]]
        space.hear_all(
            dict(figures["verdicts"]),
            {code: (number, turn) for code, (number, turn) in figures["failed"]},
        )
        facts = frozenset((kind, about) for kind, about in figures["facts"])
        space.elsewhere = Elsewhere(facts, figures["learnt"], figures["checked"])

    @contextmanager
    def _arrays(self) -> Iterator[Mapping[str, NDArray[Any]]]:
        """The arrays, each read when it is asked for; what can go wrong is Unusable."""
        try:
            with self.path.open("rb") as file:
                archive = np.load(file, allow_pickle=False)
                if not isinstance(archive, np.lib.npyio.NpzFile):
                    raise ValueError("another file of numpy's")
                with archive:
                    yield archive
        except OSError as error:
            raise Unusable(
                f"{self.path}: {error.strerror or error}; say a file of --save"
            ) from None
        except (
            ValueError,
            LookupError,
            TypeError,
            EOFError,
            RuntimeError,
            zipfile.BadZipFile,
            zlib.error,
        ):
            raise Unusable(
                f"{self.path}: not a search that --save wrote, or damaged; leave --resume out"
            ) from None


def _bytes(values: NDArray[Any], typecode: str) -> memoryview:
    return np.asarray(values, typecode).view(np.uint8).data
