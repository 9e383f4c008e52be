"""Rounds, percentiles and the table that is printed.

Machines drift by a factor of two within an hour, so peers are measured in turns within every
round, and what counts is the median of the rounds' ratios.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

Job = Callable[[], float]
"""Does the work once and returns what it cost."""


@frozen
class Row:
    """A line of the table."""

    what: str
    measured: str
    goal: str = ""
    stretch: str = ""
    peer: str = ""
    """The same for a peer measured in the same rounds, and the ratio to it."""


def paired(jobs: Mapping[str, Job], rounds: int = 5) -> dict[str, list[float]]:
    """Run every job once a round, in turn. Returns the costs by job, in the order of rounds."""
    costs: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            gc.collect()
            costs[name].append(job())
    return costs


def ratio(costs: Mapping[str, Sequence[float]], ours: str, theirs: str) -> float:
    """The median over the rounds of our cost to theirs."""
    return statistics.median(a / b for a, b in zip(costs[ours], costs[theirs], strict=True))


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def wall(job: Callable[[], object]) -> float:
    """Seconds a job takes by the clock."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def cpu(job: Callable[[], object]) -> float:
    """Seconds of this process's CPU time that a job takes: what others do matters less."""
    start = time.process_time()
    job()
    return time.process_time() - start


def ms(seconds: float) -> str:
    """Seconds as milliseconds, to three digits."""
    return f"{seconds * 1e3:.3g} ms"


def rate(count: float, seconds: float, unit: str = "") -> str:
    """So many a second."""
    return f"{count / seconds:,.0f}{unit}/s"


def narrate(text: str) -> None:
    """Say on stderr what is being measured, for it may take a while."""
    print(f"  … {text}", file=sys.stderr, flush=True)


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    head = Row("what", "measured", "goal", "stretch", "peer")
    lines = [(r.what, r.measured, r.goal, r.stretch, r.peer) for r in (head, *rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(5)]
    for number, line in enumerate(lines):
        texts = [text.ljust(width) for text, width in zip(line, widths, strict=True)]
        print("  ".join(texts).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
