"""`luf-tui export`: pictures and recordings of a run."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from luf_tui.commands import terminal
from luf_tui.commands.programs import add_beside, add_policy, size
from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.render.diagram import diagram_of
from luf_tui.render.formats import FORMATS, PICTURES, WALKED, export
from luf_tui.runs.opening import play_file, stretch
from luf_tui.timeline.navigate.spots import Spot
from luf_tui.view.palette import PALETTES, palette_named
from luf_tui.view.screen import MAP
from luf_tui.view.state import ViewState

SIZE = (120, 40)
STDOUT = "-"
DIAGRAM = "diagram"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file",
        metavar="FILE[@PLACE]",
        help="a scenario or a recording; without a place its end, or its start for a page to walk; "
        "PLACE..PLACE is a stretch: a diagram of it, or a picture of each micro-step",
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
        "--theme",
        metavar="NAME",
        help=f"{', '.join(PALETTES)}; default dark, and for a page as the reader's system has it",
    )
    add_beside(parser)
    parser.add_argument(
        "--map", action="store_true", help="the map in the place of the panes, lines drawn"
    )


def run(args: argparse.Namespace) -> int:
    """Play the scenario and write it, or its screen at the step, in the format asked for."""
    name = _format(args.format, args.output)
    if args.theme is not None:
        palette_named(args.theme)
    theme = args.theme or ("" if name in WALKED else "dark")
    where = stretch(args.file)
    if args.output != STDOUT and Path(args.output).exists() and where.path.samefile(args.output):
        raise LufError(f"{args.output} is the file itself; say another name after -o")
    played = play_file(where.path, args.policy, args.without)
    spot = where.spot or (Spot() if name in WALKED else Spot(end=True))
    at = spot.position(played)
    last = at if where.until is None else where.until.position(played)
    if last < at:
        raise LufError(f"step {last} is before step {at}: a stretch goes forwards")
    if drift := (where.until or spot).drift(played):
        terminal.say(drift)
    width, height = args.size
    beside = play_file(where.path, args.beside) if args.beside else None
    shown = ViewState(group=MAP if args.map else "", beside=beside)
    if where.until is None:
        text = export(played, at, name, width, height, theme, shown)
        _write(args.output, text, at, played.steps)
    elif name == DIAGRAM:
        _write(args.output, diagram_of(played, at, last), last, played.steps)
    elif name in PICTURES:
        for step in range(at, last + 1):
            text = export(played, step, name, width, height, theme, shown)
            _write(_numbered(args.output, step, last), text, step, played.steps)
    else:
        raise LufError(f"{name} is of a whole run: a stretch is for {_all_of(PICTURES)}")
    return terminal.HELD


def _write(output: str, text: str, step: int, steps: int) -> None:
    if output == STDOUT:
        terminal.write(text)
    else:
        Path(output).write_text(text, encoding="utf-8", newline="\n")
        terminal.say(f"{output}: step {step} of {steps}")


def _numbered(output: str, step: int, last: int) -> str:
    """Where the picture of one step of several goes: names that stand in the order of the steps."""
    path = Path(output)
    if output == STDOUT:
        return output
    return str(path.with_name(f"{path.stem}-{step:0{len(str(last))}}{path.suffix}"))


def _all_of(names: Iterable[str]) -> str:
    return f"{', '.join(sorted(names))} and {DIAGRAM}"


def _format(said: str | None, output: str) -> str:
    """The format asked for, or the one that the name of the file means."""
    word = said or Path(output).suffix.removeprefix(".")
    if word not in FORMATS:
        what = f"no format '{word}'" if word else "say the format with --format"
        raise LufError(with_hint(what, nearest(word, FORMATS)))
    return word
