"""Recordings of a real kernel in the app: listed, read, and opened in two parts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from luf_tui.engine.director import Move
from luf_tui.errors import LufError, Refused
from luf_tui.ftrace.reading.source import Source
from luf_tui.policy import own
from luf_tui.policy.base import Policy
from luf_tui.runs import opening
from luf_tui.script.program import Program
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.background.loading import Recording

SOON = 0.3
"""Seconds of replaying after which what there is opens, while the rest is recorded."""
GOES_ON = "the rest of the recording is on its way"
PART = 16
"""Pieces of the text, of 256 KiB each, that are read of a file before something is shown of it."""
SHOWN = 60
"""Lines of a recording that the gallery shows."""


def first_lines(path: Path) -> list[str]:
    """The first lines of a recording. Raises InputError when there are none."""
    pieces = (piece for piece in Source(str(path)).pieces())
    lines = (line for piece in pieces for line in piece.splitlines())
    return list(islice(lines, SHOWN))


def told(moves: Iterable[Move]) -> Iterator[Move]:
    """The same moves; where the replay cannot go on, what there is is kept and it is said why.

    A recording of a kernel that nobody here has seen must not take the app down.
    """
    try:
        yield from moves
    except LufError:
        raise
    except Exception as error:
        if isinstance(own.blamed(error), LufError):
            raise
        name = type(error).__name__
        raise Refused(f"a defect of luf-tui ends the replay here: {name}: {error}") from error


def is_part(run: Timeline) -> bool:
    """Whether more is in the file than was read for it."""
    return run.program.recorded is not None and run.program.recorded.part


class Replay(Recording):
    """A recording of a kernel: whatever goes wrong with it is told, and the app goes on."""

    def result(self) -> Timeline:
        """The run, its cursor at the start. Raises LufError, of a defect, too."""
        try:
            return super().result()
        except LufError:
            raise
        except Exception as error:
            name = type(error).__name__
            raise LufError(f"a defect of luf-tui: {name}: {error}") from error


class Whole(Replay):
    """A recording that is replayed to its end. The machine is built in the thread, too."""

    def __init__(self, program: Program, policy: Policy) -> None:
        self._asked = (program, policy)
        self._stopped = ""
        super().__init__()
        self.name = policy.name

    def stop(self) -> None:
        """Keep what is replayed so far."""
        self._stopped = "stopped by hand"
        super().stop()

    def _record(self) -> Timeline:
        self._recorder, moves = opening.prepare(*self._asked)
        if self._stopped:
            self._recorder.stop(self._stopped)
        return self._recorder.play(told(moves))


class Opening(Replay):
    """A recording being read; its first part is replayed so that there is something to see soon."""

    def __init__(
        self,
        path: Path,
        policy: str | None,
        without: Iterable[str],
        least: int = 0,
        most: int | None = None,
    ) -> None:
        """What is wrong with the file, or with the policy's name, is told by `result`.

        Replayed are at least the facts up to the one numbered `least`, and of a large file `most`
        pieces are read, where 0 is all of it; PART unless it is said.
        """
        # What comes through a pipe is read once.
        self._most = most if most is not None else PART if path.is_file() else 0
        self._least = least
        self._path = path
        self._chosen = (policy, tuple(without))
        self._stopped = ""
        self._share = (0, 0)
        self._program: Program | None = None
        super().__init__()

    @property
    def said(self) -> str:
        """How far it is."""
        return super().said if self._program else self.estimate.told("reading", *self._share)

    def stop(self) -> None:
        """Keep what is replayed so far."""
        self._stopped = "stopped by hand"
        super().stop()

    @property
    def rest(self) -> Callable[[], Recording] | None:
        """Records the whole of it, from the start, where only a part was opened."""
        run = self.result()
        if self._stopped or not run.incomplete:
            return None
        if is_part(run):
            seen = max(0, run.item_at(run.steps))
            return partial(Opening, self._path, *self._chosen, seen, 0)
        return partial(Whole, run.program, opening.policy_of(run.program, *self._chosen))

    def _read(self, done: int, size: int) -> None:
        self._share = (done, size)
        if self._stopped and self._least:
            raise LufError(self._stopped)  # a part is shown, and nobody waits for more

    def _record(self) -> Timeline:
        program = self._program = opening.program(self._path, self._read, self._most)
        policy = opening.policy_of(program, *self._chosen)
        recorder, moves = opening.prepare(program, policy)
        self._recorder = recorder
        if self._stopped:
            recorder.stop(self._stopped)
        clock = threading.Timer(SOON, recorder.stop, (GOES_ON,))
        clock.daemon = True
        try:
            run = recorder.play(self._timed(clock, told(moves)))
        finally:
            clock.cancel()
        if is_part(run) and not run.incomplete:
            run.incomplete = f"{GOES_ON} after micro-step {run.steps}"
        return run

    def _timed(self, clock: threading.Timer, moves: Iterable[Move]) -> Iterator[Move]:
        """The same moves; the clock starts once what was shown before is there again."""
        waits = True
        for move in moves:
            if waits and move.item >= self._least:
                waits = False
                clock.start()
            yield move
