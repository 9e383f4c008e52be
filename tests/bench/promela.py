"""The engine configured down to `tests/data/luf.pml`, beside other checkers of that model.

Everything is measured end to end, in fresh processes, compilers included: by the clock, and in
seconds of processors, which a machine that is busy otherwise disturbs less. The peers run right
before ours in each round, and ratios are medians of the rounds'.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from tests.bench.measure import Row, median, narrate, rate
from tests.bench.peers import (
    RUMUR,
    RUMUR_FRAMES,
    SPIN,
    SPIN_SORTED,
    Counted,
    Peer,
    spin_to_bug,
)
from tests.bench.processes import Ran, run
from tests.promela.machine import FULL, Sizes
from tests.promela.naming import ALL, FRAMES, PLAIN
from tests.promela.programs import BUGS, SHORTEST

ROOT = Path(__file__).resolve().parents[2]
FOUR_FRAMES, THREE_CPUS = Sizes(2, 2, 4), Sizes(3, 2, 3)
REACHED = {
    FULL: (329_827, 1_921_624),
    FOUR_FRAMES: (5_944_041, 37_084_144),
    THREE_CPUS: (32_114_417, 238_087_830),
}
"""States and transitions of the model."""
TITLES = {PLAIN: "nothing renamed", FRAMES: "frames renamed", ALL: "all names renamed"}


@frozen
class Goal:
    """A row of the table: what is searched, beside whom, and what that may cost."""

    sizes: Sizes
    renamed: str
    peer: Peer
    ratio: float
    stretch: float
    most: int = 0
    """MiB; 0 is no goal."""


GOALS = (
    Goal(FULL, PLAIN, SPIN, 3.0, 1.5),
    Goal(FULL, FRAMES, SPIN, 1.0, 0.5),
    Goal(FULL, ALL, SPIN, 1.0, 0.5),
    Goal(FULL, FRAMES, SPIN_SORTED, 0, 0),
    Goal(FULL, FRAMES, RUMUR_FRAMES, 0, 0),
    Goal(FULL, ALL, RUMUR, 0, 0),
    Goal(FOUR_FRAMES, FRAMES, SPIN, 0.8, 0),
    Goal(FOUR_FRAMES, ALL, SPIN, 0.8, 0),
    Goal(FOUR_FRAMES, FRAMES, SPIN_SORTED, 4.0, 1.0),
    Goal(FOUR_FRAMES, ALL, RUMUR, 0, 0),
)
LONG = (
    Goal(THREE_CPUS, ALL, SPIN, 0.5, 0, 2048),
    Goal(THREE_CPUS, FRAMES, SPIN, 0.5, 0, 2048),
    Goal(THREE_CPUS, FRAMES, SPIN_SORTED, 4.0, 1.0),
    Goal(THREE_CPUS, ALL, RUMUR, 1.0, 0),
)
"""Those that take minutes and gigabytes."""


def ours(*options: str) -> tuple[dict[str, int], Ran]:
    """Our search as a process of its own."""
    ran = run((sys.executable, "-m", "tests.promela", *options), ROOT)
    return json.loads(ran.text), ran


def beside_peers(rounds: int, *, long: bool = False) -> list[Row]:
    """The models of several sizes, and each broken variant."""
    rows = [row for goals in _by_search(GOALS) for row in _searched(goals, rounds)]
    rows += [_broken(bug, rounds) for bug in BUGS]
    if long:
        rows += [row for goals in _by_search(LONG) for row in _searched(goals, 1)]
    return rows


def _by_search(goals: Sequence[Goal]) -> list[list[Goal]]:
    """The goals of each size together, so that everybody runs once a round."""
    sizes = dict.fromkeys(goal.sizes for goal in goals)
    return [[goal for goal in goals if goal.sizes == one] for one in sizes]


def _searched(goals: Sequence[Goal], rounds: int) -> list[Row]:
    sizes = goals[0].sizes
    peers = {goal.peer.name: goal.peer for goal in goals if not goal.peer.missing}
    theirs: dict[str, list[Counted]] = {name: [] for name in peers}
    told: dict[str, dict[str, int]] = {}
    took: dict[str, list[Ran]] = {}
    for number in range(rounds if sizes == FULL else 1):
        for name, peer in peers.items():
            narrate(f"luf {sizes}: {name}, round {number + 1}")
            theirs[name].append(peer.count(sizes))
        for renamed in dict.fromkeys(goal.renamed for goal in goals):
            narrate(f"luf {sizes}: ours, {TITLES[renamed]}, round {number + 1}")
            told[renamed], ran = ours(str(sizes), "--renamed", renamed)
            took.setdefault(renamed, []).append(ran)
    return [
        _row(goal, told[goal.renamed], took[goal.renamed], theirs.get(goal.peer.name, []))
        for goal in goals
    ]


def _row(goal: Goal, told: dict[str, int], took: Sequence[Ran], theirs: Sequence[Counted]) -> Row:
    states, transitions = REACHED[goal.sizes]
    right = (told["states"], told["transitions"]) == (states, transitions)
    measured = (
        f"{told['states']:,} states and {told['transitions']:,} transitions "
        f"({'exactly those of the model' if right else 'NOT those of the model'}), "
        f"{told['visited']:,} visited, {told['rows']:,} rows; {_took(took)}, "
        f"{rate(told['turns'], median([ran.cpu for ran in took]), ' turns')}"
    )
    what = f"luf {goal.sizes}, {TITLES[goal.renamed]}"
    wanted = f"{goal.ratio:g} x {goal.peer.name}" if goal.ratio else ""
    wanted += f", {goal.most} MiB" if goal.most else ""
    stretch = f"{goal.stretch:g} x" if goal.stretch else ""
    if not theirs:
        return Row(what, measured, wanted, stretch, f"not installed: {goal.peer.missing}")
    return Row(what, measured, wanted, stretch, _beside(goal, told, took, theirs))


def _beside(
    goal: Goal, told: dict[str, int], took: Sequence[Ran], theirs: Sequence[Counted]
) -> str:
    peer, last = goal.peer, theirs[-1]
    ran = [counted.ran for counted in theirs]
    pairs = list(zip(took, ran, strict=True))
    ratios = (
        median([our.seconds / their.seconds for our, their in pairs]),
        median([our.cpu / their.cpu for our, their in pairs]),
    )
    same = ""
    if goal.renamed == peer.renamed:
        equal = last.states == told["visited"]
        same = " (as ours)" if equal else " (its renaming is a heuristic)"
        if peer is not RUMUR and not equal:
            same = " (NOT OURS)"
    return (
        f"{peer.name}: {last.states:,} states{same}, {last.transitions:,} transitions; "
        f"{_took(ran)}; ours {ratios[0]:.2f} x by the clock, {ratios[1]:.2f} x of processors"
    )


def _took(ran: Sequence[Ran]) -> str:
    return (
        f"{median([one.seconds for one in ran]):.2f} s, "
        f"{median([one.cpu for one in ran]):.2f} s of processors, "
        f"peak {max(one.peak for one in ran):.0f} MiB"
    )


def _broken(bug: int, rounds: int) -> Row:
    what = f"luf {FULL} -DBUG={bug} ({BUGS[bug]}): to the counterexample"
    narrate(what)
    theirs: list[Counted] = []
    took: list[Ran] = []
    actions = 0
    for _ in range(rounds):
        if not SPIN.missing:
            theirs.append(spin_to_bug(bug))
        told, ran = ours("--bug", str(bug), "--renamed", ALL)
        actions = told["actions"]
        took.append(ran)
    equal = "" if actions == SHORTEST[bug] else f" (NOT {SHORTEST[bug]})"
    measured = f"{actions} actions{equal}, {_took(took)}"
    if not theirs:
        return Row(what, measured, "0.4 s", "", f"not installed: {SPIN.missing}")
    shown = f"SPIN: {theirs[-1].actions} actions, {_took([one.ran for one in theirs])}"
    return Row(what, measured, "0.4 s", "", shown)
