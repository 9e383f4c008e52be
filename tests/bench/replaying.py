"""Replay of a recording: lines a second from the file to the report, and memory."""

from __future__ import annotations

import lzma
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

from luf_tui.ftrace.replay import trace_program
from luf_tui.ftrace.replay.layout import lay_out
from luf_tui.ftrace.replay.outcome import counted
from luf_tui.ftrace.replay.replay import Replay
from luf_tui.ftrace.trace import read_trace
from luf_tui.policy.registry import make_policy
from luf_tui.timeline.timeline import Timeline
from tests.bench import made_up
from tests.bench.measure import Row, cpu, median, narrate, paired, rate, ratio, wall

EXCERPT = Path(__file__).parents[2] / "scenarios" / "traces" / "llm-excerpt.trace.xz"
EVENTS = (1_000_000, 5_000_000)
PROCESSES, FRAMES = 500, 200_000
LINE = re.compile(r"\s*(.+)-(\d+)\s+\[(\d+)\] (\S+) +([\d.]+): (\w+): (.*)")
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
    """Lines a CPU second under one policy beside a pass of one pattern over the same lines, and the
    peak of the command.
    """
    with long_trace() as path:
        narrate("replaying a long recording")
        count = read_trace(str(path)).survey.tally.lines
        costs = paired(
            {
                "replay": lambda: cpu(lambda: _replay(path)),
                "logged": lambda: cpu(lambda: _replay(path, logged=True)),
                "reading": lambda: cpu(lambda: read_trace(str(path))),
                "pattern": lambda: cpu(lambda: _matched(path)),
            },
            rounds,
        )
        peak = _peak(path)
        timeline = _walked(path)
        seeks = sorted(_seeks(timeline))
    narrate("replaying recordings that are made up")
    sizes = {events: _made_up(events) for events in EVENTS}
    few, many = EVENTS
    return [
        Row(
            "trace replay, one policy, end to end, a CPU second",
            rate(count, median(costs["replay"]), " lines"),
            "100,000/s",
            "200,000/s",
            f"a pattern alone {rate(count, median(costs['pattern']))}, "
            f"{ratio(costs, 'replay', 'pattern'):.1f}x",
        ),
        Row(
            "the same, to what it takes with a log",
            f"{ratio(costs, 'replay', 'logged'):.2f}x",
            peer=f"reading alone {ratio(costs, 'reading', 'replay'):.2f}x",
        ),
        Row("the same, peak memory of the command", f"{peak / 1024:.0f} MiB"),
        Row(
            f"peak of {many:,} events of {PROCESSES} processes",
            f"{sizes[many] / 1024:.0f} MiB",
            peer=f"{(sizes[many] - sizes[few]) * 1024 / (many - few):.0f} B an event more than "
            f"{few:,}",
        ),
        Row(
            f"seek anywhere in a replay of {timeline.steps:,} micro-steps, p50",
            f"{seeks[len(seeks) // 2] * 1e3:.2f} ms",
        ),
        Row("the same, p99", f"{seeks[len(seeks) * 99 // 100] * 1e3:.2f} ms", "5 ms"),
        Row("history of the replay", f"{timeline.nbytes / max(1, timeline.steps):.0f} B a step"),
    ]


def _replay(path: Path, *, logged: bool = False) -> None:
    trace = read_trace(str(path))
    counted(Replay(trace, lay_out(trace), make_policy("luf"), logged=logged))


def _matched(path: Path) -> int:
    """The events by name, as a line of any scripting language would count them."""
    with path.open(encoding="utf-8") as file:
        found = (LINE.match(line) for line in file)
        return len(Counter(match[6] for match in found if match))


def _made_up(events: int) -> int:
    """KiB that the command had resident at most for a recording with so many events."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "made-up.trace"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(made_up.lines(PROCESSES, events, FRAMES))
        return _peak(path)


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
    """KiB that the command had resident at most."""
    command = (sys.executable, "-m", "luf_tui", "replay", str(path), "--policies", "luf")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, ended, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return used.ru_maxrss
