"""Opening a recorded trace: compression, what is no text, and files that end too early."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from luf_tui.errors import InputError, Problem
from luf_tui.ftrace.reading.conversion import Conversion, converter_of

Progress = Callable[[int, int], None]
"""Called with the bytes read from the file so far and its size; 0 when the size is not known."""

STDIN = "-"
"""The name of standard input."""
CHUNK = 1 << 18
_PEEK = 4096
_LONGEST = 1 << 20
"""A line longer than this belongs to no trace; it is passed on in pieces."""

_GZIP, _XZ, _ZSTD, _BZIP2 = b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"BZh"
SCENARIO = ".luf"
PACKED = (".xz", ".gz", ".zst", ".bz2")
_EVENT = re.compile(
    rb"^(# tracer:|# luf-tui record:|cpus=\d|.{1,40}\[\d{3}\].{0,20} \d+(?:\.\d+)?: "
    rb"|.{1,60} \d{1,4}[.\w#]{5} +\d+(?:us.|\.\d+): )",
    re.MULTILINE,
)
"""What only the text of a trace has."""


def is_trace(path: Path) -> bool:
    """Whether a file is a recording and no scenario: by its name, else by how it begins.

    A pipe whose name says nothing has a scenario.
    """
    if path.suffix == SCENARIO:
        return False
    if path.suffix in PACKED or "trace" in path.name.lower():
        return True
    # What is read from a pipe is gone for who plays it.
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            start = file.read(_PEEK)
        return converter_of(start) is not None or _EVENT.search(start) is not None
    except OSError:
        return False


def _bad(path: str, message: str, hint: str = "") -> InputError:
    return InputError(path, (Problem(message, hint=hint),))


def _zstd(raw: BinaryIO, path: str) -> tuple[object, type[Exception]]:
    """A reader of zstd data and its error: `compression.zstd` (Python 3.14) or `zstandard`."""
    try:
        library = importlib.import_module("compression.zstd")
    except ImportError:
        pass
    else:
        return library.ZstdFile(raw), library.ZstdError
    try:
        library = importlib.import_module("zstandard")
    except ImportError:
        raise _bad(
            path,
            "this is zstd-compressed, which Python reads from 3.14 on or with the package "
            "zstandard installed",
            f"decompress it first: zstd -d {path}",
        ) from None
    reader = library.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    return reader, library.ZstdError


class Source:
    """The text of a trace, piece by piece; each piece ends with a whole line.

    `path` is a file, or `-` for standard input. `cut` says in a sentence why the data ended too
    early, and stays empty otherwise. `torn` is the unfinished last line, which is left out: a
    number cut in half would be a different number.

    Errors: InputError when the file is missing, empty, or no text.
    """

    def __init__(self, path: str, progress: Progress | None = None) -> None:
        self.path = path
        self.cut = ""
        self.torn = ""
        self.compression = ""
        self.conversion: Conversion | None = None
        self._damage: type[Exception] = EOFError
        self._progress = progress
        self._size = 0

    def _open(self) -> BinaryIO:
        if self.path == STDIN:
            return sys.stdin.buffer
        try:
            raw = Path(self.path).open("rb")  # noqa: SIM115 - `pieces` closes it
            self._size = Path(self.path).stat().st_size
        except IsADirectoryError:
            hint = f"`luf-tui list {self.path}` names what is in it"
            raise _bad(self.path, "this is a folder", hint) from None
        except OSError as error:
            hint = "`luf-tui list` names the shipped recordings"
            raise _bad(self.path, error.strerror or str(error), hint) from None
        return raw

    def _unpack(self, raw: io.BufferedReader) -> BinaryIO:
        try:
            start = raw.peek(_PEEK)[:_PEEK]
        except OSError as error:
            hint = "it is closed, or nothing that can be read; name a file"
            raise _bad(self.path, error.strerror or str(error), hint) from None
        if not start:
            raise _bad(self.path, "the file is empty", "was tracing on when it was copied?")
        plain: object = raw
        if start.startswith(_GZIP):
            self.compression, plain = "gzip", gzip.GzipFile(fileobj=raw)
        elif start.startswith(_XZ):
            self.compression, plain = "xz", lzma.LZMAFile(raw)  # noqa: SIM115
        elif start.startswith(_BZIP2):
            self.compression, plain = "bzip2", bz2.BZ2File(raw)
        elif start.startswith(_ZSTD):
            self.compression = "zstd"
            plain, self._damage = _zstd(raw, self.path)
        else:
            converter = converter_of(start)
            if converter is not None and self.path != STDIN:
                self._size = 0
                self.conversion = plain = Conversion(converter, self.path)
        return cast(BinaryIO, plain)

    def _check(self, start: bytes) -> None:
        converter = converter_of(start)
        if converter is not None:
            told = "from a pipe" if self.path == STDIN else f"packed with {self.compression}"
            hint = f"write it to a file; luf-tui calls {converter.tool} to read that"
            raise _bad(self.path, f"this is {converter.what}, {told}", hint)
        if b"\0" in start:
            raise _bad(
                self.path,
                "this is a binary file, not the text of a trace",
                "what is read: the text of trace, trace_pipe, trace-cmd report or perf script, "
                "and the files of trace-cmd record and perf record",
            )

    def pieces(self) -> Iterator[str]:
        """The text in pieces of about 256 KiB, each ending with a whole line."""
        file = self._open()
        raw = (
            file
            if isinstance(file, io.BufferedReader)
            else io.BufferedReader(cast(io.RawIOBase, file))
        )
        try:
            yield from self._pieces(raw, self._unpack(raw))
        finally:
            if self.conversion is not None:
                self.conversion.close()
            if self.path != STDIN:
                raw.close()

    def _pieces(self, raw: io.BufferedReader, plain: BinaryIO) -> Iterator[str]:
        rest = b""
        first = True
        while True:
            data = self._read(plain)
            if first:
                if not data:
                    raise _bad(self.path, self.cut or "the file is empty when decompressed")
                self._check(data[:_PEEK])
                first = False
            if not data:
                break
            whole, newline, tail = data.rpartition(b"\n")
            if newline:
                yield self._text(rest + whole + newline)
                rest = tail
            else:
                rest += data
                if len(rest) > _LONGEST:
                    yield self._text(rest + b"\n")
                    rest = b""
            if self._progress is not None:
                self._progress(self._position(raw), self._size)
        self.torn = self._text(rest)

    def _position(self, raw: io.BufferedReader) -> int:
        return raw.tell() if self.path != STDIN else 0

    def _read(self, plain: BinaryIO) -> bytes:
        try:
            data = plain.read(CHUNK)
            if self.conversion is not None:
                self.cut = self.conversion.cut
            return data
        except EOFError:
            self.cut = f"the {self.compression} data ends in the middle; the file was cut short"
        except (OSError, lzma.LZMAError, zlib.error, self._damage) as error:
            self.cut = f"the {self.compression or 'file'} data is damaged: {error}"
        return b""

    @staticmethod
    def _text(data: bytes) -> str:
        text = data.decode("utf-8", "replace")
        return text.replace("\r\n", "\n") if "\r" in text else text
