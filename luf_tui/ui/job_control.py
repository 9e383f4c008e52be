"""Coming back after a shell, or somebody else, stopped the process."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType


class JobControl:
    """Between the process and the toolkit, which takes every SIGCONT for the end of a SIGTSTP.

    After a SIGSTOP, which nobody is told of, it would start once more what still runs, and then
    never end.
    """

    def __init__(self, redraw: Callable[[], object]) -> None:
        """`redraw` is called when the process goes on and nothing has to be started."""
        self._redraw = redraw
        self._stop = signal.getsignal(signal.SIGTSTP)
        self._go_on = signal.getsignal(signal.SIGCONT)
        self._told = False
        if callable(self._stop) and callable(self._go_on):
            signal.signal(signal.SIGTSTP, self._stopping)
            signal.signal(signal.SIGCONT, self._going_on)

    def _stopping(self, number: int, frame: FrameType | None) -> None:
        self._told = True
        assert callable(self._stop)
        self._stop(number, frame)

    def _going_on(self, number: int, frame: FrameType | None) -> None:
        if self._told:
            self._told = False
            assert callable(self._go_on)
            self._go_on(number, frame)
        else:
            self._redraw()
