"""Binary recordings of trace-cmd and perf, turned into text by the tools that wrote them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import IO

from attrs import frozen

from luf_tui.errors import InputError, Problem

_SAID = 300
"""So much of what a tool complains of is passed on."""


@frozen
class Converter:
    """A kind of binary recording, and the tool that makes text of it."""

    magic: bytes
    what: str
    tool: str
    arguments: tuple[str, ...]
    """Before the name of the file."""

    def command(self, path: str) -> str:
        """What a person types to get the text."""
        return " ".join((self.tool, *self.arguments, path, ">", "t.trace"))


CONVERTERS = (
    Converter(
        b"\x17\x08\x44tracing",
        "a binary recording of trace-cmd",
        "trace-cmd",
        # With -l a line says whether it came from an interrupt, in every version.
        ("report", "-l", "-i"),
    ),
    Converter(
        b"PERFILE2",
        "a binary recording of perf",
        "perf",
        ("script", "--show-lost-events", "-f", "-i"),
    ),
)


def converter_of(start: bytes) -> Converter | None:
    """Which tool wrote a file, by how it begins."""
    return next((each for each in CONVERTERS if start.startswith(each.magic)), None)


class Conversion:
    """The text of a binary recording, read while the tool writes it.

    Errors: InputError when the tool is not installed, or writes nothing. `cut` says in a sentence
    that it ended with an error, and stays empty otherwise.
    """

    def __init__(self, converter: Converter, path: str) -> None:
        self.cut = ""
        self._converter = converter
        self._path = path
        self._any = False
        tool = shutil.which(converter.tool)
        if tool is None:
            self._fail(
                f"this is {converter.what}, and {converter.tool} is not installed here",
                f"where it is: {converter.command(path)}",
            )
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        # A name that begins with a dash is no option.
        name = path if not path.startswith("-") else f"./{path}"
        self._process = subprocess.Popen(  # noqa: S603 - the tool that wrote the file
            [str(tool), *converter.arguments, name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | {"LC_ALL": "C"},
        )

    def read(self, size: int) -> bytes:
        """The next bytes of text, none at its end. Errors: InputError if there are none at all."""
        assert self._process.stdout is not None
        data = self._process.stdout.read(size)
        if data:
            self._any = True
            return data
        code = self._process.wait()
        called = f"{self._converter.tool} {self._converter.arguments[0]}"
        if not self._any:
            hint = f"what it says: {self._said() or 'nothing'}"
            self._fail(f"{called} makes no text of it (it ended with {code})", hint)
        if code:
            self.cut = f"{called} ended with {code}: {self._said() or 'it does not say why'}"
        return b""

    def close(self) -> None:
        """End the tool, if it still writes."""
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._errors.close()

    def _said(self) -> str:
        self._errors.seek(0)
        text = self._errors.read(10 * _SAID).decode("utf-8", "replace")
        words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return words[:_SAID]

    def _fail(self, message: str, hint: str) -> None:
        raise InputError(self._path, (Problem(message, hint=hint),))
