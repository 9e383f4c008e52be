"""Processes, as they are measured: what they print, what they take, and what they hold."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen


@frozen
class Ran:
    """What one process, or one after the other, took."""

    text: str
    """What the last one printed."""
    seconds: float
    """By the clock."""
    cpu: float
    """Of processors: user and system, of all their threads."""
    peak: float
    """The most memory that one of them held, in MiB."""

    def then(self, other: Ran) -> Ran:
        """Both, one after the other."""
        return Ran(
            other.text,
            self.seconds + other.seconds,
            self.cpu + other.cpu,
            max(self.peak, other.peak),
        )


def run(words: Sequence[str], where: Path) -> Ran:
    """Run a process to its end. Raises CalledProcessError where it fails."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        process = subprocess.Popen(words, cwd=where, stdout=printed, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        printed.seek(0)
        text = printed.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words, text)
    return Ran(text, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run_all(commands: Sequence[Sequence[str]], where: Path) -> Ran:
    """Run processes one after the other."""
    ran = run(commands[0], where)
    for words in commands[1:]:
        ran = ran.then(run(words, where))
    return ran
