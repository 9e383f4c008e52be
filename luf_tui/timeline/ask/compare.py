"""Runs of one program under several policies, side by side, aligned by script item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import evolve, frozen

from luf_tui.machine import events as ev
from luf_tui.policy.base import Policy
from luf_tui.timeline.answers import Counters
from luf_tui.timeline.ask.costs import bill
from luf_tui.timeline.ask.summary import summary
from luf_tui.timeline.tell.narrate import sentence
from luf_tui.timeline.timeline import Timeline

OUTSIDE = (ev.READ, ev.STORE, ev.SIGSEGV, ev.SIGBUS, ev.UFFD, ev.OOM)
"""What a program can notice: the rest is the kernel's own business."""


@frozen
class Divergence:
    """Where two runs first differ. Steps are each run's own; an event is -1 where the run had
    none left in that item.
    """

    item: int
    line: int
    step: int
    other_step: int
    event: int
    text: str
    other_text: str
    other: str = ""
    """What the other run is called, where it is one of several."""


@frozen
class Comparison:
    """Several runs of one program, and where any of them first leaves the first one."""

    policies: tuple[str, ...]
    counters: tuple[Counters, ...]
    owed: tuple[int, ...]
    """Frames of each that wait for a flush at its end."""
    divergence: Divergence | None
    outside: Divergence | None
    """The first difference that a program can notice: in what it reads, or in a signal."""


def compare(runs: Sequence[Timeline], names: Sequence[str] = ()) -> Comparison:
    """Put runs of one program side by side; the first is what the others are held against. They
    are called by their policies unless other names are said.
    """
    called = tuple(names or map(policy_name, runs))
    return Comparison(
        called,
        tuple(run.counters(run.steps) for run in runs),
        tuple(run.owed(run.steps) for run in runs),
        _first(called[1:], [divergence(runs[0], run) for run in runs[1:]]),
        _first(called[1:], [divergence(runs[0], run, outside=True) for run in runs[1:]]),
    )


def policy_name(run: Timeline) -> str:
    """The policy of a run with the guards taken from it: `luf - flush-before-reuse`."""
    return name_of(run.policy)


def name_of(policy: Policy) -> str:
    """A policy with the guards taken from it."""
    return " - ".join((policy.name, *policy.without))


def divergence(one: Timeline, other: Timeline, *, outside: bool = False) -> Divergence | None:
    """The first event in which two runs differ, item by item; None when they are the same.

    With `outside`, only what the simulated programs can notice counts: kinds and contents, but
    not which frame it came from.
    """
    return next(differences(one, other, outside=outside), None)


def differences(one: Timeline, other: Timeline, *, outside: bool = False) -> Iterator[Divergence]:
    """The first event of every item in which two runs differ there."""
    for item in range(min(len(one.program.items), len(other.program.items))):
        mine, theirs = (_item_events(run, item, outside) for run in (one, other))
        for place in range(max(len(mine), len(theirs))):
            a = mine[place] if place < len(mine) else -1
            b = theirs[place] if place < len(theirs) else -1
            if a < 0 or b < 0 or _signature(one, a, outside) != _signature(other, b, outside):
                yield _divergence(one, other, item, a, b)
                break


def as_json(runs: Sequence[Timeline], names: Sequence[str] = ()) -> dict[str, Any]:
    """The object that `compare --json` prints; `names` as in `compare`."""
    found = compare(runs, names)
    first = found.divergence
    return {
        "scenario": runs[0].program.path,
        "policies": {
            name: {**summary(run), "costs": bill(run, run.steps).as_json()}
            for name, run in zip(found.policies, runs, strict=True)
        },
        "first_divergence": {"step": first.step, "line": first.line} if first else None,
    }


def _first(names: Sequence[str], found: list[Divergence | None]) -> Divergence | None:
    known = [evolve(d, other=name) for name, d in zip(names, found, strict=True) if d is not None]
    return min(known, key=lambda d: (d.item, d.step), default=None)


def _item_events(run: Timeline, item: int, outside: bool) -> list[int]:
    """Events of the micro-steps that served an item; the oracle's own words left out."""
    said = (ev.EXPECTED, ev.STALE, ev.DEVIATION, ev.VIOLATION)
    kind_of = run.events.kind_of
    return [
        event
        for step in run.item_steps(item)
        if run.item_at(step) == item
        for event in run.events_of(step)
        if (kind_of(event) in OUTSIDE if outside else kind_of(event) not in said)
    ]


def _signature(run: Timeline, event: int, outside: bool) -> tuple[int, ...]:
    if outside and run.events.kind_of(event) in (ev.READ, ev.STORE):
        one = run.events[event]
        return (one.kind, one.cpu, *(value for name, value in one.args.items() if name != "pfn"))
    return run.events.signature(event)


def _divergence(one: Timeline, other: Timeline, item: int, a: int, b: int) -> Divergence:
    return Divergence(
        item=item,
        line=one.program.items[item].span.line,
        step=_step(one, item, a),
        other_step=_step(other, item, b),
        event=a,
        text=sentence(one, one.events[a]) if a >= 0 else "",
        other_text=sentence(other, other.events[b]) if b >= 0 else "",
    )


def _step(run: Timeline, item: int, event: int) -> int:
    """The step of an event, or where the run stood when it had none left in the item."""
    if event >= 0:
        return run.step_of_event(event)
    steps = run.item_steps(item)
    return steps[-1] if steps else max(0, run.item_position(item))
