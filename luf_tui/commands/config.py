"""`luf-tui config`: where a person's own settings are, and what holds."""

from __future__ import annotations

import argparse

from luf_tui.commands import terminal
from luf_tui.errors import LufError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="say only what is wrong")
    what.add_argument(
        "--write-default", action="store_true", help="write a file with every setting, commented"
    )
    what.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the file's path, then every setting with where it is from. Raises LufError with
    `--check` for what is wrong, or where a file cannot be written.
    """
    # The actions are the app's, which takes a moment to load.
    from luf_tui.ui import config_file  # noqa: PLC0415
    from luf_tui.ui.actions import key_sign  # noqa: PLC0415

    path = config_file.config_path()
    if args.write_default:
        config_file.write_default(path)
        terminal.put(str(path))
        return terminal.HELD
    config = config_file.load()
    wrong = "\n".join(map(str, config.errors))
    if args.check:
        if config.errors:
            raise LufError(wrong)
        terminal.say(f"{path}: {'nothing is wrong' if path.exists() else 'there is no such file'}")
        return terminal.HELD
    if args.json:
        terminal.put_json(
            {
                "path": str(path),
                "exists": path.exists(),
                "settings": {
                    name: {
                        "value": one.value if isinstance(one.value, str) else list(one.value),
                        "source": one.source,
                    }
                    for name, one in config.settings.items()
                },
                "problems": [
                    {
                        "of": error.path,
                        "line": problem.span.line if problem.span else None,
                        "message": problem.message,
                        "hint": problem.hint,
                    }
                    for error in config.errors
                    for problem in error.problems
                ],
            }
        )
        return terminal.HELD
    terminal.put(f"{path}{'' if path.exists() else '  (not there)'}")
    rows = [
        (
            name,
            one.value if isinstance(one.value, str) else " ".join(map(key_sign, one.value)),
            one.source,
        )
        for name, one in config.settings.items()
    ]
    for line in terminal.table(rows):
        terminal.put(line)
    if wrong:
        terminal.say(wrong)
    if not path.exists():
        terminal.say("`luf-tui config --write-default` writes one, with everything commented out")
    return terminal.HELD
