"""`luf-tui man`: the manual page."""

from __future__ import annotations

import argparse

import luf_tui
from luf_tui.commands import terminal
from luf_tui.commands.all_commands import PROGRAM, wanted, whole_parser

EXAMPLE = f"{PROGRAM} man > ~/.local/share/man/man1/{PROGRAM}.1"
ABOUT = "walk through the deferred TLB flushes of Lazy Unmap Flush"
EXIT_STATUS = (
    ("0", "Everything held."),
    ("1", "An expectation or an obligation failed."),
    ("2", "Bad input or usage, or output that cannot be written; what is wrong is said on stderr."),
    ("130", "Ctrl-C."),
    ("141", "Whoever read the output went away."),
)
ENVIRONMENT = (
    (
        "LUF_TUI_KEYS",
        "Keys of your own in the app, instead of the file's: action=key key;action=key.",
    ),
    ("LUF_TUI_DEBUG", "Set to anything, tracebacks of defects are shown."),
    ("VISUAL, EDITOR", "The editor that a key of the app opens, the first of the two that is set."),
    ("NO_COLOR", "Set to anything, the app is in shades of grey, unless --theme is said."),
    ("XDG_CONFIG_HOME", "Where luf-tui/config.toml is looked for, else ~/.config."),
    (
        "XDG_STATE_HOME",
        "Where branches, and bookmarks of shipped scenarios, are kept, else ~/.local/state.",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = f"As in: {EXAMPLE}"


def run(args: argparse.Namespace) -> int:
    """Print the page, as troff has it."""
    pages = wanted("argparse_manpage.manpage", "argparse-manpage")
    data = {"date": " ", "version": luf_tui.__version__, "project_name": PROGRAM}
    page = pages.Manpage(whole_parser()[0], {**data, "manual_title": PROGRAM, "description": ABOUT})
    page.add_section("exit status", ">", _listed(EXIT_STATUS))
    page.add_section("environment", ">", _listed(ENVIRONMENT))
    terminal.write(str(page))
    return terminal.HELD


def _listed(rows: tuple[tuple[str, str], ...]) -> str:
    return "\n".join(f".TP\n\\fB{word}\\fR\n{said}" for word, said in rows)
