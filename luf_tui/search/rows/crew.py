"""Processes forked from this one that do the same stages of work at the same time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any, TypeAlias

from luf_tui.errors import LufError
from luf_tui.search.pool import deaf
from luf_tui.search.process_memory import alone
from luf_tui.search.rows.packing import StartOver

Work: TypeAlias = Callable[[str, Sequence[Any]], Any]
"""Does a stage, by its name, with some words; raises LufError, StartOver."""


def can_fork() -> bool:
    """Whether this system lets a process go on as two."""
    return "fork" in multiprocessing.get_all_start_methods()


class Crew:
    """This process, which is number 0, and others up to `jobs` in all, each with its own `work`.

    `begin` is called in each of the others with its number. They do not see Ctrl-C. Raises LufError
    when a process cannot be had, or has ended.
    """

    def __init__(self, jobs: int, begin: Callable[[int], None], work: Work) -> None:
        self._work = work
        self._pipes: list[Connection] = []
        self.processes: list[ForkProcess] = []
        context = multiprocessing.get_context("fork")
        try:
            with deaf():
                for number in range(1, jobs):
                    ours, theirs = context.Pipe()
                    self._pipes.append(ours)
                    words = (theirs, [*self._pipes], number, begin, work)
                    process = context.Process(target=_serve, args=words, daemon=True)
                    process.start()
                    self.processes.append(process)
                    theirs.close()
        except OSError as error:
            self.close()
            raise LufError(
                f"--jobs: no other process can be had ({error.strerror or error}); leave it out"
            ) from None

    @property
    def memory(self) -> int:
        """Bytes that the others hold and share with nobody."""
        return sum(alone(process.pid or 0) for process in self.processes)

    def all(self, stage: str, words: Sequence[Sequence[Any]]) -> list[Any]:
        """What everybody's work comes to at one stage, in order, each with its own words."""
        for number in range(1, len(words)):
            self._send(number, stage, words[number])
        own = self._work(stage, words[0])
        return [own, *(self._received(number) for number in range(1, len(words)))]

    def one(self, number: int, stage: str, words: Sequence[Any]) -> Any:
        """The same of one of them."""
        if number == 0:
            return self._work(stage, words)
        self._send(number, stage, words)
        return self._received(number)

    def close(self) -> None:
        """End the others, whatever they are at."""
        for pipe in self._pipes:
            pipe.close()
        for process in self.processes:
            process.kill()
            process.join()
            process.close()
        self._pipes, self.processes = [], []

    def _send(self, number: int, stage: str, words: Sequence[Any]) -> None:
        try:
            self._pipes[number - 1].send((stage, words))
        except OSError:
            raise _ended() from None

    def _received(self, number: int) -> Any:
        try:
            done, answer = self._pipes[number - 1].recv()
        except (EOFError, OSError):
            raise _ended() from None
        if not done:
            raise answer
        return answer


def _ended() -> LufError:
    return LufError("a process of --jobs ended, perhaps for want of memory; leave --jobs out")


def _serve(
    pipe: Connection,
    others: Sequence[Connection],
    number: int,
    begin: Callable[[int], None],
    work: Work,
) -> None:
    """What a process does: one stage after the other, until nobody asks any more."""
    for other in others:
        other.close()
    begin(number)
    while True:
        try:
            stage, words = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            told = True, work(stage, words)
        except (LufError, StartOver) as error:
            told = False, error
        try:
            pipe.send(told)
        except OSError:
            return
