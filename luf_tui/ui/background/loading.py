"""From a file to a recorded run; slow recordings go on in a thread and can be stopped."""

from __future__ import annotations

from collections.abc import Iterable

from luf_tui.engine.director import Move
from luf_tui.policy import own
from luf_tui.policy.base import Policy
from luf_tui.runs import opening
from luf_tui.script.program import Program
from luf_tui.timeline.ask.model_time import model_time
from luf_tui.timeline.recorder import Recorder
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.background.estimate import Estimate
from luf_tui.ui.background.requests import Job

AT_ONCE = 0.3
"""Seconds a recording may take before it is shown as going on."""
POLL = 0.1
"""Seconds between two pictures of what goes on in a thread."""


class Recording(Job[Timeline]):
    """A recording in a thread of its own. Reads the program, touches nothing else."""

    def __init__(self, program: Program | None = None, policy: Policy | None = None) -> None:
        """Without a program, `_record` is a subclass's and finds its own."""
        self.name = policy.name if policy else ""
        self.estimate = Estimate()
        self._recorder: Recorder | None = None
        self._moves: Iterable[Move] = ()
        if program is not None and policy is not None:
            self._recorder, self._moves = opening.prepare(program, policy)
        super().__init__("recording")

    @property
    def steps(self) -> int:
        """Micro-steps recorded so far."""
        return self._recorder.position if self._recorder else 0

    @property
    def said(self) -> str:
        """How far it is, and about how long the rest takes. Of a scenario, one of whose lines may
        take longer than all others, the share is not known.
        """
        recorder = self._recorder
        if recorder is None:
            return "about to begin"
        if recorder.program.recorded is None:
            return f"{self.steps:,} micro-steps"
        done, total = recorder.steps.item[-1] + 1, len(recorder.program.items)
        return self.estimate.told("replaying", done, total)

    def stop(self) -> None:
        """Keep what is recorded and play no further."""
        if self._recorder:
            self._recorder.stop("stopped by hand")

    def soon(self) -> bool:
        """Whether it is done in a moment, and need not be shown going on."""
        return self.done(AT_ONCE)

    def result(self) -> Timeline:
        """The run, its cursor at the start. Raises what went wrong."""
        error = self.future.exception()
        if isinstance(error, Exception):
            raise own.blamed(error) from error
        return self.future.result()

    def _make(self) -> Timeline:
        made = self._record()
        made.seek(0)
        model_time(made)  # of a long run it takes a while, and its lanes want it at once
        return made

    def _record(self) -> Timeline:
        assert self._recorder is not None
        return self._recorder.play(self._moves)
