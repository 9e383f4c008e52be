"""A file that the columns of a long recording stand in, so that memory need not hold them."""

from __future__ import annotations

import mmap
from array import array
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any, TypeVar, cast

from luf_tui.errors import LufError

Item = TypeVar("Item", int, float)


class Spool:
    """Unnamed files, one a column, which end with the process.

    What is read of them counts as memory of the process only until it lets go; the system may keep
    it for the next time as long as nobody else needs the room.
    """

    def __init__(self) -> None:
        self._files: dict[str, IO[bytes]] = {}
        self._latest: dict[str, float] = {}
        self._maps: list[mmap.mmap] = []

    @property
    def begun(self) -> bool:
        """Whether anything stands in a file."""
        return bool(self._files)

    def put(self, name: str, column: array[Item]) -> None:
        """Write what a column has got to the end of its file; the column is empty then. Raises
        LufError when there is no room.
        """
        if len(column):
            self._latest[name] = column[-1]
        try:
            if name not in self._files:
                self._files[name] = TemporaryFile()  # noqa: SIM115 - it ends with the process
            column.tofile(self._files[name])
            self._files[name].flush()
        except OSError as error:
            raise LufError(
                f"a long recording is kept in a file of {gettempdir()} while it is read, and that "
                f"failed: {error.strerror}; name a folder with more room by TMPDIR"
            ) from None
        del column[:]

    def latest(self, name: str, column: array[float]) -> float:
        """The last item of a column, wherever it stands; 0 if there is none."""
        return column[-1] if len(column) else self._latest.get(name, 0.0)

    def view(self, name: str, column: array[Item]) -> array[Item]:
        """All that was put for a column, to be read and changed by its place as an array is."""
        with self._files[name] as file:
            whole = mmap.mmap(file.fileno(), 0)
        self._maps.append(whole)
        kind: Any = column.typecode
        return cast("array[Item]", memoryview(whole).cast(kind))

    def let_go(self) -> None:
        """Take it out of the process's memory until it is asked for again. It stays in the file."""
        for one in self._maps:
            if hasattr(mmap, "MADV_DONTNEED"):
                one.madvise(mmap.MADV_DONTNEED)
