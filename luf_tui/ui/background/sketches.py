"""What the run of a scenario shows, in a line: found out beside what the person does."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

from luf_tui.runs import opening
from luf_tui.script.program import Race
from luf_tui.view.marks import Mark
from luf_tui.view.panes.bars import condensed

MOST_SECONDS = 1.0
"""Seconds after which a run is sketched as far as it has come."""
LARGEST = 200_000
"""Bytes of a file above which nobody asked for its run yet."""
NARROW, WIDE = 12, 60
"""Cells of the strips that are drawn of a run."""
Stamp: TypeAlias = "tuple[int, int]"
"""When a file was written last, in ns, and its size in bytes."""


@frozen
class Sketch:
    """A run in a line."""

    policy: str
    races: int
    steps: int
    violations: int
    expected: int
    """Expectations judged."""
    failed: int
    """Of these, how many do not hold."""
    stopped: str
    """Why this is not the whole run; empty when it is."""
    narrow: tuple[Mark, ...]
    wide: tuple[Mark, ...]

    @property
    def told(self) -> str:
        """The figures in words."""
        parts = [_counted(self.steps, "micro-step")]
        if self.races:
            parts.append(_counted(self.races, "race"))
        if self.violations:
            parts.append(_counted(self.violations, "violation"))
        if self.expected:
            held = self.expected - self.failed
            parts.append(f"{held} of {self.expected} expectations hold")
        parts.append(f"under {self.policy}")
        return ", ".join(parts) + (f"; {self.stopped}" if self.stopped else "")


def stamp_of(path: Path) -> Stamp:
    """What changes when a file does. Raises OSError where it is not."""
    state = path.stat()
    return state.st_mtime_ns, state.st_size


def sketch(path: Path) -> Sketch:
    """Play a scenario to its end, or as far as it comes in a moment. Raises LufError."""
    program = opening.program(path)
    recorder, moves = opening.prepare(program, opening.policy_of(program))
    clock = threading.Timer(MOST_SECONDS, recorder.stop, ("it goes on",))
    clock.daemon = True
    clock.start()
    try:
        run = recorder.play(moves)
    finally:
        clock.cancel()
    count = run.counters(run.steps)
    gone = "".join(f" without {guard}" for guard in run.policy.without)
    return Sketch(
        f"{run.policy.name}{gone}",
        sum(isinstance(item, Race) for item in program.items) if not program.recorded else 0,
        run.steps,
        count.violations,
        len(run.outcomes),
        sum(not outcome.held for outcome in run.outcomes),
        run.incomplete or "".join(f"refused: {one.reason}" for one in run.refusals[-1:]),
        condensed(run, min(NARROW, run.steps + 1)),
        condensed(run, min(WIDE, run.steps + 1)),
    )


class Sketches:
    """Sketches known so far, of files as they are now. Shared by all galleries of one app."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamp, Sketch | None]] = {}

    def of(self, path: Path) -> Sketch | None:
        """The sketch of a file, where it is known and there is one."""
        known = self._known.get(path)
        return known[1] if known else None

    def due(self, path: Path) -> bool:
        """Whether a file has to be looked at, for the first time or again."""
        try:
            stamp = stamp_of(path)
        except OSError:
            return False
        known = self._known.get(path)
        return known is None or known[0] != stamp

    def look(self, path: Path) -> None:
        """Find out about a file, which takes a moment. Raises LufError for what is wrong with it,
        which is known from then on. A large file is left alone: it would be in the way.
        """
        stamp = stamp_of(path)
        self._known[path] = (stamp, None)
        if stamp[1] <= LARGEST:
            self._known[path] = (stamp, sketch(path))


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
