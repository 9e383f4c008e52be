"""The app in a terminal of its own: how many colours it has, what it cannot do, and coming back."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ui_driver import path

__all__ = ["path"]

KEPT = ("PATH", "PYTHONPATH", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
SIZE = (30, 100)
PATIENCE = 30.0
"""Seconds in which the app draws, on any machine."""
COLOURS = re.compile(rb"\x1b\[([0-9;]+)m")
TITLE = b"Flush before reuse"
LEAVE, SUSPEND, PALETTE, ESCAPE = b"\x11", b"\x1a", b"\x10", b"\x1b"


class Terminal:
    """The app in a pseudo-terminal."""

    def __init__(self, path: Path, **environment: str) -> None:
        self.screen, app = pty.openpty()
        fcntl.ioctl(app, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "luf_tui", str(path)],
            stdin=app, stdout=app, stderr=app, start_new_session=True, env=kept | environment,
        )  # fmt: skip
        os.close(app)

    def until(self, done: Callable[[bytes], bool]) -> bytes:
        """What comes until that is enough."""
        said, end = b"", time.monotonic() + PATIENCE
        while not done(said):
            assert time.monotonic() < end, said[-2000:]
            if select.select([self.screen], [], [], 0.1)[0]:
                try:
                    said += os.read(self.screen, 1 << 16)
                except OSError:
                    return said
        return said

    def key(self, sent: bytes) -> None:
        os.write(self.screen, sent)

    def stopped(self) -> bool:
        status = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8")
        return status.rpartition(")")[2].split()[0] == "T"

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.screen)


Start = Callable[..., Terminal]


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    """Starts the app, with what it is to find in its environment."""
    begun: list[Terminal] = []

    def begin(**environment: str) -> Terminal:
        begun.append(Terminal(path, **environment))
        return begun[-1]

    yield begin
    for terminal in begun:
        terminal.close()


def drawn(said: bytes) -> bool:
    return TITLE in said and b"help" in said


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_everything_is_drawn_when_a_shell_brings_the_app_back(start: Start) -> None:
    terminal = start(TERM="xterm-256color")
    terminal.until(drawn)
    for by_key in (True, False):
        if by_key:
            terminal.key(SUSPEND)
        else:
            os.kill(terminal.process.pid, signal.SIGSTOP)
        terminal.until(lambda said: terminal.stopped())
        os.kill(terminal.process.pid, signal.SIGCONT)

        assert drawn(terminal.until(drawn))
    terminal.key(LEAVE)

    assert 0 == terminal.process.wait(PATIENCE)


def test_a_terminal_of_sixteen_colours_gets_its_own_ones(start: Start) -> None:
    terminal = start(TERM="xterm")
    said = terminal.until(drawn)
    terminal.key(PALETTE)
    said += terminal.until(lambda said: b"One micro-step on" in said)
    terminal.key(ESCAPE)
    used = {code for found in COLOURS.findall(said) for code in found.split(b";")}

    assert {b"40", b"97", b"37", b"96"} <= used, "black ground; text, its weight, a title"
    assert not used & {b"38", b"48"}
    assert not re.search(rb"\x1b\[30;40m[^\x1b]*\w", said), "black on black"


def test_a_terminal_of_many_colours_gets_the_theme_as_it_is(start: Start) -> None:
    said = start(TERM="xterm-256color", COLORTERM="truecolor").until(drawn)

    assert b"38;2;205;211;222;48;2;22;24;29" in said


def test_without_colour_all_is_grey(start: Start) -> None:
    said = start(TERM="xterm-256color", COLORTERM="truecolor", NO_COLOR="1").until(drawn)
    shades = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)[;m]", said)  # the last may be cut

    assert shades
    assert all(len(set(shade)) == 1 for shade in shades)


def test_a_teletype_is_told_what_works_on_it(start: Start, path: Path) -> None:
    terminal = start(TERM="dumb")
    said = terminal.until(lambda said: False)

    assert 2 == terminal.process.wait(PATIENCE)
    assert f"TERM=dumb cannot be drawn on; `luf-tui run {path} --plain`" in said.decode()
    assert 1 == len(said.splitlines())


def test_what_draws_into_a_file_is_refused(path: Path) -> None:
    screen, app = pty.openpty()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "luf_tui", str(path)],
        stdin=app, stdout=app, stderr=subprocess.PIPE, env=kept | {"TERM": "xterm"},
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    os.close(app)
    os.close(screen)

    assert 2 == done.returncode
    assert b"needs a terminal for stdin, stdout and stderr" in done.stderr
