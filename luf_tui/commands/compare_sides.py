"""`luf-tui compare --side-by-side`: two runs of a scenario, or two places of one, with what differs
lit.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from luf_tui.commands import terminal
from luf_tui.commands.programs import exclude, needs, size
from luf_tui.commands.writing import PAGE, add_force, free, save
from luf_tui.errors import LufError
from luf_tui.render import sides_page
from luf_tui.runs.beside import WITHOUT, Beside, beside
from luf_tui.runs.opening import names as listed
from luf_tui.runs.opening import play, policy_of
from luf_tui.script.program import Program
from luf_tui.timeline.ask.compare import name_of, policy_name
from luf_tui.timeline.navigate.alignment import Sides, parting
from luf_tui.timeline.navigate.spots import Spot, spot
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.palette import palette_named
from luf_tui.view.sides import Names

SIZE = (120, 40)
ONLY = ("--at", "--html", "--size", "--theme", "--force")
"""Arguments that mean something for two sides only."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--side-by-side",
        action="store_true",
        help="two runs, or two places of one, with what differs lit",
    )
    parser.add_argument(
        "--without",
        action="append",
        metavar="GUARD",
        help="hold the run against the same one without this guard",
    )
    parser.add_argument(
        "--against",
        metavar="WORDS",
        help="what to hold it against: a policy, `dram 4`, or side by side a place `@L25`",
    )
    parser.add_argument(
        "--at",
        metavar="PLACE",
        help="side by side: where the left one stands; default: where the two part, else its end",
    )
    parser.add_argument(
        "--html", metavar="OUT", help="side by side: write a page to walk, in place of the text"
    )
    add_force(parser)
    parser.add_argument("--size", type=size, metavar="WxH", help="side by side; default 120x40")
    parser.add_argument("--theme", metavar="NAME", help="of the page; default: the reader's")


def refuse(args: argparse.Namespace) -> None:
    """Raise LufError for arguments that mean nothing without others, or beside them."""
    needs(args, "--side-by-side", *ONLY)
    needs(args, "--html", "--theme", "--force")
    exclude(args, "--side-by-side", "--json")


def run(
    args: argparse.Namespace, program: Program, policies: Sequence[str], at: Spot | None = None
) -> list[Timeline]:
    """Print or write the two sides, the left one at a place; the runs that were played."""
    if args.theme:
        palette_named(args.theme)
    target = free(args.html, PAGE, force=args.force) if args.html else None
    left, wanted = asked(args, program, policies)
    sides = wanted.sides(left)
    names = Names(policy_name(left), wanted.name)
    found = parting(sides)
    if args.at and at is not None:
        raise LufError(f"--at and the place in {args.file} are two places; leave one of them out")
    if args.at:
        at = spot(args.at.removeprefix("@"))
    position = at.position(left) if at else found.step if found else left.steps
    width, height = args.size or SIZE
    if target is not None:
        text = sides_page.walked(sides, names, position, width, height, args.theme or "")
        save(target, text)
        terminal.say(f"{args.html}: {names.left} beside {names.right}, step {position}")
    else:
        for line in sides_page.lines(sides, names, position, width, height):
            terminal.put(line)
    return _runs(sides)


def _runs(sides: Sides) -> list[Timeline]:
    return [sides.left] if sides.place >= 0 else [sides.left, sides.right]


def asked(
    args: argparse.Namespace, program: Program, policies: Sequence[str]
) -> tuple[Timeline, Beside]:
    """The run on the left, and what is on the right."""
    ways = [args.against is not None, bool(args.without), len(policies) > 1]
    if sum(ways) > 1 or len(policies) > 2:
        told = "two policies, one with --without, or one with --against"
        raise LufError(f"there are two sides: say {told}")
    own = policy_of(program, policies[0] if policies else None)
    if len(policies) > 1:
        words = policies[1]
    elif args.without:
        words = f"{WITHOUT} {','.join(listed(','.join(args.without)))}"
    elif args.against is not None:
        words = args.against
    else:
        words = "luf" if own.name == "eager" else "eager"
    wanted = beside(program, own, words)
    if wanted.spot is None and wanted.program is program and wanted.name == name_of(own):
        raise LufError(f"both sides would be {wanted.name}: say another with --against")
    return play(program, own), wanted
