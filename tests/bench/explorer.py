"""The explorer on the shipped races: states, transitions, speed, and memory a state."""

from __future__ import annotations

import gc
import time
import tracemalloc
from pathlib import Path

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load
from luf_tui.search.race_start import at_race
from luf_tui.search.search import Search
from tests.bench.measure import Row, median, narrate, rate

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "races"
LARGE = "flush-before-pte"
BROKEN = ("flush-before-pte", "flush-before-pte")
RACES = ("flush-before-reuse", "munmap", "pending-wrprotect", LARGE)


def explorer(rounds: int) -> list[Row]:
    """Exhausting the races, with and without symmetry, and the time to a counterexample."""
    rows: list[Row] = []
    for name in RACES:
        narrate(f"explore {name}")
        taken: dict[bool, list[float]] = {True: [], False: []}
        counts: dict[bool, tuple[int, int]] = {}
        for _ in range(rounds):
            for symmetric, spent in taken.items():
                gc.collect()
                start = time.perf_counter()
                counts[symmetric] = _search(name, symmetric=symmetric)
                spent.append(time.perf_counter() - start)
        states, transitions = counts[True]
        plain_states, plain_transitions = counts[False]
        ratio = median([a / b for a, b in zip(taken[True], taken[False], strict=True)])
        speed = rate(transitions, median(taken[True]))
        plain_speed = rate(plain_transitions, median(taken[False]))
        rows.append(
            Row(
                f"explore {name}",
                f"{states:,} states, {transitions:,} transitions, {speed}",
                peer=f"plain: {plain_states:,} states, {plain_transitions:,}, {plain_speed}; "
                f"{ratio:.2f} of its time",
            )
        )
    rows += [_memory(), _counterexample(rounds)]
    return rows


def _search(name: str, *without: str, symmetric: bool = True) -> tuple[int, int]:
    start = at_race(load(str(FOLDER / f"{name}.luf")), make_policy("luf", without))
    assert start is not None
    found = Search(start.transitions, symmetric=symmetric).run()
    return found.states, found.transitions


def _memory() -> Row:
    """What a finished search still holds, by tracemalloc."""
    narrate("memory of a search")
    start = at_race(load(str(FOLDER / f"{LARGE}.luf")), make_policy("luf"))
    assert start is not None
    search = Search(start.transitions, symmetric=False)
    gc.collect()
    tracemalloc.start()
    found = search.run()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return Row(
        "memory per state, with parent and turn",
        f"{held / found.states:,.0f} B",
        "300 B",
        "120 B",
    )


def _counterexample(rounds: int) -> Row:
    narrate("time to a counterexample")
    name, guard = BROKEN
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        _search(name, guard)
        taken.append(time.perf_counter() - start)
    return Row(f"{name} without its guard: to the violation", f"{median(taken):.2f} s")
