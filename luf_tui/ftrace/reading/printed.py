"""Who printed a line, on which CPU and when, in each layout that the kernel and its tools have.

`trace` and `trace_pipe` begin a line with `comm-pid (tgid) [cpu] flags seconds`, perf script with
`comm pid [cpu] seconds`; the option latency-format, a dump to the kernel's log, and
`trace-cmd report -l` with `comm-pid cpuflags`, whose comm is cut to eight letters.
"""

from __future__ import annotations

import re

from attrs import frozen

from luf_tui.ftrace.reading.contexts import Context, context_of
from luf_tui.ftrace.reading.tracepoints import MOST_CPUS, MOST_PIDS

_LONGEST = 200
_FTRACE = re.compile(
    r"\s*(?P<comm>\S.{0,63}?)-(?P<pid>[0-9]{1,7})\s+(?:\(\s*(?P<tgid>[0-9]{1,7}|-+)\)\s+)?"
    r"\[(?P<cpu>[0-9]{1,4})\](?:\s+(?P<flags>[.\w#]{4,6}))?\s*"
)
_PERF = re.compile(
    r"\s*(?P<comm>\S.{0,63}?)\s+(?:(?P<tgid>-?[0-9]{1,7})/)?(?P<pid>-?[0-9]{1,7})\s+"
    r"\[(?P<cpu>[0-9]{1,4})\]\s*"
)
_SHORT = re.compile(
    r"\s*(?P<comm>\S.{0,63}?)-(?P<pid>[0-9]{1,7})\s+(?:\(\s*(?P<tgid>[0-9]{1,7}|-+)\)\s+)?"
    r"(?P<cpu>[0-9]{1,4})(?P<flags>[.a-zA-Z#][.\w#]{3,5})\s*"
)
_SPLIT = re.compile(
    r"(.{1,200}?(?:\[[0-9]{1,4}\]|\s[0-9]{1,4}[.a-zA-Z#][.\w#]{3,5})(?:\s+[.\w#]{4,6})?)"
    r"\s+([0-9][0-9.]*):\s+(.*)"
)
"""For names that hold a colon and a space, such as `tmux: server`."""
_BUFFER = re.compile(r"\s*[\w.-]{1,64}:\s{2,}")
"""The name of the buffer or file, which trace-cmd report prints where it reads several."""
_STAMP = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?")
_LOG = re.compile(r"(?:<[0-9]{1,3}>)?\[ *[0-9]+\.[0-9]{6}\](?: *\[ *[TC][0-9]+\])? ?")
_LATENCY = re.compile(r"(.{1,200}?)\s+([0-9]{1,18})us[ +!#*@$^]?: (.*)")
_VERBOSE = re.compile(
    r"\s*(?P<comm>\S.{0,63}?)\s+(?P<pid>[0-9]{1,7})\s+(?P<cpu>[0-9]{1,4}) (?P<flags>[0-9]{1,3}) "
    r"(?P<preempt>[0-9a-f]{8}) [0-9a-f]{8} \[[0-9a-f]+\] ([0-9]{1,18}\.[0-9]{3})ms "
    r"\([-+]?[0-9.]+ms\): (.*)"
)
_IRQS_OFF, _HARD, _SOFT = 1, 8 | 64, 16
"""Bits of trace_flag_type, which the option verbose prints as a number."""


@frozen
class Printed:
    """The beginning of a line that was understood."""

    layout: str
    """`ftrace`, `perf script` or `latency`."""
    comm: str
    pid: int
    tgid: int
    """0 where it is not printed."""
    cpu: int
    context: int
    """Bits of `Context`."""


def place_of(prefix: str) -> Printed | None:
    """What stands before the time stamp; None if it is no such text or a number is out of bounds.

    CPUs are below 1,024, thread ids below 2^22, names are no longer than 64 letters.
    """
    if len(prefix) > _LONGEST:
        return None
    buffer = _BUFFER.match(prefix)
    if buffer:
        prefix = prefix[buffer.end() :]
    match, layout = _FTRACE.fullmatch(prefix), "ftrace"
    if match is None:
        match, layout = _SHORT.fullmatch(prefix), "latency"
    if match is None:
        match, layout = _PERF.fullmatch(prefix), "perf script"
    if match is None:
        return None
    got = match.groupdict()
    return _printed(layout, got, context_of(got.get("flags") or ""))


def _printed(layout: str, got: dict[str, str | None], context: int) -> Printed | None:
    pid, cpu = int(got["pid"] or 0), int(got["cpu"] or 0)
    tgid = got.get("tgid") or ""
    group = int(tgid) if tgid.isdigit() else 0
    if cpu >= MOST_CPUS or pid > MOST_PIDS or group > MOST_PIDS:
        return None
    return Printed(layout, got["comm"] or "", pid, group, cpu, context)


def is_stamp(text: str) -> bool:
    """Whether a text is a time as the kernel prints it."""
    return _STAMP.fullmatch(text) is not None


def split(line: str, prefix: str, stamp: str, tail: str) -> tuple[str, str, str] | None:
    """A line as beginning, time stamp and event, given a first guess; None if it is none.

    The time is in seconds, or a whole number where the clock counts something else.
    """
    if is_stamp(stamp) and place_of(prefix):
        return prefix, stamp, tail
    match = _SPLIT.fullmatch(line)
    if match and is_stamp(match[2]):
        return match[1], match[2], match[3]
    return None


def split_latency(line: str) -> tuple[Printed, float, str] | None:
    """A line of the option latency-format, also from the kernel's log: place, seconds, event."""
    log = _LOG.match(line)
    if log:
        line = line[log.end() :]
    match = _LATENCY.fullmatch(line)
    if match:
        place = place_of(match[1])
        return (place, int(match[2]) / 1e6, match[3]) if place else None
    match = _VERBOSE.fullmatch(line)
    if match is None:
        return None
    flags = int(match["flags"])
    context = (
        (Context.IRQS_OFF if flags & _IRQS_OFF else 0)
        | (Context.INTERRUPT if flags & _HARD else 0)
        | (Context.SOFTIRQ if flags & _SOFT else 0)
        | (Context.NO_PREEMPTION if int(match["preempt"], 16) & 0xFF else 0)
    )
    place = _printed("latency", match.groupdict(), int(context))
    return (place, float(match[6]) / 1e3, match[7]) if place else None
