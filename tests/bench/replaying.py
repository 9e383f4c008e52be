"""Replay of a recording: lines a second from the file to the report, and memory."""

from __future__ import annotations

import lzma
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

from luf_tui.ftrace.replay import trace_program
from luf_tui.ftrace.replay.layout import lay_out
from luf_tui.ftrace.replay.outcome import play
from luf_tui.ftrace.trace import read_trace
from luf_tui.policy.registry import make_policy
from luf_tui.timeline.timeline import Timeline
from tests.bench.measure import Row, median, narrate, paired, rate, ratio, wall

EXCERPT = Path(__file__).parents[2] / "scenarios" / "traces" / "llm-excerpt.trace.xz"
TIMES = 94
"""The excerpt so often over is as long as the recording it is of: 131,600 lines."""


@contextmanager
def long_trace() -> Iterator[Path]:
    """A file of that length, gone afterwards."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "long.trace"
        path.write_bytes(lzma.decompress(EXCERPT.read_bytes()) * TIMES)
        yield path


def replay(rounds: int) -> list[Row]:
    """Lines a second under one policy beside reading alone, and the peak of the command."""
    with long_trace() as path:
        narrate("replaying a long recording")
        count = read_trace(str(path)).survey.tally.lines
        costs = paired(
            {
                "replay": lambda: wall(lambda: _replay(path)),
                "reading": lambda: wall(lambda: read_trace(str(path))),
            },
            rounds,
        )
        peak = _peak(path)
        timeline = _walked(path)
        seeks = sorted(_seeks(timeline))
    return [
        Row(
            "trace replay, one policy, end to end",
            rate(count, median(costs["replay"]), " lines"),
            "60,000/s",
            "150,000/s",
            f"reading alone {rate(count, median(costs['reading']))}, "
            f"{ratio(costs, 'replay', 'reading'):.2f}x",
        ),
        Row("the same, peak memory of the command", f"{peak / 1024:.0f} MiB"),
        Row(
            f"seek anywhere in a replay of {timeline.steps:,} micro-steps, p50",
            f"{seeks[len(seeks) // 2] * 1e3:.2f} ms",
        ),
        Row("the same, p99", f"{seeks[len(seeks) * 99 // 100] * 1e3:.2f} ms", "5 ms"),
        Row("history of the replay", f"{timeline.nbytes / max(1, timeline.steps):.0f} B a step"),
    ]


def _replay(path: Path) -> None:
    trace = read_trace(str(path))
    play(trace, lay_out(trace), make_policy("luf"))


def _walked(path: Path) -> Timeline:
    recorder, moves = trace_program.prepare(
        trace_program.program_of(read_trace(str(path))), make_policy("luf")
    )
    return recorder.play(moves)


def _seeks(timeline: Timeline) -> list[float]:
    """Seconds that a thousand seeks to positions all over the run take."""
    choose = Random(1)
    places = [choose.randrange(timeline.steps + 1) for _ in range(1000)]
    return [wall(partial(timeline.seek, place)) for place in places]


def _peak(path: Path) -> int:
    """KiB that the command had resident at most. Earlier children of ours are all smaller."""
    command = (sys.executable, "-m", "luf_tui", "replay", str(path), "--policies", "luf")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
