"""From a word to a program, and from there to a run.

A word is a path (`~` is home), or the name of a scenario or recording that ships with luf-tui;
`@` and a place may follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike, fspath
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, cast

from attrs import evolve, frozen

from luf_tui import library
from luf_tui.errors import LufError, expected
from luf_tui.policy import own
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy, problems_of
from luf_tui.script.parse import load
from luf_tui.script.program import Program
from luf_tui.script.syntax import read_text, split
from luf_tui.timeline.chosen_policy import chosen_policy
from luf_tui.timeline.navigate.digests import Digest, file_digest, source_digest
from luf_tui.timeline.navigate.spots import Spot, spot

if TYPE_CHECKING:
    from luf_tui.engine.director import Move
    from luf_tui.runs.run import Run
    from luf_tui.timeline.recorder import Recorder
    from luf_tui.timeline.timeline import Timeline

Reading = Callable[[int, int], None]
"""Called with the bytes of a file read so far and its size; 0 when the size is not known."""
Say = Callable[[str], None]
"""Called with a sentence for the person."""
AT, BETWEEN = "@", ".."


@frozen
class Place:
    """What `FILE` or `FILE@PLACE` names: a file, and where to stand in its run."""

    path: Path
    spot: Spot | None = None
    """None when none is said."""
    until: Spot | None = None
    """The other end of a stretch, where one is said."""


def place(word: str) -> Place:
    """What `FILE`, `FILE@STEP`, `FILE@end`, `FILE@L25` or `FILE@L25+4` names.

    A file whose own name has an `@` is found by it. Whether the run has such a place shows when it
    is there. Raises LufError when there is no such file, or when what follows `@` is no place.
    """
    name, at, said = word.rpartition(AT)
    if not at or library.exists(word) or not library.exists(name):
        return Place(library.locate(word))
    return Place(library.locate(name), spot(said))


def stretch(word: str) -> Place:
    """What `FILE@A..B` names: from the micro-step at place A to the one at B. What is no stretch is
    as `place` has it. Raises what `place` raises.
    """
    name, at, said = word.rpartition(AT)
    first, dots, last = said.partition(BETWEEN)
    if not at or not dots or library.exists(word):
        return place(word)
    return evolve(place(f"{name}{AT}{first}"), until=spot(last))


def whole(word: str, done: str, say: Say) -> Path:
    """The file that a word names, for those who can do nothing with a place in its run.

    `done` says what is done with the file instead, and `say` is told of it where a place is said:
    of a permalink also whether the script has changed. Raises what `place` raises.
    """
    where = place(word)
    if where.spot is not None:
        changed = where.spot.digest is not None and not _is_as_it_was(where.path, where.spot.digest)
        more = "; the script has changed since this link was made" if changed else ""
        say(f"{word}: {done}, not only up to the place{more}")
    return where.path


def _is_as_it_was(path: Path, digest: Digest) -> bool:
    if is_recording(path):
        return digest.script == file_digest(str(path))
    return digest.script == source_digest(split(read_text(str(path)))[1])


def scenario(word: str, instead: str, done: str, say: Say) -> Path:
    """The file of a scenario, for those who can do nothing with a recording, nor with a place.

    `done` and `say` are those of `whole`. Raises LufError when there is no such file, and for a
    recording, when `instead` says what it lacks and which command takes it; `{}` in it stands for
    its file.
    """
    path = place(word).path
    if is_recording(path):
        name = word if library.exists(word) else word.rpartition(AT)[0]
        raise LufError(f"{name} is a recording and {instead.format(name)}")
    return whole(word, done, say)


def is_recording(path: Path) -> bool:
    """Whether a file is a recording of a real kernel, and no scenario."""
    # Decompressors are not loaded for the sake of a scenario.
    if path.is_dir() or path.suffix == library.SUFFIX:
        return False
    from luf_tui.ftrace.reading.source import is_trace  # noqa: PLC0415

    return is_trace(path)


def program(path: Path, reading: Reading | None = None, most: int = 0) -> Program:
    """The program of a scenario, or of a recording, whose facts are its lines.

    With `most`, so many pieces of a recording's text are read and no more, of 256 KiB each.
    Raises InputError with every problem of the file.
    """
    if not is_recording(path):
        return load(str(path), problems_of)
    from luf_tui.ftrace.replay.trace_program import program_of  # noqa: PLC0415
    from luf_tui.ftrace.trace import read_trace  # noqa: PLC0415

    return program_of(read_trace(str(path), reading, most))


def policy_of(
    program: Program, policy: str | None = None, without: str | Iterable[str] | None = ()
) -> Policy:
    """The policy to play a program under: its own, or the one named, less some guards.

    `policy` is a name or `path/to/mine.py:Mine`, a file that is run. Guards that the program takes
    away are gone besides those in `without`, unless another policy is named. Raises LufError for
    an unknown policy or guard.
    """
    name = own.known(policy) if policy else None
    return chosen_policy(program, name, names(without))


def checked(
    path: Path, policy: str | None = None, without: str | Iterable[str] | None = ()
) -> str | None:
    """Raise what opening a file would, without playing it; a recording is not read for that.

    Gives the name of the policy, None when none is said.
    """
    name = own.known(policy) if policy else None
    if is_recording(path):
        from luf_tui.ftrace.replay.trace_program import POLICY  # noqa: PLC0415

        make_policy(name or POLICY, names(without))
    else:
        chosen_policy(load(str(path), problems_of), name, names(without))
    return name


def prepare(program: Program, policy: Policy) -> tuple[Recorder, Iterable[Move]]:
    """A recorder and what it is to play, for those who play it in a thread of their own."""
    # A search, which plays nothing, does without all this.
    from luf_tui.timeline import recorder as recording  # noqa: PLC0415

    if program.recorded is None:
        recorder, director = recording.prepare(program, policy)
        return recorder, director.play()
    from luf_tui.ftrace.replay import trace_program  # noqa: PLC0415

    return trace_program.prepare(program, policy)


def play(program: Program, policy: Policy) -> Timeline:
    """A program played to its end, everything kept; the cursor stands at the start."""
    recorder, moves = prepare(program, policy)
    timeline = recorder.play(moves)
    timeline.seek(0)
    return timeline


def play_file(
    path: Path, policy: str | None = None, without: str | Iterable[str] | None = ()
) -> Timeline:
    """A file's program played to its end. Raises what `program` and `policy_of` raise."""
    played = program(path)
    return play(played, policy_of(played, policy, without))


def open_run(
    word: str | PathLike[str], policy: str | None = None, without: str | Iterable[str] | None = ()
) -> Run:
    """Play a scenario or replay a recording, and stand at the place that the word names.

    Without a place that is the start. `policy` and `without` override the scenario's own. Raises
    LufError, its subclass InputError with every problem of a file that cannot be played.
    """
    from luf_tui.runs.run import Run  # noqa: PLC0415 - as above

    where = place(named(word))
    run = Run(play_file(where.path, policy, without))
    if where.spot is not None:
        run.seek(where.spot)
    return run


def named(word: object) -> str:
    """How a file is named. Raises LufError for what names none."""
    expected(word, (str, PathLike), "a file is named by a text or a path")
    text = fspath(cast("str | PathLike[str]", word))
    expected(text, str, "a file is named by a text or a path")
    return text


def names(words: str | Iterable[str] | None) -> tuple[str, ...]:
    """Names said one by one, or in one word with commas. Raises LufError for what is no name."""
    expected(words, (str, Iterable, NoneType), "names are a text, or several")
    said = words.split(",") if isinstance(words, str) else tuple(words or ())
    for word in said:
        expected(word, str, "a name is a text")
    return tuple(word.strip() for word in said if word.strip())
