"""`luf-tui export`: pictures and recordings of a run."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from luf_tui.commands import exporting_window, terminal
from luf_tui.commands.programs import add_beside, add_policy, exclude, size
from luf_tui.commands.writing import EXPORTED, add_force, apart, free, save
from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.render.diagram import diagram_of
from luf_tui.render.formats import FORMATS, PICTURES, WALKED, export
from luf_tui.runs.opening import play_file, stretch
from luf_tui.timeline.navigate.spots import Spot
from luf_tui.view.palette import PALETTES, palette_named
from luf_tui.view.screen import LANES, MAP
from luf_tui.view.state import ViewState

SIZE = (120, 40)
STDOUT = "-"
DIAGRAM = "diagram"
SCREENS = frozenset(FORMATS) - {DIAGRAM, "jsonl"}
"""Formats that show screens."""
COLOURED = SCREENS - {"txt"}


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
        "--format",
        metavar="F",
        help=f"{', '.join(FORMATS)}; {exporting_window.FORMAT}, for a stretch of a recording: a "
        "scenario of it; else by the name of OUT",
    )
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="a file; - is stdout")
    add_force(parser)
    parser.add_argument("--size", type=size, metavar="WxH", help="of the screen; default 120x40")
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
    _refuse(args, name)
    if args.theme is not None:
        palette_named(args.theme)
    theme = args.theme or ("" if name in WALKED else "dark")
    where = stretch(args.file)
    if name == exporting_window.FORMAT:
        if args.output != STDOUT:
            apart(where.path, args.output)
        return exporting_window.write(args, where, STDOUT)
    if where.until is not None and name != DIAGRAM and name not in PICTURES:
        raise LufError(f"{name} is of a whole run: a stretch is for {_all_of(PICTURES)}")
    if args.output != STDOUT:
        apart(where.path, args.output)
    played = play_file(where.path, args.policy, args.without)
    spot = where.spot or (Spot() if name in WALKED else Spot(end=True))
    at = spot.position(played)
    last = at if where.until is None else where.until.position(played)
    if last < at:
        raise LufError(f"step {last} is before step {at}: a stretch goes forwards")
    if drift := (where.until or spot).drift(played):
        terminal.say(drift)
    several = where.until is not None and name in PICTURES
    outputs = {
        step: _numbered(args.output, step, last) if several else args.output
        for step in (range(at, last + 1) if several else (last,))
    }
    paths = {
        step: free(output, EXPORTED[name], force=args.force)
        for step, output in outputs.items()
        if output != STDOUT
    }
    beside = play_file(where.path, args.beside) if args.beside else None
    width, height = args.size or SIZE
    # Where there is room for one pane only, what is asked for is in it.
    group = MAP if args.map else LANES if beside else ""
    shown = ViewState(group=group, beside=beside)
    for step, output in outputs.items():
        if name == DIAGRAM and where.until is not None:
            text = diagram_of(played, at, last)
        else:
            text = export(played, step, name, width, height, theme, shown)
        if output == STDOUT:
            terminal.write(text)
        else:
            save(paths[step], text)
            terminal.say(f"{output}: step {step} of {played.steps}")
    return terminal.HELD


def _refuse(args: argparse.Namespace, name: str) -> None:
    """Raise LufError for arguments that mean nothing for a format, or beside each other."""
    screen = {"size": args.size, "map": args.map, "beside": args.beside}
    for flag, said in screen.items():
        if said and name not in SCREENS:
            raise LufError(f"--{flag} is of a screen, and {name} has none; leave it out")
    if args.theme and name not in COLOURED:
        raise LufError(f"--theme is of colours, and {name} has none; leave it out")
    exclude(args, "--map", "--beside")
    if args.force and args.output == STDOUT:
        raise LufError("--force is of a file, and -o - is none; leave it out")


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
    known = (*FORMATS, exporting_window.FORMAT)
    if word not in known:
        what = f"no format '{word}'" if word else "say the format with --format"
        raise LufError(with_hint(what, nearest(word, known)))
    return word
