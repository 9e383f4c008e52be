"""Whole levels, looked at by several processes: the same results in the same order as by one.

Levels that are small are looked at by this process alone, until there is a large one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from attrs import evolve

from luf_tui.errors import LufError
from luf_tui.search.rows.agreed_rows import Told
from luf_tui.search.rows.crew import Crew
from luf_tui.search.rows.fingerprints import PARTS, Run, Words
from luf_tui.search.rows.levels import BLOCK, Levels, Tried
from luf_tui.search.rows.naming import Naming
from luf_tui.search.rows.packing import State
from luf_tui.search.rows.share import Box, Chunk, Counted, Share, before
from luf_tui.search.rows.space import Space

SHARED = 2048
"""States of a level from which on it is worth while to share it."""
BLOCKS = 8
"""Blocks of a batch for each process."""


class SharedLevels(Levels):
    """Levels for `jobs` processes. With `resumable`, all that is known is here when it ends."""

    def __init__(
        self,
        space: Space,
        seen: Iterable[State],
        most: int = 0,
        naming: Naming | None = None,
        *,
        keep: int = 0,
        jobs: int,
        resumable: bool = False,
    ) -> None:
        super().__init__(space, seen, most, naming, keep=keep)
        self.jobs = jobs
        self.resumable = resumable
        self.looked_up = [0] * jobs
        """States that each process has looked up."""
        self._crew: Crew | None = None
        self._share: Share | None = None
        self._end_of_made = 0
        """Bytes of the next level so far."""
        self._elsewhere = space.elsewhere

    @property
    def memory(self) -> int:
        """Bytes that other processes take beside this one."""
        return self._crew.memory if self._crew else 0

    def look(self, ended: Callable[[], str]) -> str:
        """Search on to the end, as `Levels` does."""
        try:
            why = super().look(ended)
            self._gather()
            return why
        finally:
            self._close()

    # -- sharing ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Let other processes go on from here, too."""
        boxes = [Box() for _ in range(self.jobs)]
        share = self._share = Share(self, 0, boxes)
        words, count = self.states.shape
        share.level.grow(share.size(words, count))
        share.put(share.level, (0, words, count), self.states, self.rows)
        self._elsewhere = self.space.elsewhere
        self._crew = Crew(self.jobs, share.begin, lambda stage, said: getattr(share, stage)(*said))
        share.begin(0)
        self._all("stand_at", (self.first, words, count))

    def _all(self, stage: str, *words: Sequence[Any]) -> list[Any]:
        """One stage of everybody, with the same words or each with its own."""
        assert self._crew is not None
        return self._crew.all(stage, words if len(words) > 1 else [words[0]] * self.jobs)

    def _gather(self) -> None:
        """Have the rows of the others checked, and get back what they know where it is to be
        saved.
        """
        crew, share = self._crew, self._share
        if crew is None or share is None:
            return
        checks = self._elsewhere.checked + sum(self._all("check_rows", ())[1:])
        self.space.elsewhere = evolve(self.space.elsewhere, checked=checks)
        for part in range(PARTS) if self.resumable else ():
            number = part % self.jobs
            if number:
                count = crew.one(number, "give", (part,))
                first, second, *_ = share.boxes[number].columns(count)
                self.seen.put(part, Run(first.copy(), second.copy()))

    def _close(self) -> None:
        if self._crew is not None:
            self._crew.close()
            self._crew = None
        if self._share is not None:
            self._share.close()
            self._share = None

    # -- a level ----------------------------------------------------------------------------------

    def _level(self, ended: Callable[[], str]) -> str:
        if self._crew is None and self.states.shape[1] >= SHARED:
            self._begin()
        if self._crew is None:
            return super()._level(ended)
        try:
            return self._shared_level(ended)
        except OSError as error:
            raise LufError(
                f"--jobs: no memory to share can be had ({error.strerror or error}); leave it out"
            ) from None

    def _shared_level(self, ended: Callable[[], str]) -> str:
        """Take every turn from each state of the level, and stand at the next one, or at those that
        are left when the search ends before.
        """
        share = self._share
        assert share is not None
        count, at, why = self.states.shape[1], 0, ""
        self._end_of_made = self._looked_at = 0
        chunks = [self._chunk_of(part) for part in self.made]
        self.made = []
        self.space.level = range(self.first, self.first + count)
        while at == self._looked_at < count and not self.space.found:
            why = ended()
            if why:
                break
            at = min(count, at + self.jobs * BLOCKS * BLOCK)
            chunks.append(self._batch(self._looked_at, at))
        if self._looked_at < count and not self.space.found:
            why = why or ended()
        if why or self.space.found:
            self.first += self._looked_at
            self.states = self.states[:, self._looked_at :]
            self.made = [share.standing(share.made, chunk)[0] for chunk in chunks]
            return why
        self.first += count
        words = self._width
        share.level.grow(share.size(words, sum(states for _, _, states in chunks)))
        self._all("settle", (self.first, words, chunks))
        return ""

    def _chunk_of(self, states: Words) -> Chunk:
        """States of the next level that were found before the processes parted."""
        assert self._share is not None
        chunk = self._room(*states.shape)
        self._share.put(self._share.made, chunk, states, None)
        return chunk

    def _room(self, words: int, count: int) -> Chunk:
        """Room for so many states of the next level."""
        assert self._share is not None
        chunk = self._end_of_made, words, count
        self._end_of_made += self._share.size(words, count)
        self._share.made.grow(self._end_of_made)
        return chunk

    def _batch(self, begin: int, end: int) -> Chunk:
        """Count what comes of some states, up to where the search ends, and enter the states that
        are new; where those stand.
        """
        share = self._share
        assert share is not None
        parts = [share.part_of(end - begin, number) for number in range(self.jobs)]
        looked = self._all("look", *((begin + one.start, begin + one.stop) for one in parts))
        counts = [one.successors for one in looked]
        new = self._judged(counts, [one.learnt for one in looked])
        if self.naming:
            counts = self._all("name", *((count,) for count in counts))
            new = self._judged(counts, ())
        tried = Tried(
            begin,
            sources=np.zeros(0, np.int64),
            places=np.zeros(0, np.int64),
            rows=np.zeros(0, np.int64),
            prints=self._nothing,
            tried=np.empty(end - begin, np.int64),
            deviations=np.zeros(0, np.int64),
            breaks=[found for one in looked for found in one.breaks],
            stuck=[found for one in looked for found in one.stuck],
            ends=[found for one in looked for found in one.ends],
        )
        self.look_behind(tried)
        upto, cut = (end, 0), None
        if tried.breaks or tried.stuck or 0 < self.most <= len(self.space.ways) + sum(new):
            upto, new = self._cut(tried, counts)
            cut = upto
        ends = np.cumsum(new).tolist()
        share.places.catch_up()
        chunk = self._room(self._width, ends[-1])
        share.ways.grow(8 * ends[-1])
        counted: list[Counted] = self._all(
            "enter", *((counts, cut, chunk, column) for column in (0, *ends[:-1]))
        )
        self._count(
            tried,
            upto,
            sum(one.turns for one in counted),
            sum(one.deviations for one in counted),
        )
        for one in counted:
            self.space.hear_all(one.verdicts, one.failed)
        self.space.ways.extend(*(part.tobytes() for part in share.ways_back(ends[-1])))
        self.looked_up = [one.looked_up for one in counted]
        others = counted[1:]
        checked = self._elsewhere.checked + sum(one.checked for one in others)
        self.space.elsewhere = evolve(self._elsewhere, checked=checked)
        return chunk

    def _judged(self, counts: Sequence[int], learnt: Sequence[Sequence[Told]]) -> list[int]:
        """Have it said of all successors which are new; how many are in each box."""
        return [sum(of_box) for of_box in zip(*self._all("judge", (counts, learnt)), strict=True)]

    def _cut(self, tried: Tried, counts: Sequence[int]) -> tuple[tuple[int, int], list[int]]:
        """Where the search ends, which may be in this batch, and how many of those that are new in
        each box come before.
        """
        assert self._share is not None
        shown = [box.columns(count) for box, count in zip(self._share.boxes, counts, strict=True)]
        new = [np.flatnonzero(one[2]) for one in shown]
        sources = [one[3][at].astype(int) for one, at in zip(shown, new, strict=True)]
        places = [one[4][at].astype(int) for one, at in zip(shown, new, strict=True)]
        whole = evolve(tried, sources=np.concatenate(sources), places=np.concatenate(places))
        upto = self._end(whole, np.arange(len(whole.sources)))
        both = zip(sources, places, strict=True)
        return upto, [int(before(source, place, upto).sum()) for source, place in both]

    @property
    def _nothing(self) -> tuple[Words, Words]:
        return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
