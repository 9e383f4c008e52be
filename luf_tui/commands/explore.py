"""`luf-tui explore`: every interleaving of a file's races, every program of its forever blocks."""

from __future__ import annotations

import argparse
from pathlib import Path

from luf_tui import library
from luf_tui.commands import terminal
from luf_tui.commands.programs import (
    MOST_STATES,
    add_policy,
    count,
    exclude,
    needs,
    seconds,
    size_in_bytes,
)
from luf_tui.commands.writing import (
    COUNTEREXAMPLE,
    SEARCH,
    add_force,
    apart,
    free,
    save,
    save_with,
)
from luf_tui.errors import LufError
from luf_tui.policy.base import Policy
from luf_tui.policy.own import anew
from luf_tui.runs.explored import Explored, explore
from luf_tui.script.program import Program
from luf_tui.search.exploration import Report
from luf_tui.search.process_memory import told as in_words
from luf_tui.search.race_start import remarks
from luf_tui.search.result import BOUNDED, FAILED, SAFE, Progress

CODES = {SAFE: terminal.HELD, BOUNDED: terminal.UNDECIDED}

OF_ONE_SEARCH = (
    "--without",
    "--write",
    "--force",
    "--race",
    "--max-memory",
    "--random-walks",
    "--diagram",
    "--no-symmetry",
    "--no-shrink",
    "--save",
    "--resume",
)
"""Flags that mean nothing where guards are removed in turn."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="a scenario file, or the name of a shipped scenario; several with --all-guards",
    )
    add_policy(parser)
    parser.add_argument(
        "--all-guards",
        action="store_true",
        help="remove each guard in turn and search the races of these files, or the shipped ones",
    )
    parser.add_argument(
        "--jobs",
        type=count,
        metavar="N",
        help="search with N processes, which share a large race; what is found does not depend on "
        "it",
    )
    parser.add_argument(
        "--write", metavar="OUT.luf", help="write the counterexample here, as a scenario"
    )
    add_force(parser)
    parser.add_argument(
        "--diagram",
        action="store_true",
        help="show the order that breaks it as the CPU0 / CPU1 diagram of a commit message",
    )
    parser.add_argument(
        "--race",
        type=count,
        metavar="N",
        help="only the file's race or forever block number N, counted from 1",
    )
    parser.add_argument(
        "--max-states",
        type=count,
        metavar="N",
        help=f"stop a race's search at N states; default none, with --all-guards {MOST_STATES:,}",
    )
    parser.add_argument(
        "--max-memory",
        type=size_in_bytes,
        metavar="SIZE",
        help="stop a race's search when it takes so much, 500M or 4G; default two thirds of what "
        "is free",
    )
    parser.add_argument(
        "--max-seconds", type=seconds, default=0.0, metavar="S", help="stop a race's search then"
    )
    parser.add_argument(
        "--save",
        metavar="SEARCH",
        help="keep here a search that ends before it has seen every order, also by Ctrl-C",
    )
    parser.add_argument(
        "--resume", metavar="SEARCH", help="go on with a search that --save has kept"
    )
    parser.add_argument(
        "--random-walks",
        type=count,
        default=0,
        metavar="N",
        help="draw N orders of a race, the same ones each time, instead of trying every order",
    )
    parser.add_argument(
        "--no-symmetry",
        action="store_true",
        help="count states apart that differ only by names nothing depends on",
    )
    parser.add_argument(
        "--no-shrink", action="store_true", help="show the counterexample on the file as it is"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Explore one file. Exit code 0 when no order breaks anything, 1 when one does, 3 when not
    every order was looked at.
    """
    if args.all_guards:
        from luf_tui.commands import explore_guards as guards  # noqa: PLC0415 - it loads a lot

        exclude(args, "--all-guards", *OF_ONE_SEARCH)
        return guards.run(args)
    if not args.save:
        needs(args, "--write", "--force")
    if len(args.files) != 1:
        raise LufError("explore takes one FILE; with --all-guards any number, or none")
    exclude(args, "--random-walks", "--no-symmetry", "--save", "--resume", "--jobs")
    for written in (args.write, args.save):
        if written:
            apart(library.locate(args.files[0]), written)
    kept = free(args.save, SEARCH, force=args.force) if args.save else None
    target = free(args.write, COUNTEREXAMPLE, force=args.force) if args.write else None
    found = explore(
        args.files[0],
        policy=args.policy,
        without=args.without,
        race=args.race,
        max_states=args.max_states or 0,
        max_memory=args.max_memory or 0,
        max_seconds=args.max_seconds,
        random_walks=args.random_walks,
        symmetry=not args.no_symmetry,
        shrink=not args.no_shrink,
        resume=args.resume,
        resumable=kept is not None,
        jobs=args.jobs or 1,
        tell=SearchProgress(),
        say=terminal.say,
    )
    report = found.report
    if target is not None and report.scenario:
        save(target, report.scenario)
    for said in _beside(args, found):
        terminal.say(said)
    if args.json:
        drawn = {"diagram": found.diagram() or None} if args.diagram else {}
        terminal.put_json(found.summary() | drawn)
    else:
        drawing = found.diagram() if args.diagram else ""
        for line in told(found.program, found.policy, report, args.write, drawing):
            terminal.put(line)
    if kept is not None:
        _keep(found, kept)
    if report.interrupted:
        return terminal.INTERRUPTED
    return CODES.get(report.verdict, terminal.FAILED)


