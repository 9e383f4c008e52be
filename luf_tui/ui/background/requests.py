"""What threads make for the screen: handed over to the run it was asked for, or dropped."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from luf_tui.policy.base import Policy
from luf_tui.script.program import Program

RUN = "run"
"""The kind of a request for a recording that is to be shown in the place of what is shown."""

Made = TypeVar("Made")
Then = Callable[[], None]


@frozen
class RunKey:
    """What decides a run: the program, this very one, and the policy."""

    program: Program = field(eq=id)
    policy: str
    without: tuple[str, ...]


def run_of(program: Program, policy: Policy) -> RunKey:
    """The run that a program makes under a policy."""
    return RunKey(program, policy.name, policy.without)


class Job(ABC, Generic[Made]):
    """Something that is made in a thread of its own, begun at once."""

    def __init__(self, name: str) -> None:
        """`name` is the thread's."""
        self.future: Future[Made] = Future()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    @abstractmethod
    def stop(self) -> None:
        """Come to an end soon, with what there is."""

    def done(self, seconds: float = 0.0) -> bool:
        """Whether it is over, after waiting so long for it."""
        return not wait([self.future], seconds).not_done

    @abstractmethod
    def _make(self) -> Made:
        """In the thread."""

    def _run(self) -> None:
        self.future.set_running_or_notify_cancel()
        try:
            made = self._make()
        except Exception as error:  # noqa: BLE001 - raised again for whoever asks for the result
            self.future.set_exception(error)
        else:
            self.future.set_result(made)


def nothing() -> None:
    """What is done about a request dropped that nobody misses."""


@frozen(eq=False)
class Request:
    """A job under way, what was shown when it was asked for, and what follows."""

    job: Job[Any]
    shown: object
    deliver: Then
    dropped: Then


class Requests:
    """Jobs under way for one screen, at most one of a kind: a later one takes its place."""

    def __init__(self, shown: Callable[[], object], post: Callable[[Then], object]) -> None:
        """`shown` tells what requests are made for; one is dropped when that has changed.

        `post` may be called in any thread, and has the screen's own thread call what it is given.
        """
        self._shown = shown
        self._post = post
        self._open: dict[str, Request] = {}

    def __contains__(self, kind: object) -> bool:
        """Whether a request of this kind is under way."""
        return kind in self._open

    def under_way(self, kind: str) -> Job[Any] | None:
        """The job of the request of this kind that is under way."""
        request = self._open.get(kind)
        return request.job if request is not None else None

    def ask(self, kind: str, job: Job[Any], deliver: Then, dropped: Then = nothing) -> None:
        """Call `deliver` when the job is over, or `dropped` when it came in late."""
        self.withdraw(kind)
        request = self._open[kind] = Request(job, self._shown(), deliver, dropped)
        hand_over = partial(self._hand_over, kind, request)
        job.future.add_done_callback(lambda _: self._post(hand_over))

    def withdraw(self, kind: str) -> None:
        """Nobody waits any more for what is under way of this kind."""
        request = self._open.pop(kind, None)
        if request is not None:
            request.job.stop()
            request.dropped()

    def withdraw_all(self) -> None:
        """Nobody waits for anything any more."""
        for kind in tuple(self._open):
            self.withdraw(kind)

    def _hand_over(self, kind: str, request: Request) -> None:
        if self._open.get(kind) is not request:
            return
        del self._open[kind]
        follows = request.deliver if request.shown == self._shown() else request.dropped
        follows()
