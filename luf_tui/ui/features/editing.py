"""The script that is shown, in the person's own editor, and read again afterwards."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.ui import saving
from luf_tui.ui.session import Reply

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

VARIABLES = ("VISUAL", "EDITOR")
"""Environment variables that name an editor, the first one that is set being used."""
PLUS_LINE = (
    *("vi", "vim", "nvim", "nvi", "vis", "view", "ex", "elvis", "vile", "gvim", "nano", "rnano"),
    *("pico", "emacs", "emacsclient", "zile", "mg", "jed", "joe", "jmacs", "micro", "kak", "ne"),
)
"""Editors that take the line to begin at as `+12`."""
COLON_LINE = frozenset(["hx", "helix"])
"""Those that take it as `FILE:12`."""
GOTO_LINE = frozenset(["code", "codium", "code-insiders"])
"""Those that take it as `--goto FILE:12`, and come back at once unless they are told to wait."""


def begin(screen: RunScreen) -> Reply | None:
    """Edit the file of the script at the line one stands at, then read it again.

    A shipped file is left alone: what is edited is a copy in the working folder, which is shown
    from then on. A script that is in no file is not edited.
    """
    screen.navigation.pause()
    session, told = screen.session, ""
    if session.timeline.program.recorded is not None:
        return Reply("a recording has no script to edit", moved=False)
    if not (session.filed and screen.branches.current.filed):
        return Reply("this script is in no file: {save-script} saves it", moved=False)
    path = shipped = screen.file.path
    try:
        command = editor(os.environ)
        if library.shipped_name(shipped):
            path = copied(shipped)
            told = f"a shipped file stays as it is: {path} is yours"
        edit(screen, (*command, *arguments(command, path, max(1, session.line))))
    except LufError as error:
        if path != shipped and path.read_bytes() == shipped.read_bytes():
            path.unlink()
        return Reply(str(error), moved=False)
    screen.file.path = path
    screen.reload()
    return Reply(told) if told else None


def editor(environment: Mapping[str, str]) -> Sequence[str]:
    """The words of the person's editor. Raises LufError when none is set."""
    for name in VARIABLES:
        try:
            words = shlex.split(environment.get(name, ""))
        except ValueError as error:
            raise LufError(f"{name} cannot be read: {error}") from None
        if words:
            return words
    raise LufError("no editor is set: `export EDITOR=nano`, or VISUAL, says which to open here")


def arguments(command: Sequence[str], path: Path, line: int) -> tuple[str, ...]:
    """What follows an editor's own words, so that it begins at a line where it knows how."""
    name = Path(command[0]).name
    # A file whose name begins with a minus is no option.
    file = str(path) if not str(path).startswith("-") else f"./{path}"
    if name in PLUS_LINE:
        return (f"+{line}", file)
    if name in COLON_LINE:
        return (f"{file}:{line}",)
    if name in GOTO_LINE:
        return ("--wait", "--goto", f"{file}:{line}")
    return (file,)


def copied(path: Path) -> Path:
    """A copy of a shipped file in the working folder. Raises LufError where none can be made."""
    copy = saving.free_path(path.name)
    told, well = saving.save_text(path.read_text("utf-8"), copy)
    if not well:
        raise LufError(f"{told}; a shipped file is not edited in its place")
    return copy


def edit(screen: RunScreen, command: Sequence[str]) -> None:
    """Give the terminal to an editor until it ends. Raises LufError when that is not possible, or
    when the editor says that something went wrong.
    """
    try:
        with screen.app.suspend(), _own_interrupts():
            done = subprocess.run(command, check=False)  # noqa: S603 - the person's own command
    except SuspendNotSupported:
        told = "this terminal cannot be handed to an editor: edit the file elsewhere, it is read"
        raise LufError(f"{told} again when it is saved") from None
    except OSError as error:
        raise LufError(f"{command[0]}: {error.strerror or error}") from None
    if done.returncode:
        raise LufError(f"{command[0]} ended with {done.returncode}; nothing was read again")


@contextmanager
def _own_interrupts() -> Iterator[None]:
    """While an editor runs, Ctrl-C is the editor's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
