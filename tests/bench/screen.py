"""The app on a pseudo-terminal of 160×50: first frame, a step, a seek."""

from __future__ import annotations

import sys

from tests.bench.measure import Row, median, ms, narrate, paired, percentile, ratio
from tests.bench.pty_session import Terminal
from tests.bench.start import ROOT

OURS = [sys.executable, "-m", "luf_tui"]
SCENARIO = "tour/flush-before-reuse"
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("nothing", markup=False)
Empty().run()
"""
STEPS = 30


def _first_frame(command: list[str], sign: bytes) -> float:
    with Terminal(command, str(ROOT)) as terminal:
        return terminal.until(sign)


def first_frame(rounds: int) -> list[Row]:
    """Start to first painted frame, beside an empty Textual app."""
    narrate("start to first frame")
    jobs = {
        "gallery": lambda: _first_frame(OURS, b"Flush"),
        "scenario": lambda: _first_frame([*OURS, SCENARIO], b"kswapd"),
        "empty": lambda: _first_frame([sys.executable, "-c", EMPTY], b"nothing"),
    }
    costs = paired(jobs, rounds)
    peer = f"empty Textual app {ms(median(costs['empty']))}"
    return [
        Row(
            f"start to first frame ({name})",
            ms(median(costs[name])),
            "700 ms",
            "450 ms",
            f"{peer}, {ratio(costs, name, 'empty'):.2f}x",
        )
        for name in ("scenario", "gallery")
    ]


def frames(rounds: int) -> list[Row]:
    """CPU time of one step and of one seek, key to frame, every pane on the screen."""
    narrate("steps and seeks on a terminal")
    steps: list[float] = []
    seeks: list[float] = []
    sizes: list[int] = []
    with Terminal([*OURS, SCENARIO], str(ROOT)) as terminal:
        terminal.until(b"kswapd")
        terminal.settle(1.0)
        for _ in range(STEPS * max(1, rounds // 5)):
            cpu, size = terminal.frame(b"\x1b[C")
            steps.append(cpu)
            sizes.append(size)
        for number in range(STEPS * max(1, rounds // 5)):
            cpu, _ = terminal.frame(b"\x1b[F" if number % 2 else b"\x1b[H")
            seeks.append(cpu)
    return [
        Row(
            "one step painted, 160x50, CPU",
            ms(median(steps)),
            "12 ms",
            "8 ms",
            f"p90 {ms(percentile(steps, 0.9))}, {median(sizes) / 1000:.1f} kB to the terminal",
        ),
        Row(
            "start and end painted in turn, CPU",
            ms(median(seeks)),
            "40 ms",
            "25 ms",
            f"p90 {ms(percentile(seeks, 0.9))}",
        ),
    ]


RIGHT, DOWN, UP, HOME, END = b"\x1b[C", b"\x1b[B", b"\x1b[A", b"\x1b[H", b"\x1b[F"
RECORDING = "llm-excerpt"
"""The recording that is shipped."""
PATIENCE = 600.0
"""Seconds in which a recording of any length is opened."""
View = tuple[str, list[str], bytes, bytes, tuple[bytes, bytes]]
"""What is measured: where, with what on the screen first, after which key, and the keys pressed."""


def _views(recording: str) -> tuple[View, ...]:
    inside = [f"{recording}@900"]
    return (
        ("gallery, up and down", [], b"Flush", b"", (DOWN, UP)),
        ("gallery, down", [], b"Flush", b"", (DOWN, DOWN)),
        ("steps of a tour", [SCENARIO], b"lanes", b"", (RIGHT, RIGHT)),
        ("steps of the recording", inside, b"lanes", b"", (RIGHT, RIGHT)),
        ("seeks in the recording", inside, b"lanes", b"", (END, HOME)),
        ("steps on the map", [f"{SCENARIO}@30"], b"lanes", b"M", (RIGHT, RIGHT)),
        ("steps of the recording on the map", inside, b"lanes", b"M", (RIGHT, RIGHT)),
        ("help, up and down", [SCENARIO], b"lanes", b"?", (DOWN, UP)),
        ("guards, up and down", [SCENARIO], b"lanes", b"g", (DOWN, UP)),
        ("why, up and down", [f"{SCENARIO}@46"], b"lanes", b"w", (DOWN, UP)),
    )


def views(rounds: int, recording: str = RECORDING) -> list[Row]:
    """Key to frame on every screen, by the clock, and what it sends to the terminal."""
    rows = []
    for name, words, sign, opening, keys in _views(recording):
        narrate(name)
        with Terminal([*OURS, *words], str(ROOT)) as terminal:
            terminal.until(sign, PATIENCE)
            terminal.settle(1.0)
            if opening:
                terminal.press(opening)
                terminal.settle(1.0)
            took = [terminal.answer(keys[n % 2]) for n in range(STEPS * max(1, rounds // 5))]
        times, sizes = [one for one, _ in took], [size for _, size in took]
        rows.append(
            Row(
                f"key to frame, 160x50: {name}",
                f"{ms(median(times))}, p95 {ms(percentile(times, 0.95))}, most {ms(max(times))}",
                "40 ms" if "seeks" in name else "25 ms",
                "",
                f"{median(sizes) / 1000:.1f} kB, at most {max(sizes) / 1000:.1f}",
            )
        )
    return rows
