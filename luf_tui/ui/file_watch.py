"""Whether a file has been written since it was last read."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, int]
"""When a file was written, in nanoseconds, and its bytes."""


class FileWatch:
    """A file, and how it was when it was last read."""

    def __init__(self, path: Path) -> None:
        """It counts as read now."""
        self.path = path
        self._read: Stamp | None = None
        self.read()

    def read(self) -> None:
        """It is read now."""
        self._read = self._stamp()

    def forget(self) -> None:
        """What was read of it does not count."""
        self._read = None

    def changed(self) -> bool:
        """Whether it is there and not as it was read."""
        stamp = self._stamp()
        return stamp is not None and stamp != self._read

    def _stamp(self) -> Stamp | None:
        try:
            state = self.path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size
