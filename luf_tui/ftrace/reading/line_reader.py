"""Lines of a recorded trace to rows of numbers: `trace`, `trace_pipe`, trace-cmd and perf script.

The part of a line before the time stamp repeats, so it is looked up; only what it means for a
first time is matched. What follows the event's name is read field by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from attrs import define, field

from luf_tui.ftrace.reading.contexts import context_of
from luf_tui.ftrace.reading.tracepoints import PARSERS, Names, Parser, parser_for

Place: TypeAlias = "tuple[int, int, int]"
"""Task number, CPU, and what the code that printed the line was in, bits of `Context`."""
TraceRow: TypeAlias = "tuple[int, int, float, Place, tuple[int, ...]]"
"""Event number, line number, seconds, place, arguments (`events.ARGS`)."""

_FTRACE = re.compile(
    r"\s*(?P<comm>.+?)-(?P<pid>\d+)\s+(?:\(\s*(?P<tgid>\d+|-+)\)\s+)?"
    r"\[(?P<cpu>\d{1,4})\](?:\s+(?P<flags>[.\w#]{4,6}))?\s*"
)
_PERF = re.compile(
    r"\s*(?P<comm>.+?)\s+(?:(?P<tgid>-?\d+)/)?(?P<pid>-?\d+)\s+\[(?P<cpu>\d{1,4})\]\s*"
)
_SPLIT = re.compile(r"(.*?\[\d{1,4}\](?:\s+[.\w#]{4,6})?)\s+(\d[\d.]*):\s+(.*)")
"""For names that hold a colon and a space, such as `tmux: server`."""
_LOST = re.compile(r"CPU:\d+ \[(?:LOST )?(\d+)? ?EVENTS(?: DROPPED)?\]")
_PERF_LOST = re.compile(r"PERF_RECORD_LOST(?:_SAMPLES)?\s+lost[: ]\s*(\d+)")
_WRITTEN = re.compile(r"# entries-in-buffer/entries-written: (\d+)/(\d+)")
_HEADER = re.compile(r"#|cpus=\d+$|version = |Processed \d+ events|\s*$")
_STACK = re.compile(r"\s*(?:=> |\s[0-9a-f]{8,16} |<stack trace>)")
_REMEMBERED = 1 << 16

UNSEEN = -1


@define
class LineCounts:
    """What became of each line. All counts are lines, but for `lost`, which counts events."""

    lines: int = 0
    used: int = 0
    foreign: int = 0
    """Well-formed lines of events that say nothing about flushing."""
    headers: int = 0
    unparsed: int = 0
    lost: int = 0
    """Events the kernel says it dropped while the trace was read, and how often it said so."""
    lost_marks: int = 0
    overwritten: int = 0
    """Events overwritten before the trace was read (`entries-written` of a `trace` header)."""
    foreign_names: dict[str, int] = field(factory=dict)
    first_unparsed: list[int] = field(factory=list)
    """Line numbers of the first few that could not be read."""
    formats: set[str] = field(factory=set)
    first: float = 0.0
    last: float = 0.0


class LineReader:
    """Turns pieces of text into rows, keeping count of everything that is none."""

    def __init__(self) -> None:
        self.names = Names()
        self.tally = LineCounts()
        self._places: dict[str, Place] = {}
        self._parsers: dict[str, tuple[int, Parser] | None] = {}

    def rows(self, text: str) -> Iterator[TraceRow]:
        """The rows of one piece of text, which holds whole lines."""
        tally, places, parsers = self.tally, self._places, self._parsers
        n = tally.lines
        used = 0
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        for line in lines:
            n += 1
            head, _, tail = line.partition(": ")
            prefix, _, stamp = head.rpartition(" ")
            place = places.get(prefix)
            if place is None:
                found = self._split(line, prefix, stamp, tail)
                if found is None:
                    lost = self._other(line, n)
                    if lost:
                        yield (LOST_EVENTS, n, 0.0, NOWHERE, (lost,))
                    continue
                place, stamp, tail = found
            name, _, rest = tail.partition(": ")
            try:
                known = parsers[name]
            except KeyError:
                known = self._learn(name)
            if known is None:
                if name.startswith("PERF_RECORD_LOST"):
                    yield (LOST_EVENTS, n, 0.0, NOWHERE, (self._other(line, n),))
                else:
                    self._foreign(name)
                continue
            event, parse = known
            args = parse(rest, self.names)
            try:
                time = float(stamp)
            except ValueError:
                args = None
            if args is None:
                self._unparsed(n)
                continue
            used += 1
            if not tally.first:
                tally.first = time
            yield (event, n, time, place, args)
        if used:
            tally.last = time
            tally.used += used
        tally.lines = n

    def _split(
        self, line: str, prefix: str, stamp: str, tail: str
    ) -> tuple[Place, str, str] | None:
        """The place of a line whose beginning is new."""
        place = self._place(prefix) if stamp[:1].isdigit() else None
        if place is None:
            match = _SPLIT.fullmatch(line)
            if match is None:
                return None
            prefix, stamp, tail = match.groups()
            place = self._places.get(prefix) or self._place(prefix)
        return None if place is None else (place, stamp, tail)

    def _place(self, prefix: str) -> Place | None:
        match = _FTRACE.fullmatch(prefix)
        if match:
            self.tally.formats.add("ftrace")
        else:
            match = _PERF.fullmatch(prefix)
            if match is None:
                return None
            self.tally.formats.add("perf script")
        got = match.groupdict()
        pid = int(got["pid"])
        tgid = got["tgid"] or ""
        task = self.names.task(got["comm"], pid, int(tgid) if tgid.isdigit() else 0)
        context = context_of(got.get("flags") or "")
        if len(self._places) >= _REMEMBERED:
            self._places.clear()
        place = self._places[prefix] = (task, int(got["cpu"]), context)
        return place

    def _learn(self, name: str) -> tuple[int, Parser] | None:
        """Which parser reads an event, by its name; remembered."""
        if len(self._parsers) >= _REMEMBERED:
            self._parsers.clear()
        known = self._parsers[name] = parser_for(name)
        return known

    def _foreign(self, name: str) -> None:
        self.tally.foreign += 1
        name = name.strip().rstrip(":")
        names = self.tally.foreign_names
        if name in names or len(names) < 1000:
            names[name] = names.get(name, 0) + 1

    def _unparsed(self, n: int) -> None:
        self.tally.unparsed += 1
        if len(self.tally.first_unparsed) < 5:
            self.tally.first_unparsed.append(n)

    def _other(self, line: str, n: int) -> int:
        """Count a line that is no event; the events it says were lost, -1 for an unknown number."""
        tally = self.tally
        match = _LOST.search(line) or _PERF_LOST.search(line)
        if match:
            tally.lost_marks += 1
            number = int(match[1] or 0)
            tally.lost += number
            return number or UNSEEN
        written = _WRITTEN.match(line)
        if written:
            tally.overwritten += max(0, int(written[2]) - int(written[1]))
        if _HEADER.match(line):
            tally.headers += 1
            if line.startswith(("cpus=", "version = ")):
                tally.formats.add("trace-cmd")
        elif _STACK.match(line):
            tally.foreign += 1
        else:
            self._unparsed(n)
        return 0


LOST_EVENTS = len(PARSERS)
"""Event number of the rows that stand for a gap."""
NOWHERE: Place = (0, 0, 0)
