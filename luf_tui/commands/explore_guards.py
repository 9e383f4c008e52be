"""`luf-tui explore --all-guards`: is each guard's removal found by search alone?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from luf_tui.commands import terminal
from luf_tui.commands.check import programs
from luf_tui.commands.matrix import DONE, WHOLE, whole
from luf_tui.commands.programs import MOST_STATES
from luf_tui.errors import LufError
from luf_tui.policy import own
from luf_tui.policy.guards import GUARDS
from luf_tui.script.program import Program
from luf_tui.search.all_guards import FOUND, AllGuards, GuardVerdict, Plan, Searched, races_of
from luf_tui.search.result import BOUNDED, UNSAFE, Limits
from luf_tui.timeline.tell.words import counted


def run(args: argparse.Namespace) -> int:
    """Search every race without each guard. Exit code 1 when a race breaks with all of them, 3 when
    a guard was not found, and not every order was looked at.
    """
    policy = own.known(args.policy) if args.policy else WHOLE
    limits = Limits(args.max_states or MOST_STATES, args.max_seconds)
    prepare = own.preparation(args.policy)
    read, unread = programs(args.files, DONE)
    search = searching(read, policy, limits, jobs=args.jobs or 1, prepare=prepare)
    search.run()
    if args.json:
        terminal.put_json({"policy": policy, **as_json(search)})
    else:
        for line in table(search):
            terminal.put(line)
    if search.interrupted:
        terminal.say(f"interrupted: {len(search.verdicts)} of {len(search.guards)} guards tried")
        return terminal.INTERRUPTED
    return unread or _code(search)


def _code(search: AllGuards) -> int:
    if search.unusable:
        return terminal.FAILED
    undecided = any(one.verdict == BOUNDED for one in search.verdicts)
    return terminal.UNDECIDED if undecided else terminal.HELD


def searching(
    read: Sequence[tuple[str, Program]],
    policy: str,
    limits: Limits,
    *,
    jobs: int = 1,
    prepare: own.Prepare | None = None,
) -> AllGuards:
    """The search of the races in some programs, each with what it is called.

    Raises LufError when there is no race, or no such policy.
    """
    races = races_of([(name, whole(one)) for name, one in read])
    if not races:
        raise LufError("there is no race to explore in these files")
    plan = Plan(policy, races, limits, prepare)
    search = AllGuards(plan, jobs=jobs, tell=terminal.say)
    terminal.say(f"{len(search.guards)} guards of {policy}, {counted(len(races), 'race')}")
    return search


def as_json(search: AllGuards) -> dict[str, object]:
    """The object that `explore --all-guards --json` prints, less the policy."""
    return {
        "guards": {one.guard: guard_json(one) for one in search.verdicts},
        "races": {
            one.race: {
                "verdict": one.verdict,
                "states": one.states,
                "obligation": one.obligation or None,
                "why": one.why or None,
            }
            for one in search.whole
        },
    }


def guard_json(verdict: GuardVerdict) -> dict[str, object]:
    """What the search found of one guard."""
    by = verdict.shown_by
    return {
        "verdict": verdict.verdict,
        "race": by.race if by else None,
        "obligation": by.obligation if by else None,
        "turns": by.turns if by else None,
        "searched": [one.race for one in verdict.races],
        "states": sum(one.states for one in verdict.races),
    }


def table(search: AllGuards) -> list[str]:
    """What the search found as lines."""
    rows = [("without", "upholds", "found by search")]
    for one in search.verdicts:
        upholds = GUARDS[one.guard].obligation if one.guard in GUARDS else ""
        rows.append((one.guard, upholds, said(one)))
    found = sum(one.verdict == FOUND for one in search.verdicts)
    lines = terminal.table(rows)
    lines += ["", f"{found} of {len(search.verdicts)} missing guards are found by search alone"]
    for race in search.whole:
        if race.verdict == UNSAFE:
            lines.append(f"{race.race}: {race.obligation} with every guard, so it tells nothing")
        elif race.verdict == BOUNDED:
            lines.append(f"{race.race}: not everything was seen ({race.why})")
    return lines


def said(verdict: GuardVerdict) -> str:
    """What the search found of one guard, in a few words."""
    by = verdict.shown_by
    if by:
        where = f"after {by.turns} turns" if by.turns else "before the race"
        return f"{by.race}: {by.obligation} {where}"
    if not verdict.races:
        return "no race asks for it"
    looked = _listed(verdict.races)
    if verdict.verdict == BOUNDED:
        return f"not in what was seen of {looked}"
    return f"in no order of {looked}"


def _listed(races: Sequence[Searched]) -> str:
    names = [one.race for one in races]
    return names[0] if len(names) == 1 else f"{len(names)} races"
