"""Memory that a process shares with those that it is forked into, and that grows afterwards."""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

STEP = 1 << 20
"""Bytes that it grows by at least."""
MORE = 8
"""It grows by one in so many bytes more than are wanted."""


class SharedMemory:
    """Bytes under one name in several processes: a file without a name, in memory where the system
    has such.
    """

    def __init__(self, name: str) -> None:
        if hasattr(os, "memfd_create"):
            self._file = os.memfd_create(name)
        else:
            with tempfile.TemporaryFile() as file:
                self._file = os.dup(file.fileno())
        self._map: mmap.mmap | None = None

    @property
    def size(self) -> int:
        """Bytes that there are."""
        return os.fstat(self._file).st_size

    def grow(self, size: int) -> None:
        """See that there are so many bytes; for one process at a time. Raises OSError when they
        cannot be had.
        """
        if size > self.size:
            size += size // MORE + STEP
            size -= size % mmap.PAGESIZE
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._file, 0, size)
            else:
                os.truncate(self._file, size)

    def array(self, kind: DTypeLike, count: int, at: int = 0) -> NDArray[Any]:
        """So many numbers of a kind, the first at byte number `at`."""
        if not count:
            return np.zeros(0, kind)
        size = at + count * np.dtype(kind).itemsize
        if self._map is None or size > len(self._map):
            self._map = mmap.mmap(self._file, self.size)
        return np.frombuffer(self._map, kind, count, at)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out, those that ask; one that ends lets them in."""
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of it; arrays that somebody has are as they were."""
        os.close(self._file)
        self._map = None
