"""Which allocations of a window of a recording pay under LUF, and for which frame."""

from __future__ import annotations

from luf_tui.ftrace.replay.flushes import TAKEOFF
from luf_tui.ftrace.replay.layout import Layout
from luf_tui.ftrace.replay.replay import Replay
from luf_tui.ftrace.replay.trace_program import POLICY
from luf_tui.ftrace.trace import Trace
from luf_tui.machine import events as ev
from luf_tui.policy.registry import make_policy


def payers_in(
    trace: Trace, layout: Layout, first: int, last: int
) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Frame of the model by ALLOC fact, of those in a window that LUF makes wait for a flush owed
    since the window began; and the facts of the window from which each frame owes. Replays the
    recording up to the window's end.
    """
    replay = Replay(trace, layout, make_policy(POLICY, ()), logged=False)
    began: dict[int, int] = {}
    found: dict[int, int] = {}
    owes: dict[int, list[int]] = {}
    for at in replay.play():
        if at > last:
            break
        paid = False
        for kind, _, *args in replay.machine.events.taken():
            if kind == ev.DEFER:
                began[args[ev.DEFER.pfn]] = at
                if at >= first:
                    owes.setdefault(args[ev.DEFER.pfn], []).append(at)
            elif kind == ev.FLUSHED:
                paid = paid or args[ev.FLUSHED.why] == TAKEOFF
            elif kind == ev.ALLOC:
                frame, order = args[ev.ALLOC.pfn], args[ev.ALLOC.order]
                _, count = layout.block(layout.pfns[frame], order)
                for one in range(frame, frame + count):
                    if began.pop(one, -1) >= first and paid:
                        found.setdefault(at, one)
    return found, owes
