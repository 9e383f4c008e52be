"""The engine and the recorded run: micro-steps a second, seek, bytes of history."""

from __future__ import annotations

import time
from random import Random

from luf_tui.engine.director import Director, ItemInfo
from luf_tui.policy.registry import make_policy
from luf_tui.search.random_programs.random_program import random_program
from luf_tui.timeline.timeline import Timeline
from tests.bench.measure import Row, median, ms, narrate, paired, percentile, rate, ratio, wall
from tests.timeline_runs import played_on

SHORT = 4_000
"""Operations of the run that the engine is timed on."""
LONG_STEPS = 1_000_000
SEEKS = 2_000


def play(operations: int) -> int:
    """The engine alone: no oracle, no history beyond the machine's own log. Micro-steps made."""
    director = Director(random_program(1, operations), make_policy("luf"))
    return sum(not isinstance(moved, ItemInfo) for moved in director.play_on())


def engine(rounds: int) -> list[Row]:
    """Micro-steps a second, recorded and bare."""
    narrate("engine, bare and recorded")
    program = random_program(1, SHORT)
    steps = played_on(program).steps
    costs = paired(
        {"recorded": lambda: wall(lambda: played_on(program)), "bare": lambda: wall(_bare)},
        rounds,
    )
    return [
        Row(
            "engine with events, oracle and history",
            rate(steps, median(costs["recorded"]), " steps"),
            "30,000/s",
            "100,000/s",
            f"bare engine {rate(steps, median(costs['bare']))}, "
            f"{ratio(costs, 'recorded', 'bare'):.2f}x",
        )
    ]


def _bare() -> None:
    play(SHORT)


def history(rounds: int) -> list[Row]:
    """Seeks all over a recording of a million micro-steps, and what it keeps for each."""
    narrate(f"recording {LONG_STEPS:,} micro-steps")
    run = long_run()
    rng = Random(7)
    narrate(f"seeking in {run.steps:,} micro-steps")
    times = [_seek(run, rng.randrange(run.steps + 1)) for _ in range(SEEKS * max(1, rounds // 5))]
    return [
        Row(
            f"seek anywhere in {run.steps:,} micro-steps, p99",
            ms(percentile(times, 0.99)),
            "5 ms",
            "1 ms",
            f"p50 {ms(percentile(times, 0.5))}, worst {ms(max(times))}",
        ),
        Row("history, events included", f"{run.nbytes / run.steps:.1f} B/step", "100 B", "40 B"),
    ]


def long_run() -> Timeline:
    """A recording of a million micro-steps: random work on a small machine."""
    per_operation = played_on(random_program(2, SHORT)).steps / SHORT
    program = random_program(2, int(1.1 * LONG_STEPS / per_operation))
    return played_on(program, limit=LONG_STEPS)


def _seek(run: Timeline, position: int) -> float:
    start = time.perf_counter()
    run.seek(position)
    return time.perf_counter() - start
