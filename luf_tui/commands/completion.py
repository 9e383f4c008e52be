"""`luf-tui completion SHELL`: a script that completes commands, options and names on TAB."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping

from luf_tui import library
from luf_tui.commands import exporting_window, terminal
from luf_tui.commands.all_commands import arguments, wanted, whole_parser
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES
from luf_tui.render.formats import FORMATS
from luf_tui.script.verbs import verbs_by_actor
from luf_tui.view.palette import PALETTES

SHELLS = {
    "bash": "~/.local/share/bash-completion/completions/luf-tui",
    "zsh": "_luf-tui, in a folder of $fpath",
    "tcsh": "a file that ~/.tcshrc sources",
    "fish": "~/.config/fish/completions/luf-tui.fish",
}
"""The shells, and where each of them finds such a script."""
FILES = ("FILE", "PATH", "TRACE", "FOLDER", "OUT")
"""What stands in the metavar of an argument that is a file; `OUT` is one to be written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("shell", choices=tuple(SHELLS), metavar="SHELL", help=", ".join(SHELLS))
    parser.epilog = "Write it to: " + "; ".join(f"{name}: {at}" for name, at in SHELLS.items())


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    shtab = wanted("shtab", "shtab")
    parser, commands = whole_parser()
    for one in (parser, *commands.values()):
        for action in arguments(one):
            _complete(action)
    preamble = _preamble(_names())
    script: str = shtab.complete(parser, args.shell, preamble=preamble)
    terminal.write(script.rstrip("\n") + "\n")
    return terminal.HELD


def _complete(action: argparse.Action) -> None:
    """Say what may stand for an argument. The parser itself takes more: a file of one's own."""
    known = _WORDS.get(action.dest)
    if known is not None and not action.choices:
        action.choices = list(known())
        return
    said = action.metavar if isinstance(action.metavar, str) else ""
    if any(word in said for word in FILES):
        action.complete = _FILE  # type: ignore[attr-defined]


_WORDS: Mapping[str, Callable[[], Iterable[str]]] = {
    "policy": lambda: POLICIES,
    "without": lambda: GUARDS,
    "guard": lambda: GUARDS,
    "folder": lambda: sorted({name.partition("/")[0] for name in _names()}),
    "format": lambda: (*FORMATS, exporting_window.FORMAT),
    "theme": lambda: PALETTES,
    "verb": lambda: sorted({v.word for verbs in verbs_by_actor().values() for v in verbs}),
}
"""What is known of an argument by its name."""

_FILE = {
    "bash": "_luf_tui_file",
    "zsh": "_luf_tui_file",
    "tcsh": "f",
    "fish": "(__fish_complete_path (commandline -ct); __luf_tui_names)",
}
"""A path, or the name of what is shipped; tcsh has room for one of them."""


def _names() -> list[str]:
    """What is shipped, by name."""
    return [entry.name for entry in (*library.shipped(), *library.recordings())]


def _preamble(names: Iterable[str]) -> Mapping[str, str]:
    said = " ".join(names)
    bash = f'_luf_tui_file() {{\n  compgen -f -- "$1"\n  compgen -W "{said}" -- "$1"\n}}'
    zsh = f"_luf_tui_file() {{\n  _alternative 'files:file:_files' 'names:shipped:({said})'\n}}"
    fish = "function __luf_tui_names\n  printf '%s\\n' " + said + "\nend"
    return {"bash": bash, "zsh": zsh, "fish": fish}
