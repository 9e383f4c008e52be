"""Words that lead back to a place of a run, from anywhere: file, line, policy, guards, digest."""

from __future__ import annotations

import shlex
from pathlib import Path

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.timeline.navigate.digests import digest_at
from luf_tui.timeline.navigate.spots import END, START, spot
from luf_tui.timeline.timeline import Timeline


def place_words(timeline: Timeline, position: int) -> str:
    """A position in words that `spot` reads: by its script line, which other lines do not move;
    as a step where the line is gone through more than once.
    """
    if position == 0:
        return START
    line = timeline.line_at(position)
    if line:
        try:
            first = spot(f"L{line}").position(timeline)
            own = [at for at in range(first, position + 1) if timeline.line_at(at) == line]
            for words in (f"L{line}", f"L{line}+{len(own)}"):
                if spot(words).position(timeline) == position:
                    return words
        except LufError:
            pass
    return END if position == timeline.steps else str(position)


def permalink(timeline: Timeline, position: int) -> str:
    """`FILE@PLACE#DIGEST`: one word that opens a place and says what has changed since."""
    name = file_words(Path(timeline.program.path))
    return f"{name}@{place_words(timeline, position)}#{digest_at(timeline, position)}"


def command(timeline: Timeline, position: int) -> str:
    """The command line that opens a place again, in any shell."""
    policy = timeline.policy
    words = ["luf-tui", permalink(timeline, position), "--policy", policy.name]
    for guard in policy.without:
        words += ["--without", guard]
    return shlex.join(words)


def file_words(path: Path) -> str:
    """What a file is called on the command line: a shipped one by its name, one of the working
    folder from there, and any other from the root.
    """
    if library.shipped_name(path):
        return library.name_of(path)
    here, whole = Path.cwd(), path.absolute()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
