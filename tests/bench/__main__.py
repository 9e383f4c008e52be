"""`python -m tests.bench [PART…] [--rounds N]`: measure and print a table."""

from __future__ import annotations

import argparse

from tests.bench import explorer, promela, recording, replaying, screen, start
from tests.bench.measure import show

PARTS = {
    "engine": recording.engine,
    "history": recording.history,
    "explore": lambda rounds: [*explorer.explorer(rounds), *promela.beside_spin(rounds)],
    "replay": replaying.replay,
    "start": start.headless,
    "first-frame": screen.first_frame,
    "frames": screen.frames,
    "ui": screen.views,
}


def main() -> None:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5, help="paired rounds (default 5)")
    args = parser.parse_args()
    for part in args.parts:
        if part not in PARTS:
            parser.error(f"no part '{part}'; there are {', '.join(PARTS)}")
    show([row for part in args.parts or PARTS for row in PARTS[part](args.rounds)])


if __name__ == "__main__":
    main()
