"""`luf-tui new`: begin a scenario of one's own, from a template that runs or a shipped one."""

from __future__ import annotations

import argparse
from pathlib import Path
from shlex import quote

from luf_tui import library
from luf_tui.commands import terminal
from luf_tui.commands.writing import unwritten
from luf_tui.errors import LufError
from luf_tui.runs.opening import scenario
from luf_tui.script.syntax import read_text

TEMPLATE = Path(__file__).with_name("template.luf")
TITLE = "NAME"
"""What stands in the template where the title goes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="what it is called; .luf is put after it")
    parser.add_argument(
        "--from",
        dest="origin",
        metavar="FILE",
        help="copy this scenario, a file or a shipped one, in the place of the template",
    )


def run(args: argparse.Namespace) -> int:
    """Write the file, and say what can be done with it. Nothing is ever overwritten."""
    path = named(args.name)
    text = copied(args.origin) if args.origin else begun(path.stem)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise LufError(f"{path} is there already; say another name") from None
    except FileNotFoundError:
        told = f"{path.parent}: no such folder; `mkdir -p {path.parent}` makes it"
        raise LufError(told) from None
    except OSError as error:
        raise unwritten(path, error) from None
    terminal.put(str(path))
    word = quote(str(path))
    for command, what in (
        (f"luf-tui {word}", "opens it; V there edits it, and what is saved is read again"),
        (f"luf-tui check {word}", "judges what it expects"),
        (f"luf-tui explore {word}", "tries every order of its races"),
    ):
        terminal.say(f"`{command}` {what}")
    return terminal.HELD


def named(word: str) -> Path:
    """The file that a name means. Raises LufError for what names a folder, or nothing."""
    path = Path(word).expanduser()
    if not path.name or word.endswith("/") or path.is_dir():
        raise LufError(f"'{word}' names no file; say `luf-tui new doubt` for doubt{library.SUFFIX}")
    return path if path.suffix == library.SUFFIX else path.with_name(path.name + library.SUFFIX)


def begun(title: str) -> str:
    """The template with a title. Line breaks would make another line of the scenario of it."""
    words = " ".join(title.split()) or TITLE
    return read_text(str(TEMPLATE)).replace(TITLE, words, 1)


def copied(word: str) -> str:
    """The text of a scenario, as it is. Raises LufError for what is none."""
    instead = "nothing to begin with; `luf-tui run {}` plays it"
    path = scenario(word, instead, "the whole scenario is copied", terminal.say)
    if path.is_dir():
        raise LufError(f"{word} is a folder; `luf-tui list {word}` names what is in it")
    return read_text(str(path))
