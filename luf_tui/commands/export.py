"""`luf-tui export`: pictures and recordings of a run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from luf_tui.commands import terminal
from luf_tui.commands.programs import add_policy, size
from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.render.formats import FORMATS, WALKED, export
from luf_tui.runs.opening import place, play_file
from luf_tui.timeline.navigate.spots import Spot
from luf_tui.view.palette import PALETTES, palette_named
from luf_tui.view.screen import FIRST, MAP

SIZE = (120, 40)
STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file",
        metavar="FILE[@PLACE]",
        help="a scenario or a recording; without a place its end, or its start for a page to walk",
    )
    add_policy(parser)
    parser.add_argument(
        "--format", metavar="F", help=f"{', '.join(FORMATS)}; else by the name of OUT"
    )
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="a file; - is stdout")
    parser.add_argument(
        "--size", type=size, default=SIZE, metavar="WxH", help="of the screen; default 120x40"
    )
    parser.add_argument(
        "--theme", default="dark", metavar="NAME", help=f"{', '.join(PALETTES)}; default dark"
    )
    parser.add_argument(
        "--map", action="store_true", help="the map in the place of the panes, lines drawn"
    )


def run(args: argparse.Namespace) -> int:
    """Play the scenario and write it, or its screen at the step, in the format asked for."""
    name = _format(args.format, args.output)
    palette_named(args.theme)
    where = place(args.file)
    if args.output != STDOUT and Path(args.output).exists() and where.path.samefile(args.output):
        raise LufError(f"{args.output} is the file itself; say another name after -o")
    played = play_file(where.path, args.policy, args.without)
    spot = where.spot or (Spot() if name in WALKED else Spot(end=True))
    at = spot.position(played)
    width, height = args.size
    text = export(played, at, name, width, height, args.theme, MAP if args.map else FIRST)
    if args.output == STDOUT:
        sys.stdout.write(text)
    else:
        Path(args.output).write_text(text, encoding="utf-8", newline="\n")
        terminal.say(f"{args.output}: step {at} of {played.steps}")
    return terminal.HELD


def _format(said: str | None, output: str) -> str:
    """The format asked for, or the one that the name of the file means."""
    word = said or Path(output).suffix.removeprefix(".")
    if word not in FORMATS:
        what = f"no format '{word}'" if word else "say the format with --format"
        raise LufError(with_hint(what, nearest(word, FORMATS)))
    return word
