"""Every command there is, and the parser of each: for the command line and for what tells of it."""

from __future__ import annotations

import argparse
import importlib
from types import ModuleType
from typing import Any

from luf_tui.commands import terminal
from luf_tui.errors import LufError

PROGRAM = "luf-tui"
APP = "app"
"""The module of what `luf-tui` does without a command."""
APP_ABOUT = "the app, on the gallery or on a scenario"

COMMANDS = {
    "run": "play a scenario to the end without a screen",
    "check": "run scenarios, judge their expectations, summarise",
    "compare": "one scenario under several policies, side by side",
    "list": "the scenarios there are, one line each",
    "new": "begin a scenario of your own, from a template that runs",
    "show": "the text of a scenario or a recording",
    "matrix": "every guard removed in turn: which scenario catches it",
    "explore": "every order of a race, every program of a forever block: safe, or what breaks it",
    "replay": "what a recorded kernel would have flushed under other policies",
    "record": "the shell commands that record a trace on a stock kernel",
    "export": "pictures and recordings of a run",
    "fmt": "format scenarios in place",
    "help": "the verbs of the scenario language, or one of them in full",
    "config": "where your own settings are, keys and theme, and what holds",
    "policies": "who owes which flush, and when it is paid",
    "guards": "the checks a policy performs, one line each",
    "explain": "what a word or a code means; without one, all words",
    "completion": "what a shell completes commands, options and names from",
    "man": "the manual page",
}
"""Every command, a module of `luf_tui.commands` each, and what it does."""


def module_of(name: str) -> ModuleType:
    """The module of a command, which is imported for it."""
    return importlib.import_module(f"luf_tui.commands.{name}")


class Parser(argparse.ArgumentParser):
    """A parser whose help is data: the library's own is silent where it cannot be written."""

    def print_help(self, file: Any = None) -> None:
        """Print the help. Raises LufError where it cannot be written."""
        terminal.write(self.format_help())


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of a command, or of the app."""
    about = COMMANDS.get(name, APP_ABOUT)
    parser = Parser(
        prog=f"{PROGRAM} {name}" if name in COMMANDS else PROGRAM,
        description=f"{about[:1].upper()}{about[1:]}.",
        allow_abbrev=False,
    )
    module_of(name).add_arguments(parser)
    return parser


class OptionsOnly(argparse.ArgumentParser):
    """A parser that passes over arguments without a dash."""

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """Declare an argument, if it is an option."""
        if not names[0].startswith("-"):
            return argparse.Action([], names[0])
        return super().add_argument(*names, **options)


def whole_parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """One parser of all commands with their own, for what is made from it; the command line loads
    only that of the command that is run.
    """
    parser = OptionsOnly(
        prog=PROGRAM, description=f"{PROGRAM} without a command is {APP_ABOUT}.", allow_abbrev=False
    )
    parser.add_argument("-V", "--version", action="version", help="print the version")
    module_of(APP).add_arguments(parser)
    added = parser.add_subparsers(
        title="commands", metavar="COMMAND", parser_class=argparse.ArgumentParser
    )
    commands: dict[str, argparse.ArgumentParser] = {}
    for name, about in COMMANDS.items():
        said = f"{about[:1].upper()}{about[1:]}."
        commands[name] = added.add_parser(name, help=about, description=said)
        module_of(name).add_arguments(commands[name])
    return parser, commands


def arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The arguments of a parser, without the one that asks for help."""
    # The library lets nobody ask in another way, and those that build on it do the same.
    return [one for one in parser._actions if one.dest != "help"]  # noqa: SLF001


def wanted(module: str, package: str) -> ModuleType:
    """A library that only this is made with. Raises LufError, with what installs it, without it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        told = f"this is made with {package}, which is not here: pip install '{PROGRAM}[shell]'"
        raise LufError(told) from None
