"""Layouts of traces that cannot be replayed, known by their lines, and what to do instead."""

from __future__ import annotations

import re

from attrs import frozen

_PERF_SCRIPT = "perf script -F comm,tid,cpu,time,event,trace > t.trace"
_NO_OPTION = "write 0 to options/{} in tracefs and copy the trace again"


@frozen
class Layout:
    """A layout that says too little, or in a way that is not read."""

    name: str
    """In a sentence: what this is."""
    instead: str
    """What gives a trace that can be read."""
    pattern: re.Pattern[str]


def _layout(name: str, instead: str, pattern: str) -> Layout:
    return Layout(name, instead, re.compile(pattern))


_EVENT = r"\w+:\w+"
_COMM = r"\s*\S.{0,63}?"
_SECONDS = r"[0-9]+\.[0-9]{6,9}"
LAYOUTS = (
    _layout(
        "the output of the function_graph tracer, where events are comments",
        "record with `echo nop > current_tracer`; its events say who runs",
        r".{0,80}?[0-9]+\).{0,80}\|\s.*(?:/\* .* \*/|\{|\}|;)\s*(?:/\*.*\*/)?\s*",
    ),
    _layout(
        "the output of perf trace",
        f"record with perf record and write {_PERF_SCRIPT}",
        rf"\s*[0-9]+\.[0-9]{{3}} (?:\([^)]*\): ?)?.{{0,80}}?{_EVENT}\(.*\).*",
    ),
    _layout(
        "the output of perf script without the CPU of each event",
        _PERF_SCRIPT,
        rf"{_COMM}\s+(?:[0-9]+/)?[0-9]+\s+{_SECONDS}:\s+{_EVENT}:.*",
    ),
    _layout(
        "the output of perf script without the name of each task",
        _PERF_SCRIPT,
        rf"\s*(?:[0-9]+/)?[0-9]+\s+\[[0-9]+\]\s+{_SECONDS}:\s+{_EVENT}:.*",
    ),
    _layout(
        "the output of perf script without the time of each event",
        _PERF_SCRIPT,
        rf"{_COMM}\s+(?:[0-9]+/)?[0-9]+\s+\[[0-9]+\]\s+{_EVENT}:.*",
    ),
    _layout(
        "the output of perf script without the fields of each event",
        _PERF_SCRIPT,
        rf"{_COMM}\s+(?:[0-9]+/)?[0-9]+\s+\[[0-9]+\]\s+{_SECONDS}:\s+{_EVENT}:\s*",
    ),
    _layout(
        "the output of perf script without the name of each event",
        _PERF_SCRIPT,
        rf"{_COMM}\s+(?:[0-9]+/)?[0-9]+\s+\[[0-9]+\]\s+{_SECONDS}:\s+\w+[=:]\S.*",
    ),
    _layout(
        "the output of perf script without the thread of each event",
        _PERF_SCRIPT,
        rf"{_COMM}\s+\[[0-9]+\]\s+{_SECONDS}:\s+{_EVENT}:.*",
    ),
    _layout(
        "the output of trace-cmd report --raw-ts",
        "trace-cmd report -i trace.dat > t.trace",
        rf"{_COMM}-[0-9]+\s+\[[0-9]+\][0-9]+:\s+\w+:.*",
    ),
    _layout(
        "a trace written with the option raw",
        _NO_OPTION.format("raw"),
        r"[0-9]+ [0-9]+ [0-9]+ (?:type: [0-9]+|[0-9]+ .*)",
    ),
    _layout(
        "a trace written with the option hex",
        _NO_OPTION.format("hex"),
        r"[0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{16} .*",
    ),
    _layout(
        "a trace written with the option bin",
        _NO_OPTION.format("bin"),
        r".{0,40}�.{0,40}type: [0-9]+",
    ),
    _layout(
        "a trace in JSON, as a viewer wants it",
        "write the text of the trace: trace, trace_pipe, trace-cmd report or perf script",
        r'\s*[{\[].{0,200}"(?:traceEvents|name|ph|ts|pid)".*',
    ),
)
PROCESSES = Layout(
    "the output of perf script -F pid, which prints the process in place of the thread",
    _PERF_SCRIPT,
    re.compile(""),
)
DELTAS = Layout(
    "the output of perf script --deltatime, whose times are differences",
    _PERF_SCRIPT,
    re.compile(""),
)


def layout_of(line: str) -> Layout | None:
    """The layout of a line that was not understood, if it is one that is known."""
    if len(line) > 1000:
        return None
    return next((known for known in LAYOUTS if known.pattern.fullmatch(line)), None)
