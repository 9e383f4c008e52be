"""The command line: finds the command, runs it, and turns every failure into a message.

Importing this module, or asking for help, loads neither Textual nor Rich nor the machine.
"""

from __future__ import annotations

import difflib
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import luf_tui
from luf_tui import library
from luf_tui.commands import terminal
from luf_tui.commands.all_commands import APP, COMMANDS, module_of, parser_of
from luf_tui.errors import LufError

DEBUG = "LUF_TUI_DEBUG"
"""Environment variable that asks for tracebacks."""

YOUNG = 50_000
"""Objects that a command makes before garbage is looked for among them. Nearly all stay to its end,
and looking through them time and again takes a tenth of a small search.
"""

_EXIT_CODES = """\
Exit codes: 0 everything held, 1 an expectation or obligation failed, 2 bad input or usage,
3 nothing found by a search that did not look at every order.
`luf-tui COMMAND --help` says more about a command."""


def overview() -> str:
    """The help of the whole: every command with its line."""
    rows = [("  luf-tui", "the app, opening on the gallery of scenarios")]
    rows += [("  luf-tui FILE[@PLACE]", "the app on a scenario or a recording, at a place")]
    rows += [(f"  luf-tui {name}", summary) for name, summary in COMMANDS.items()]
    return "\n".join(
        [
            "luf-tui: a terminal stepper for Lazy Unmap Flush",
            "",
            *terminal.table(rows),
            "",
            _EXIT_CODES,
        ]
    )


def _dispatch(words: Sequence[str]) -> int:
    first = words[0] if words else ""
    if first in ("-h", "--help"):
        terminal.put(overview())
        return terminal.HELD
    if first in ("-V", "--version"):
        terminal.put(f"luf-tui {luf_tui.__version__}")
        return terminal.HELD
    if first in COMMANDS:
        return _run(first, words[1:])
    if first and not first.startswith("-") and not _is_file(first):
        raise LufError(_unknown(first))
    return _run(APP, words)


def _is_file(word: str) -> bool:
    """Whether a word is meant as a scenario: it names one, or looks like a path."""
    name = word.rpartition("@")[0] or word
    return library.exists(word) or library.exists(name) or "/" in word or "." in name


def _run(name: str, words: Sequence[str]) -> int:
    code = module_of(name).run(parser_of(name).parse_args(words))
    assert isinstance(code, int)
    return code


def _unknown(word: str) -> str:
    close = difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.6)
    hint = f"did you mean '{close[0]}'?" if close else "`luf-tui --help` lists the commands"
    return f"{word}: no such command or file; {hint}"


def _unexpected(error: BaseException) -> str:
    if own := _own_policy(error):
        return f"luf-tui: {own}. Set {DEBUG}=1 for the traceback."
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"luf-tui: this is a defect of luf-tui, not of your input: {type(error).__name__}: "
        f"{error} ({Path(place.filename).name}:{place.lineno}). Set {DEBUG}=1 for the traceback."
    )


def _own_policy(error: BaseException) -> str:
    """What a person's own policy has to do with an error, if one was loaded."""
    loaded = sys.modules.get("luf_tui.policy.own")
    return loaded.blame(error) if loaded else ""


def _played(words: Sequence[str]) -> int:
    try:
        code = _dispatch(words)
    except SystemExit as leaving:
        if own := _own_policy(leaving):
            raise LufError(own) from leaving
        code = leaving.code if isinstance(leaving.code, int) else terminal.HELD
    terminal.flush()
    return code


def _guarded(words: Sequence[str]) -> int:
    try:
        return _played(words)
    except KeyboardInterrupt:
        terminal.say("luf-tui: interrupted")
        return terminal.INTERRUPTED
    except BrokenPipeError:
        return terminal.NO_READER
    except (Exception, GeneratorExit) as error:  # noqa: BLE001 - no traceback reaches who did not ask for one
        if os.environ.get(DEBUG) and not isinstance(error, LufError):
            terminal.draw("".join(traceback.format_exception(error)))
        terminal.say(_told(error))
        return terminal.BAD_INPUT


def _told(error: BaseException) -> str:
    if isinstance(error, LufError):
        text = str(error)
        return text if "\n" in text else f"luf-tui: {text}"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"luf-tui: {where}{error.strerror or error}"
    return _unexpected(error)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Nothing is raised, whatever happens."""
    if argv is None and sys.argv[1:] and sys.argv[1] in COMMANDS:
        gc.set_threshold(YOUNG)
    terminal.take()
    try:
        return _guarded(sys.argv[1:] if argv is None else argv)
    finally:
        terminal.leave()
