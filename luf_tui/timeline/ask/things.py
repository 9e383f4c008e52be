"""What a person asks about, in words, as references: `text.0`, `f3`, `cpu1 text.0`, `key 3`."""

from __future__ import annotations

import re

from luf_tui.errors import InputError, LufError
from luf_tui.machine.refs import Ref
from luf_tui.script.parse import parse_condition
from luf_tui.timeline.conditions.lookups import Args, entries_of, frame_of, number
from luf_tui.timeline.conditions.moment import moment_at
from luf_tui.timeline.timeline import Timeline

KEY, ZONE = "luf_batch", "luf_zone"
"""Regions of the ledger that answer for a key, and for a zone's open generation."""
KNOWN = "a page (`text.0`), a frame (`f3`), a CPU (`cpu1`), its entry for a page, `key 3`"


def thing(timeline: Timeline, words: str) -> Ref:
    """What some words name at the timeline's position.

    A page `text.0` is its page-table entry and a page of a file, `lib.0`, the frame that holds it;
    `cpu1 text.0` is what that CPU caches of it. `f3` is a frame, `cpu1` a CPU, `key 3` what is
    owed under a luf_key, `zone dram` what is owed under a zone's open generation. Raises LufError
    when they name nothing, or nothing that is there now.
    """
    said = " ".join(words.split())
    if not said:
        raise LufError(f"nothing is asked about; one may ask for {KNOWN}")
    if match := re.fullmatch(r"f(\d+)", said):
        return _within(timeline, "frame", int(match[1]), said)
    if match := re.fullmatch(r"cpu(\d+)", said):
        return _within(timeline, "cpu", int(match[1]), said)
    if match := re.fullmatch(r"key (\d+)", said):
        return _within(timeline, KEY, int(match[1]), said)
    if match := re.fullmatch(r"zone (\S+)", said):
        names = [node.name for node in timeline.config.nodes]
        if match[1] not in names:
            raise LufError(f"no zone is called '{match[1]}'; known: {', '.join(names)}")
        return _within(timeline, ZONE, names.index(match[1]), said)
    if timeline.program.recorded is not None:
        raise LufError(f"'{said}': a recording has no names; ask for `f3`, `cpu1` or `key 3`")
    return _cached(timeline, said) if said.startswith("cpu") else _page(timeline, said)


def _within(timeline: Timeline, region: str, index: int, said: str) -> Ref:
    records = timeline.machine.regions.get(region)
    if records is None:
        raise LufError(f"'{said}': policy {timeline.policy.name} has no such ledger")
    if index >= len(records):
        raise LufError(f"'{said}': the last one is number {len(records) - 1}")
    return Ref(region, index)


def _page(timeline: Timeline, said: str) -> Ref:
    args = _condition(timeline, "mapped", said)
    if "vpn" in args:
        first = timeline.machine.first_page[number(args, "mm")]
        return Ref("pte", first + number(args, "vpn"))
    frame = frame_of(moment_at(timeline), args)
    if frame is None:
        raise LufError(f"'{said}' has no frame at step {timeline.position}")
    return Ref("frame", frame.index)


def _cached(timeline: Timeline, said: str) -> Ref:
    entries = entries_of(moment_at(timeline), _condition(timeline, "cached", said))
    if not entries:
        cpu, _, page = said.partition(" ")
        raise LufError(f"{cpu} caches nothing of {page} at step {timeline.position}")
    return Ref("tlb", entries[0].index)


def _condition(timeline: Timeline, predicate: str, said: str) -> Args:
    """The arguments that a condition of the script would have with these words."""
    try:
        return parse_condition(timeline.program, f"{predicate} {said}").args
    except InputError as error:
        raise LufError(f"{error.brief}; one may ask for {KNOWN}") from error
