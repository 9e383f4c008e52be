"""`luf-tui compare`: one scenario under several policies, side by side."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from attrs import fields

from luf_tui.commands import compare_sides, terminal
from luf_tui.commands.programs import exclude
from luf_tui.errors import LufError
from luf_tui.runs.opening import names, place, play, policy_of, program
from luf_tui.runs.replayed import COMPARED
from luf_tui.script.program import Program
from luf_tui.timeline.answers import Counters
from luf_tui.timeline.ask.compare import as_json, compare, policy_name
from luf_tui.timeline.ask.costs import bill, who_pays
from luf_tui.timeline.timeline import Timeline

DEFAULT = ",".join(COMPARED)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file",
        metavar="FILE[@PLACE]",
        help="a scenario or a recording; of a permalink it is told what has changed",
    )
    parser.add_argument(
        "--policy",
        metavar="P",
        help="what the others are held against, instead of the scenario's own; or --policies",
    )
    parser.add_argument(
        "--policies",
        metavar="A,B,…",
        help=f"what to compare, the first being what others are held against (default {DEFAULT})",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    compare_sides.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Play the scenario once a policy and print the counters and the first difference."""
    exclude(args, "--policy", "--policies")
    compare_sides.refuse(args)
    where = place(args.file)
    asked = program(where.path)
    said = names(args.policies or args.policy or "")
    if args.side_by_side:
        return _verdict(args, compare_sides.run(args, asked, said, where.spot))
    runs, called = _columns(args, asked, said)
    if where.spot is not None:
        terminal.say(f"{args.file}: the whole runs are compared, not only up to the place")
        if drift := where.spot.drift_among(runs):
            terminal.say(drift)
    if args.json:
        terminal.put_json(as_json(runs, called))
    else:
        for line in table_of(runs, called):
            terminal.put(line)
    return _verdict(args, runs)


def _columns(
    args: argparse.Namespace, asked: Program, said: Sequence[str]
) -> tuple[list[Timeline], list[str]]:
    """The runs of a table, and what they are called; the first is what others are held against."""
    if args.without or args.against:
        left, wanted = compare_sides.asked(args, asked, said)
        if wanted.spot is not None:
            raise LufError("a place of the same run is for --side-by-side; say it, too")
        runs = [left, play(wanted.program, wanted.policy)]
        return runs, [policy_name(left), wanted.name]
    if args.policies and len(said) < 2:
        raise LufError("name at least two policies: --policies eager,luf")
    others = () if args.policies else COMPARED
    policies = [policy_of(asked, name) for name in said]
    own = {one.name for one in policies}
    policies += [policy_of(asked, name) for name in others if name not in own]
    runs = [play(asked, policy) for policy in policies]
    return runs, [policy_name(run) for run in runs]


def _verdict(args: argparse.Namespace, runs: Sequence[Timeline]) -> int:
    """The exit code; what a machine refused is told."""
    refused = [
        f"{args.file}:{run.program.items[one.item].span.line}: refused: {one.reason}"
        for run in runs
        for one in run.refusals
    ]
    for reason in dict.fromkeys(refused):
        terminal.say(reason)
    if refused:
        return terminal.BAD_INPUT
    broken = any(found.weight == "violation" for run in runs for found in run.findings)
    return terminal.FAILED if broken else terminal.HELD


def table_of(runs: list[Timeline], called: Sequence[str] = ()) -> list[str]:
    """A table of counters, a column a policy, and where the runs part."""
    found = compare(runs, called)
    rows = [("", *found.policies)]
    for field in fields(Counters):
        values = (str(getattr(counters, field.name)) for counters in found.counters)
        rows.append((field.name.replace("_", " "), *values))
    rows.append(("owed at the end", *map(str, found.owed)))
    costs = who_pays([bill(run, run.steps) for run in runs])
    rows += [("",), ("ns of the model:",)]
    rows += [(f"  {cost.what}", *(str(spent) for spent in cost.spent)) for cost in costs]
    lines = [runs[0].program.title or runs[0].program.path, "", *terminal.table(rows), ""]
    for what, at in (
        ("first difference", found.divergence),
        ("first that a program can notice", found.outside),
    ):
        if at is None:
            lines.append(f"{what}: none")
            continue
        lines.append(f"{what}: line {at.line}, step {at.step} against {at.other_step}")
        said = ((found.policies[0], at.text), (at.other, at.other_text))
        lines += [f"  {name}: {text}" for name, text in said if text]
    return lines
