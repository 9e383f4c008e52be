"""How long it takes to begin: a headless command, and the first painted frame."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench.measure import Row, median, ms, narrate, paired, ratio, wall

ROOT = Path(__file__).resolve().parents[2]


def headless(rounds: int) -> list[Row]:
    """Start of `luf-tui list` beside an interpreter that does nothing."""
    narrate("headless command start")

    def of(*words: str) -> float:
        return wall(
            lambda: subprocess.run(
                [sys.executable, *words], cwd=ROOT, check=True, capture_output=True
            )
        )

    costs = paired(
        {"ours": lambda: of("-m", "luf_tui", "list"), "bare": lambda: of("-c", "pass")},
        rounds * 3,
    )
    return [
        Row(
            "headless command start (list)",
            ms(median(costs["ours"])),
            "200 ms",
            "100 ms",
            f"bare Python {ms(median(costs['bare']))}, {ratio(costs, 'ours', 'bare'):.2f}x",
        )
    ]
