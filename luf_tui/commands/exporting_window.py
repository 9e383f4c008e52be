"""A window of a recording as a scenario, for `luf-tui export --format luf`."""

from __future__ import annotations

import argparse

from luf_tui.commands import terminal
from luf_tui.commands.writing import WINDOW, free, save
from luf_tui.errors import LufError
from luf_tui.runs.opening import Place, is_recording, play, policy_of, program
from luf_tui.script.program import Program
from luf_tui.timeline.navigate.spots import Spot
from luf_tui.timeline.timeline import Timeline

FORMAT = "luf"


def write(args: argparse.Namespace, where: Place, stdout: str) -> int:
    """Write the facts of a stretch; without one all. Raises LufError for a scenario, which is one,
    and for more than a scenario is written of.
    """
    if not is_recording(where.path):
        raise LufError(f"{args.file} is a scenario already; {FORMAT} is for a recording's stretch")
    # Other formats of an export do without what reads recordings.
    from luf_tui.ftrace.replay.as_scenario import scenario_of  # noqa: PLC0415
    from luf_tui.ftrace.replay.trace_program import POLICY, Lines  # noqa: PLC0415

    policy = args.policy or POLICY
    path = None
    if args.output != stdout:
        path = free(args.output, WINDOW, force=args.force)
    recorded = program(where.path)
    policy_of(recorded, policy, args.without)
    lines = recorded.items
    assert isinstance(lines, Lines)
    first, last = _facts(recorded, where)
    guards = f" without {args.without.replace(',', ' ')}" if args.without else ""
    text = scenario_of(lines, first, last, where.path.name, policy + guards)
    if path is None:
        terminal.write(text)
    else:
        save(path, text)
        terminal.say(f"{args.output}: facts {first + 1} to {last + 1} of {len(lines)}")
    return terminal.HELD


def _facts(recorded: Program, where: Place) -> tuple[int, int]:
    """The first and the last fact of a stretch."""
    everything = len(recorded.items) - 1
    if where.spot is None:
        return 0, everything
    if where.until is None:
        raise LufError(f"{FORMAT} is of a stretch: say where it ends, as in FILE@L1..L200")
    played: list[Timeline] = []
    first, last = (_fact(recorded, one, played) for one in (where.spot, where.until))
    if last < first:
        raise LufError(f"fact {last + 1} is before fact {first + 1}: a stretch goes forwards")
    return first, last


def _fact(recorded: Program, spot: Spot, played: list[Timeline]) -> int:
    """The fact at a place. A micro-step is one of the run under the policy that it is replayed
    under unless another is named; a line needs no run.
    """
    count = len(recorded.items)
    if spot.line > count:
        raise LufError(f"line {spot.line} is past the end: this recording has {count} facts")
    if spot.line:
        return spot.line - 1
    if spot.end:
        return count - 1
    if not spot.step:
        return 0
    if not played:
        played.append(play(recorded, policy_of(recorded)))
    return played[0].item_at(spot.position(played[0]))
