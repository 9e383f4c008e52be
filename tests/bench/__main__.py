"""`python -m tests.bench [PART…] [--rounds N] [--recording FILE]`: measure and print a table."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path

from tests.bench import explorer, promela, recording, replaying, screen, start
from tests.bench.measure import Row, show


def explore(rounds: int, *, long: bool = False) -> list[Row]:
    """The search of races, and of a model that other checkers have, too."""
    return [*explorer.explorer(rounds), *promela.beside_peers(rounds, long=long)]


PARTS = {
    "engine": recording.engine,
    "history": recording.history,
    "explore": explore,
    "replay": replaying.replay,
    "start": start.headless,
    "first-frame": screen.first_frame,
    "frames": screen.frames,
    "ui": screen.views,
}


def _recording(word: str) -> str:
    """A recording from wherever the app is started: by its whole path, or by its name."""
    path = Path(word)
    return str(path.resolve()) if path.exists() else word


def main() -> None:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5, help="paired rounds (default 5)")
    parser.add_argument(
        "--recording",
        type=_recording,
        default=screen.RECORDING,
        metavar="FILE",
        help="the recording of part ui: a trace of one's own (default %(default)s)",
    )
    parser.add_argument(
        "--long", action="store_true", help="explore: also the model that takes minutes and 5 GB"
    )
    args = parser.parse_args()
    parts = PARTS | {
        "ui": partial(screen.views, recording=args.recording),
        "explore": partial(explore, long=args.long),
    }
    for part in args.parts:
        if part not in PARTS:
            parser.error(f"no part '{part}'; there are {', '.join(PARTS)}")
    # What is measured is the second start: an interpreter that keeps no .pyc files compiles anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    show([row for part in args.parts or PARTS for row in parts[part](args.rounds)])


if __name__ == "__main__":
    main()
