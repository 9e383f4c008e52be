"""Lines of a recorded trace to rows of numbers: `trace`, `trace_pipe`, trace-cmd and perf script.

The part of a line before the time stamp repeats, so it is looked up; only what it means for a
first time is matched. What follows the event's name is read field by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf
from typing import TypeAlias

from attrs import define, field

from luf_tui.ftrace.reading.layouts import DELTAS, PROCESSES, Layout, layout_of
from luf_tui.ftrace.reading.printed import Printed, is_stamp, place_of, split, split_latency
from luf_tui.ftrace.reading.record_header import RecordHeader
from luf_tui.ftrace.reading.tracepoints import PARSERS, Names, Parser, parser_for, printable

Place: TypeAlias = "tuple[int, int, int]"
"""Task number, CPU, and what the code that printed the line was in, bits of `Context`."""
TraceRow: TypeAlias = "tuple[int, int, float, Place, tuple[int, ...]]"
"""Event number, line number, seconds, place, arguments (`events.ARGS`)."""

_LOST = re.compile(r"CPU:[0-9]+ \[(?:LOST )?([0-9]+)? ?EVENTS(?: DROPPED)?\]")
_PERF_LOST = re.compile(r"PERF_RECORD_LOST(?:_SAMPLES)?\s+lost[: ]\s*([0-9]+)")
_WRITTEN = re.compile(r"# entries-in-buffer/entries-written: ([0-9]{1,18})/([0-9]{1,18})")
_HEADER = re.compile(
    r"#|cpus=\d+$|version = |Processed \d+ events|\s*$"
    r"|\[ *[0-9]+\.[0-9]{6}\].{0,12}(?:-{10,}|Dumping ftrace buffer:)"
)
_STACK = re.compile(r"\s*(?:=> |\s[0-9a-f]{8,16} |<stack trace>)")
_REMEMBERED = 1 << 16
_LONGEST = 4096
"""A longer line is none of a trace."""
_LONGEST_NAME = 100
_MOST_LOST = 1 << 48
_PAUSE = 1e6
"""Seconds: a time this much later than the one before is looked at."""
_LATEST = 2e10
"""Seconds: no clock of a kernel that counts nanoseconds goes on for longer."""
_LATEST_COUNT = float(1 << 64)
_LOOKED_AT = 1000
"""So many lines that were not understood are asked for the layout they have."""
_DIFFERENCE = re.compile(r"\s*\(\+[0-9]{1,20}\)\s*")
"""What `trace-cmd report --ts-diff` puts before the event."""

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
    layouts: dict[str, int] = field(factory=dict)
    """Lines that were not understood and have a layout that is known, by its name."""
    backwards: int = 0
    """Times that are before the one of the line above."""
    counted: int = 0
    """Beginnings of lines whose clock counts events, ticks or cycles, above those in seconds."""
    first: float = 0.0
    last: float = 0.0


class LineReader:
    """Turns pieces of text into rows, keeping count of everything that is none."""

    def __init__(self) -> None:
        self.names = Names()
        self.tally = LineCounts()
        self.header = RecordHeader()
        self.printers: set[int] = set()
        """Tasks that lines begin with."""
        self._started = False
        self._layouts: dict[str, Layout] = {}
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
        before = tally.last if self._started else inf
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
                    lost = self._other(line, n)
                    if lost:
                        yield (LOST_EVENTS, n, 0.0, NOWHERE, (lost,))
                elif "=" in name and not rest:
                    self._unparsed(line, n)
                else:
                    self._foreign(name)
                continue
            event, parse = known
            args = parse(rest, self.names)
            try:
                time = float(stamp)
            except ValueError:
                args = None
            if args is None or not (0 <= time - before < _PAUSE or self._time(stamp, time, before)):
                self._unparsed(line, n)
                continue
            before = time
            used += 1
            yield (event, n, time, place, args)
        if used:
            tally.last = before
            tally.used += used
        tally.lines = n

    def _time(self, stamp: str, time: float, before: float) -> bool:
        """Whether a time that is the first, out of order, or much later, can be one."""
        if not is_stamp(stamp) or not 0 <= time < (_LATEST if "." in stamp else _LATEST_COUNT):
            return False
        if not self._started:
            self._started = True
            self.tally.first = time
        elif time < before:
            self.tally.backwards += 1
        return True

    def _split(
        self, line: str, prefix: str, stamp: str, tail: str
    ) -> tuple[Place, str, str] | None:
        """The place of a line whose beginning is new."""
        if len(line) > _LONGEST:
            return None
        parts = split(line, prefix, stamp, tail)
        if parts is None:
            found = split_latency(line)
            if found is None:
                return None
            printed, seconds, tail = found
            return self._place(printed), repr(seconds), tail
        prefix, stamp, tail = parts
        place = self._places.get(prefix)
        if place is None:
            printed_ = place_of(prefix)
            if printed_ is None:
                return None
            if len(self._places) >= _REMEMBERED:
                self._places.clear()
            place = self._places[prefix] = self._place(printed_)
            self.tally.counted += -1 if "." in stamp else 1
        return place, stamp, tail

    def _place(self, printed: Printed) -> Place:
        self.tally.formats.add(printed.layout)
        if printed.layout == "latency":
            self.names.cut = True
        task = self.names.task(printed.comm, printed.pid, printed.tgid)
        self.printers.add(task)
        return (task, printed.cpu, printed.context)

    def _learn(self, name: str) -> tuple[int, Parser] | None:
        """Which parser reads an event, by its name; remembered."""
        if len(name) > _LONGEST_NAME:
            return None
        if len(self._parsers) >= _REMEMBERED:
            self._parsers.clear()
        known = self._parsers[name] = parser_for(_DIFFERENCE.sub("", name, count=1))
        return known

    def _foreign(self, name: str) -> None:
        self.tally.foreign += 1
        name = printable(name[:_LONGEST_NAME].strip().rstrip(":"))
        names = self.tally.foreign_names
        if name in names or len(names) < 1000:
            names[name] = names.get(name, 0) + 1

    def _unparsed(self, line: str, n: int) -> None:
        tally = self.tally
        tally.unparsed += 1
        if len(tally.first_unparsed) < 5:
            tally.first_unparsed.append(n)
        if tally.unparsed <= _LOOKED_AT:
            layout = layout_of(line)
            if layout:
                self._layouts[layout.name] = layout
                tally.layouts[layout.name] = tally.layouts.get(layout.name, 0) + 1

    def _other(self, line: str, n: int) -> int:
        """Count a line that is no event; the events it says were lost, -1 for an unknown number."""
        tally = self.tally
        if len(line) > _LONGEST:
            self._unparsed(line, n)
            return 0
        match = _LOST.search(line) or _PERF_LOST.search(line)
        if match:
            number = int((match[1] or "0")[:20])
            if number >= _MOST_LOST:
                # How many is not to be believed; that some were lost is.
                self._unparsed(line, n)
                return UNSEEN
            tally.lost_marks += 1
            tally.lost += number
            return number or UNSEEN
        written = _WRITTEN.match(line)
        if written:
            tally.overwritten += max(0, int(written[2]) - int(written[1]))
        if _HEADER.match(line):
            tally.headers += 1
            self.header.take(line)
            if line.startswith(("cpus=", "version = ")):
                tally.formats.add("trace-cmd")
        elif _STACK.match(line):
            tally.foreign += 1
        else:
            self._unparsed(line, n)
        return 0

    def refused(self) -> Layout | None:
        """The layout that makes this a trace to refuse, judged by what was read so far."""
        tally = self.tally
        if tally.formats == {"perf script"} and tally.used:
            left = self.names.left
            if len(left - self.printers) * 4 > len(left):
                return PROCESSES
            if tally.first == 0 and tally.backwards * 10 >= tally.used:
                return DELTAS
        if tally.layouts:
            name, lines = max(tally.layouts.items(), key=lambda known: known[1])
            if lines > tally.used:
                return self._layouts[name]
        return None


LOST_EVENTS = len(PARSERS)
"""Event number of the rows that stand for a gap."""
NOWHERE: Place = (0, 0, 0)
