"""Reads a recorded trace to facts and a survey."""

from __future__ import annotations

from attrs import frozen

from luf_tui.errors import InputError, Problem
from luf_tui.ftrace.meaning.facts import Facts
from luf_tui.ftrace.meaning.meaning import Meaning
from luf_tui.ftrace.meaning.recorders import Recorder, recorder_of
from luf_tui.ftrace.meaning.settle import settle
from luf_tui.ftrace.meaning.survey import Survey, survey
from luf_tui.ftrace.reading.line_reader import LineReader
from luf_tui.ftrace.reading.record_header import RecordHeader
from luf_tui.ftrace.reading.source import Progress, Source


@frozen
class Trace:
    """A trace that was read: facts, the names their numbers stand for, and the survey."""

    path: str
    facts: Facts
    tasks: tuple[tuple[str, int], ...]
    """Name and pid per task number."""
    mms: tuple[int, ...]
    """Address of the mm_struct; number n of a fact is `mms[n - 1]`."""
    words: tuple[str, ...]
    """Allocation flags and migration reasons by number."""
    mm_of: dict[int, int]
    """Address space per task, where it is known."""
    survey: Survey
    header: RecordHeader
    """What `luf-tui record` wrote at its head: the kernel, and who recorded."""
    recorder: Recorder
    """The tasks that recorded."""
    part: bool = False
    """More of the file is there than was read."""


def read_trace(path: str, progress: Progress | None = None, most: int = 0) -> Trace:
    """Read a trace of any format and compression; `-` is standard input.

    With `most`, no more than so many pieces of the text, of about 256 KiB each, are read once
    there is something to tell of.
    What cannot be read is counted and described in the survey. Errors: InputError when the file is
    missing, empty, no text, or holds not one line of a trace.
    """
    source = Source(path, progress)
    reader = LineReader()
    meaning = Meaning(reader.names)
    part = False
    for number, piece in enumerate(source.pieces()):
        part = most > 0 and number >= most and reader.tally.used > 0
        if part:
            break
        meaning.feed(reader.rows(piece))
        meaning.facts.put_aside()
        layout = reader.refused()
        if layout:
            raise InputError(path, (Problem(f"this is {layout.name}", hint=layout.instead),))
    tally = reader.tally
    if not tally.used:
        raise InputError(path, (_nothing(reader, source),))
    meaning.facts.whole()
    mm_of = settle(meaning)
    meaning.facts.let_go()
    torn, release = bool(source.torn), reader.header.kernel
    told = survey(meaning, mm_of, tally, release=release, cut=source.cut, torn=torn)
    meaning.facts.let_go()
    return Trace(
        path=path,
        facts=meaning.facts,
        tasks=tuple(meaning.lives.named),
        mms=tuple(meaning.mms),
        words=tuple(reader.names.words),
        mm_of=mm_of,
        survey=told,
        header=reader.header,
        recorder=recorder_of(meaning.facts, meaning.lives.named, reader.header, tally.formats),
        part=part,
    )


def _nothing(reader: LineReader, source: Source) -> Problem:
    tally = reader.tally
    hint = "record one with the commands that `luf-tui record` prints"
    if source.cut and not tally.lines:
        return Problem(source.cut, hint=hint)
    if tally.foreign:
        names = ", ".join(sorted(tally.foreign_names)[:5])
        return Problem(
            f"none of its {tally.lines} lines is of an event that tells of flushes"
            + (f" (it holds {names})" if names else ""),
            hint=hint,
        )
    return Problem(f"none of its {tally.lines} lines is a line of a kernel trace", hint=hint)
