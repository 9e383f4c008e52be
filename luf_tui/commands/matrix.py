"""`luf-tui matrix`: every guard removed in turn, and which scenario catches it."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from luf_tui.commands import terminal
from luf_tui.commands.check import programs
from luf_tui.commands.programs import MOST_STATES, count
from luf_tui.errors import WIDEST, LufError
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES
from luf_tui.runs.opening import play, policy_of
from luf_tui.script.program import Program
from luf_tui.search.all_guards import AllGuards, GuardVerdict, Plan, races_of
from luf_tui.search.random_programs.missed_guards import RandomVerdict, by_random
from luf_tui.search.result import Limits
from luf_tui.timeline.ask.summary import findings
from luf_tui.timeline.tell.words import counted

WHOLE = "luf"
"""The policy that has every guard."""
DONE = "the whole run is played without each guard"
"""What is done with a file, whatever the place in it."""
SHOWN = 3
"""Scenarios named in a line; the JSON has them all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="scenario files and folders; else the shipped ones"
    )
    parser.add_argument(
        "--search", action="store_true", help="also: is it found by search alone, in the races"
    )
    parser.add_argument(
        "--random",
        type=count,
        default=0,
        metavar="N",
        help="also: is it found by N random programs; 1500 find about two thirds of the guards",
    )
    parser.add_argument("--jobs", type=count, metavar="N", help="search and play with N processes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


@frozen
class Case:
    """A scenario to run under every mutant, with no guard of its own taken away."""

    name: str
    program: Program


def run(args: argparse.Namespace) -> int:
    """Fill the matrix and print it. Exit code 1 when a whole policy breaks an obligation."""
    if args.jobs and not (args.search or args.random):
        raise LufError("--jobs means nothing without --search or --random; leave it out")
    read, unread = programs(args.paths, DONE)
    cases = [Case(name, whole(one)) for name, one in read]
    told = counted(len(cases), "scenario")
    terminal.say(f"{len(GUARDS)} guards and {len(POLICIES)} policies on {told}")
    policies = {name: broken(cases, name) for name in POLICIES}
    asked = asked_by(cases)
    quiet = [case for case in cases if case.name not in _scenarios(policies[WHOLE])]
    guards: dict[str, list[str]] = {}
    more = Columns()
    interrupted = False
    try:
        for name in GUARDS:
            asking = [case for case in quiet if name in asked[case.name]]
            guards[name] = _scenarios(broken(asking, WHOLE, name))
        more = columns(cases, args)
    except KeyboardInterrupt:
        interrupted = True
        terminal.say(f"interrupted: {len(guards)} of {len(GUARDS)} guards tried")
    if args.json:
        terminal.put_json(as_json(guards, policies, more, asked))
    else:
        for line in table(guards, policies, more, frozenset().union(*asked.values())):
            terminal.put(line)
    if interrupted or more.interrupted:
        return terminal.INTERRUPTED
    return max(unread, terminal.FAILED if policies[WHOLE] else terminal.HELD)


def whole(program: Program) -> Program:
    """The program with nothing taken from its policy: the mutant alone is to blame."""
    return evolve(program, without=())


def broken(cases: Sequence[Case], policy: str, *without: str) -> list[dict[str, object]]:
    """The violations of a policy on all scenarios, one object each, naming the scenario."""
    found: list[dict[str, object]] = []
    for case in cases:
        played = play(case.program, policy_of(case.program, policy, without))
        if played.incomplete.startswith("interrupted"):
            raise KeyboardInterrupt
        found += [{"scenario": case.name, **one} for one in findings(played, "violation")]
    return found


def asked_by(cases: Sequence[Case]) -> dict[str, frozenset[str]]:
    """The guards that each scenario asks for, by its name: without another one it runs the same."""
    return {
        case.name: frozenset(play(case.program, policy_of(case.program, WHOLE)).asked)
        for case in cases
    }


@frozen
class Columns:
    """What search and random programs find, when that was asked for; by guard."""

    search: Mapping[str, GuardVerdict] | None = None
    random: Mapping[str, RandomVerdict] | None = None
    programs: int = 0
    interrupted: bool = False

    def of(self, guard: str) -> dict[str, object]:
        """What they say of one guard, as the JSON has it; null where they find nothing."""
        said: dict[str, object] = {}
        if self.search is not None and guard in self.search:
            by = self.search[guard].shown_by
            said["search"] = {
                "verdict": self.search[guard].verdict,
                "race": by.race if by else None,
            }
        if self.random is not None and guard in self.random:
            seed = self.random[guard].seed
            said["random"] = {"programs": self.programs, "seed": None if seed < 0 else seed}
        return said

    def words(self, guard: str) -> list[str]:
        """What they say of one guard, a word each."""
        said = []
        if self.search is not None:
            said.append(self.search[guard].verdict if guard in self.search else "-")
        if self.random is not None:
            seed = self.random[guard].seed if guard in self.random else -1
            said.append(f"seed {seed}" if seed >= 0 else "not found")
        return said


def columns(cases: Sequence[Case], args: argparse.Namespace) -> Columns:
    """Search the races and play random programs, as far as asked for."""
    search = random = None
    interrupted = False
    if args.search:
        races = races_of([(case.name, case.program) for case in cases])
        plan = Plan(WHOLE, races, Limits(MOST_STATES))
        every = AllGuards(plan, jobs=args.jobs or 1, tell=terminal.say)
        search = {one.guard: one for one in every.run()}
        interrupted = every.interrupted
    if args.random > 0 and not interrupted:
        random = {}
        try:
            for one in by_random(WHOLE, tuple(GUARDS), args.random, jobs=args.jobs or 1):
                random[one.guard] = one
                told = f"seed {one.seed}" if one.seed >= 0 else "not found"
                terminal.say(f"random programs without {one.guard}: {told}")
        except KeyboardInterrupt:
            interrupted = True
    return Columns(search, random, args.random, interrupted)


def as_json(
    guards: dict[str, list[str]],
    policies: dict[str, list[dict[str, object]]],
    more: Columns,
    asked: Mapping[str, frozenset[str]],
) -> dict[str, object]:
    """The object that `matrix --json` prints."""
    return {
        "guards": {
            name: {
                "obligations": GUARDS[name].obligation.split(", "),
                "killed_by": killers,
                "asked_by": [case for case, names in asked.items() if name in names],
                **more.of(name),
            }
            for name, killers in guards.items()
        },
        "policies": {name: {"violations": found} for name, found in policies.items()},
    }


def table(
    guards: dict[str, list[str]],
    policies: dict[str, list[dict[str, object]]],
    more: Columns,
    asked: frozenset[str],
) -> list[str]:
    """The matrix as lines: what catches each missing guard, and what each policy breaks. Those that
    no scenario here asks for are named together.
    """
    heads = [
        *(["search"] if more.search is not None else []),
        *(["random"] if more.random is not None else []),
    ]
    rows = [("without", "upholds", *heads, "caught by")]
    idle = [name for name in guards if name not in asked and not heads]
    for name, killers in guards.items():
        if name not in idle:
            words = more.words(name)
            rows.append((name, GUARDS[name].obligation, *words, _some(killers) or "nothing here"))
    caught = sum(bool(killers) for killers in guards.values())
    lines = terminal.table(rows) if len(rows) > 1 else []
    if idle:
        named = f"{counted(len(idle), 'guard')} that nothing here asks for: {', '.join(idle)}"
        lines += ["", *textwrap.wrap(named, WIDEST, break_on_hyphens=False)]
    lines += ["", f"{caught} of {len(guards)} missing guards are caught by scenarios"]
    if more.search is not None:
        found = sum(one.shown_by is not None for one in more.search.values())
        lines.append(
            f"{found} of {len(guards)} by search alone, at most {MOST_STATES:,} states a race"
        )
    if more.random is not None:
        found = sum(one.seed >= 0 for one in more.random.values())
        lines.append(f"{found} of {len(guards)} by {more.programs} random programs alone")
    lines.append("")
    lines += terminal.table(
        [
            (name, f"{len(found)} violations", _some(_scenarios(found)))
            for name, found in policies.items()
        ]
    )
    return lines


def _scenarios(found: Sequence[dict[str, object]]) -> list[str]:
    return list(dict.fromkeys(str(one["scenario"]) for one in found))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
