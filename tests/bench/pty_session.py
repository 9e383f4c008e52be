"""A program in a terminal of its own: what it writes, and what CPU time that costs."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from types import TracebackType

WIDTH, HEIGHT = 160, 50


class Terminal:
    """Runs a command on a pseudo-terminal of 160×50 that claims true colour."""

    def __init__(self, command: Sequence[str], cwd: str) -> None:
        self.started = time.perf_counter()
        self.fd, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.fd)
            os.login_tty(side)
            os.chdir(cwd)
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
            os.environ.pop("NO_COLOR", None)
            os.execv(command[0], list(command))
        os.close(side)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def cpu(self) -> float:
        """CPU seconds the program has used so far, all threads."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def read(self, timeout: float) -> bytes:
        """What it writes next, or nothing when it is silent for `timeout` seconds."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return b""
        try:
            return os.read(self.fd, 1 << 16)
        except OSError:
            return b""

    def until(self, sign: bytes, timeout: float = 30.0) -> float:
        """Read on until `sign` has been written; seconds since the start."""
        seen = b""
        end = time.perf_counter() + timeout
        while sign not in seen:
            piece = self.read(max(0.0, end - time.perf_counter()))
            if not piece:
                raise RuntimeError(f"{sign!r} never appeared after {seen[-400:]!r}")
            seen += piece
        return time.perf_counter() - self.started

    def settle(self, quiet: float = 0.3) -> int:
        """Read until it has been silent for `quiet` seconds; the bytes it wrote."""
        count = 0
        while piece := self.read(quiet):
            count += len(piece)
        return count

    def written(self, sign: str = "", quiet: float = 0.5) -> str:
        """All it writes until `sign` has been written and it has then been silent for a while."""
        seen = b""
        while (piece := self.read(quiet if sign.encode() in seen and seen else 30.0)) or not seen:
            seen += piece
        return seen.decode()

    def press(self, keys: bytes) -> None:
        """Send keys, as a person would type them."""
        os.write(self.fd, keys)

    def answer(self, key: bytes, quiet: float = 0.1) -> tuple[float, int]:
        """Press one key and let the frame come; seconds until its last byte, and its bytes."""
        self.settle(quiet)
        pressed = last = time.perf_counter()
        self.press(key)
        count, wait = 0, 2.0
        while piece := self.read(wait):
            last, wait = time.perf_counter(), quiet
            count += len(piece)
        return last - pressed, count

    def frame(self, key: bytes, quiet: float = 0.12) -> tuple[float, int]:
        """Press one key and let the frame come; CPU seconds and bytes it cost.

        What an idle program costs in the same time is taken off.
        """
        self.settle(quiet)
        idle = self.cpu()
        self.settle(quiet)
        idle = self.cpu() - idle
        before = self.cpu()
        self.press(key)
        count = 0
        if piece := self.read(2.0):
            count = len(piece) + self.settle(quiet)
        return max(0.0, self.cpu() - before - idle), count
