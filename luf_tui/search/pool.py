"""Several processes that do one kind of work, with the same results in the same order as one."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Generic, TypeVar

from luf_tui.errors import LufError

Task = TypeVar("Task")
Answer = TypeVar("Answer")
AHEAD = 4
"""Tasks a process may be ahead of the answer that is waited for."""


class Pool(Generic[Task, Answer]):
    """`jobs` processes, each with its own worker: `make` is called in it once and gives it.

    `make`, tasks and answers travel between processes, so they must be picklable. Processes are
    started fresh, not forked, so that it works with threads about; they do not see Ctrl-C.
    """

    def __init__(self, jobs: int, make: Callable[[], Callable[[Task], Answer]]) -> None:
        self.jobs = jobs
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        with deaf():
            for _ in range(jobs):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, make), daemon=True)
                process.start()
                theirs.close()
                self._pipes.append(ours)
                self._processes.append(process)

    def __enter__(self) -> Pool[Task, Answer]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, whatever they are at."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
            process.join()
        self._pipes, self._processes = [], []

    def map(self, tasks: Iterable[Task]) -> Iterator[Answer]:
        """The answer to each task, in the order of the tasks.

        Raises LufError for what a worker raised as one, and when a process ended. A pool whose
        answers were not all taken can only be closed.
        """
        waiting = iter(enumerate(tasks))
        idle, busy = list(self._pipes), dict[Connection, int]()
        early: dict[int, Answer] = {}
        wanted, more = 0, True
        while more or busy or early:
            while more and idle and len(early) < AHEAD * len(self._pipes):
                given = next(waiting, None)
                if given is None:
                    more = False
                    break
                pipe = idle.pop(0)
                busy[pipe] = given[0]
                _send(pipe, given[1])
            for ready in wait(list(busy)) if busy else ():
                pipe = next(one for one in busy if one is ready)
                early[busy.pop(pipe)] = _received(pipe)
                idle.append(pipe)
            while wanted in early:
                yield early.pop(wanted)
                wanted += 1


def mapped(
    jobs: int, make: Callable[[], Callable[[Task], Answer]], tasks: Iterable[Task]
) -> Iterator[Answer]:
    """The answer to each task in order, from `jobs` processes, or from this one if that is 1."""
    if jobs <= 1:
        worker = make()
        yield from (worker(task) for task in tasks)
        return
    with Pool(jobs, make) as pool:
        yield from pool.map(tasks)


def _send(pipe: Connection, task: object) -> None:
    try:
        pipe.send(task)
    except OSError:
        raise LufError("a process of --jobs ended; try again with fewer") from None


def _received(pipe: Connection) -> Answer:  # type: ignore[type-var]  # as its tasks say
    try:
        held, answer = pipe.recv()
    except (EOFError, OSError):
        raise LufError("a process of --jobs ended; try again with fewer") from None
    if not held:
        raise LufError(str(answer))
    return answer  # type: ignore[no-any-return]


def _serve(pipe: Connection, make: Callable[[], Callable[[Task], Answer]]) -> None:
    """What a process does: answer tasks until nobody asks any more."""
    worker = None
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            worker = worker or make()
            told: tuple[bool, object] = (True, worker(task))
        except LufError as error:
            told = (False, str(error))
        try:
            pipe.send(told)
        except OSError:
            return


@contextmanager
def deaf() -> Iterator[None]:
    """Processes begun in here do not hear Ctrl-C: who began them decides what is kept. One that is
    typed meanwhile is heard afterwards.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