def _beside(args: argparse.Namespace, found: Explored) -> list[str]:
    """What is said beside the verdict: of the schedules of the file, and of flags in vain."""
    told = remarks(found.program, anew(found.policy))
    flags = (("--write", args.write), ("--diagram", args.diagram))
    vain = [flag for flag, given in flags if given and not found.report.scenario]
    return [*told, *(f"{flag}: there is no counterexample" for flag in vain)]


def _keep(found: Explored, path: Path) -> None:
    """Save a search that is not ready, and say how to go on with it."""
    if not found.unfinished:
        terminal.say("--save: the search has come to its end, there is nothing to go on with")
        return
    terminal.flush()
    save_with(path, found.save)
    terminal.say(f"{path}: the search as far as it got; --resume {path} goes on with it")


def told(
    program: Program, policy: Policy, report: Report, written: str | None, drawing: str = ""
) -> list[str]:
    """The report as lines: the verdict, its figures, a drawing and the counterexample."""
    without = f" without {', '.join(policy.without)}" if policy.without else ""
    seen = f"{_many(report.states, 'state')}, {_many(report.transitions, 'transition')}"
    lines = [
        f"{program.title} · {policy.name}{without}",
        f"{report.verdict}: {_meaning(report)}",
        f"{seen}, {report.seconds:.2f} s",
    ]
    if report.noticed:
        lines.insert(2, report.noticed.sentence())
    if report.learnt:
        lines.append(
            f"the engine played {_many(report.learnt, 'turn')}, and the rest follow from those; "
            f"{report.checked:,} that did were played as well, and came out the same"
        )
    if report.collision:
        lines.append(
            "states are told apart by fingerprints of 128 bits: two were taken for one with a "
            f"chance of {report.collision:.0e}"
        )
    if report.happened.renamed:
        lines.append(
            "states that differ in the names of frames, generations, TLB slots or fresh bytes "
            "alone count as one, and an access may fault any number of times"
        )
    if report.happened.permuted:
        lines.append(
            "so do states in which those change places that may do the same: "
            f"{', and '.join(report.happened.permuted)}"
        )
    lines += [one.sentence() for one in report.expected]
    if report.verdict == FAILED and report.why:
        lines.append(f"not everything was seen ({report.why})")
    lines += _what_happened(report)
    if drawing:
        lines += ["", *drawing.rstrip("\n").split("\n")]
    if report.scenario and written:
        lines.append(f"counterexample written to {written}")
    elif report.scenario:
        lines += ["", *report.scenario.rstrip("\n").split("\n")]
    return lines


def _what_happened(report: Report) -> list[str]:
    """What the orders had in common, and what did not come to pass in them."""
    happened = report.happened
    if not happened.lines:
        return []
    told = [f"the orders end in {happened.finals:,} different states"]
    if happened.finals <= 1:
        every = "every order ends in the same state"
        told = [every if happened.finals else "no order was played to its end"]
    if happened.forever:
        told = ["programs have no end, so least and most IPIs are not told"]
    if happened.ipis is not None:
        least, most = happened.ipis
        told.append(f"{least} to {most} IPIs" if most > least else _many(most, "IPI"))
    rows = [", ".join(told)]
    if report.verdict == SAFE:
        rows += happened.sentences()
        rows += report.lasts()
    return rows


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _meaning(report: Report) -> str:
    if report.verdict == SAFE:
        ways = _ways(report)
        if report.vacuous:
            return f"vacuously so, nothing dangerous came to pass in any {' or '.join(ways)}"
        return f"no {' and no '.join(ways)} breaks an obligation"
    if report.verdict == BOUNDED:
        return f"nothing found, but not everything was seen ({report.why})"
    if report.before:
        where = f"on line {report.before}, before the race on line {report.line}"
        return f"{report.obligation} {where} begins: {report.message}"
    turns = len(report.schedule)
    if report.verdict == FAILED:
        return f"{report.message} ({_many(turns, 'turn')})" if report.scenario else report.message
    return f"{report.obligation} after {turns} turns: {report.message}"


def _ways(report: Report) -> list[str]:
    """What was looked at: orders of races, programs of forever blocks."""
    races, programs = report.races - report.forever, "program of any length"
    found = [f"order of the {'race' if races == 1 else f'{races} races'}"] if races else []
    return [*found, programs] if report.forever else found


class SearchProgress:
    """Says on stderr how far a search has come, once every few seconds."""

    EVERY = 2.0
    """Seconds between two lines."""

    def __init__(self) -> None:
        self._next = self.EVERY

    def __call__(self, at: Progress) -> None:
        """Say it, if it is time."""
        if at.seconds < self._next:
            self._next = min(self._next, at.seconds + self.EVERY)
            return
        self._next = at.seconds + self.EVERY
        terminal.say(
            f"{at.states:,} states, {at.states / at.seconds:,.0f} a second, "
            f"{at.depth} turns deep, {at.level:,} there, {at.waiting:,} beyond, "
            f"{in_words(at.memory)}"
        )
