"""Several plays of one recording, one after the other or at once, with the same results."""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, TypeVar

from luf_tui.errors import LufError
from luf_tui.ftrace.replay.outcome import Progress

Answer = TypeVar("Answer")
Work = Callable[[int, Progress | None], Answer]
"""Does one of several things, by its number, and tells how far it is."""
LOOKS = 0.2
"""Seconds after which processes are asked how far they are."""


def can_fork() -> bool:
    """Whether this system lets a process go on as two, so that a recording is read once."""
    return "fork" in multiprocessing.get_all_start_methods()


def all_done(
    work: Work[Answer], count: int, jobs: int, tell: Callable[[int, int, int], None] | None = None
) -> list[Answer]:
    """The answers of `work` for the numbers below `count`, in their order, by up to `jobs`
    processes that have everything that this one has. `tell` is given a number, and how far that one
    is. Raises LufError for a process that ended.
    """
    if min(jobs, count) <= 1:
        told = [partial(tell, number) if tell else None for number in range(count)]
        return [work(number, told[number]) for number in range(count)]
    context = multiprocessing.get_context("fork")
    so_far = context.RawArray("Q", 2 * count)
    pool = ProcessPoolExecutor(
        min(jobs, count), mp_context=context, initializer=_begin, initargs=(work, so_far)
    )
    with pool:
        try:
            waited = [pool.submit(_do, number) for number in range(count)]
            running = set(waited)
            while running:
                running = wait(running, LOOKS).not_done
                for number in range(count if tell else 0):
                    done, total = so_far[2 * number : 2 * number + 2]
                    if total and tell is not None:
                        tell(number, done, total)
            return [one.result() for one in waited]
        except BrokenProcessPool:
            raise LufError("a process of --jobs ended; try again with fewer") from None
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            raise


class _Here:
    """What a process was started for."""

    work: Work[Any]
    so_far: list[int]


def _begin(work: Work[Any], so_far: list[int]) -> None:
    """Take the work over. Ctrl-C ends the process without a word; who started it speaks."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.freeze()
    _Here.work, _Here.so_far = staticmethod(work), so_far


def _do(number: int) -> Any:
    def told(done: int, total: int) -> None:
        _Here.so_far[2 * number : 2 * number + 2] = [done, total]

    return _Here.work(number, told)
