"""What `luf-tui record` writes at the head of a trace: the kernel, and who recorded.

Each line is a comment, `# luf-tui record: KEY VALUE`, so that other readers pass over it.
"""

from __future__ import annotations

import re

from attrs import define, field

from luf_tui.ftrace.reading.tracepoints import MOST_PIDS, printable

MARK = "# luf-tui record:"
_LINE = re.compile(rf"{MARK} ([a-z]{{1,20}}) (.{{1,300}})")
_RELEASE = re.compile(r"# nop latency trace v\S{1,20} on (\S{1,100})")
_PIDS = re.compile(r"[0-9]{1,7}(?: [0-9]{1,7}){0,99}")


@define
class RecordHeader:
    """The head of a recording; empty where it has none."""

    kernel: str = ""
    """The release, as `uname -r` prints it."""
    recorder: set[int] = field(factory=set)
    """Thread ids of those who recorded: the shell and what empties the buffers."""
    said: dict[str, str] = field(factory=dict)
    """Everything else, by its key: `tool` is the name of one whose every process records."""

    def take(self, line: str) -> bool:
        """Take a comment, if it is one of the head."""
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            release = _RELEASE.match(line)
            if release and not self.kernel:
                self.kernel = printable(release[1])
            return release is not None
        key, value = match[1], printable(match[2])
        if key == "kernel":
            self.kernel = value
        elif key == "recorder" and _PIDS.fullmatch(value):
            self.recorder |= {pid for pid in map(int, value.split()) if pid <= MOST_PIDS}
        elif len(self.said) < 100:
            self.said[key] = value
        return True
