"""Memory that a driver maps by frame number: no reference, no reverse map, and flushed in time."""

from __future__ import annotations

import pytest

from luf_tui.engine.director import Director
from luf_tui.errors import InputError
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record
from tests import invariants
from tests.clients import searched

HEAD = """\
machine  cpus 3, dram 4, max-order 0, pcp-high 0, tlb 3, frame-maps, pinned-io
policy   batched
process  app, heap 1 page
cpu1     run app
cpu2     run app
kernel   alloc ring holding registers
app      map-frames ring as window
"""
GONE = "kernel revoke ring\nkernel alloc slab holding secret\n"


def told(script: str, policy: str = "batched", *without: str) -> list[str]:
    """What is told of each line that reads or stores, and of what is broken."""
    program = parse(HEAD + script)
    director = Director(program, make_policy(policy, without))
    for _ in director.play():
        invariants.check(director.machine)
    run = record(program, policy, without)
    assert () == run.refusals
    kinds = [
        one.kind.name
        for one in run.events
        if one.kind.name in ("read", "store", "sigbus", "sigsegv")
    ]
    return kinds + [one.obligation for one in run.findings if one.weight == VIOLATION]


FORK = "cpu1 fork app as kid\ncpu0 run kid\ncpu0 read window.0\n"
MOVE = "cpu1 read window.0\ncpu1 mremap window as other\n"
SAFE = {
    "cpu1 read window.0\ncpu2 write window.0 x\ncpu1 read window.0\n": ["read", "store", "read"],
    f"cpu1 read window.0\n{GONE}cpu1 read window.0\n": ["read", "sigbus"],
    f"cpu1 read window.0\ncpu2 munmap window\n{GONE}cpu1 read window.0\n": ["read", "sigsegv"],
    f"{FORK}cpu1 exit\n{GONE}cpu0 read window.0\n": [
        "read",
        "sigbus",
    ],
    f"{MOVE}cpu2 read other.0\n{GONE}cpu1 read other.0\n": [
        "read",
        "read",
        "sigbus",
    ],
    "cpu1 mprotect window read-only\ncpu1 read window.0\ncpu2 write window.0 x\n": [
        "read",
        "sigsegv",
    ],
    "cpu1 clear-soft-dirty\ncpu1 write window.0 x\nnuma scan app.window\ncpu1 read window.0\n": [
        "store",
        "read",
    ],
    f"{GONE}app map-frames ring as late\ncpu1 read late.0\n": ["sigbus"],
    "kswapd reclaim app.window.0\ncpu1 pin window.0\ncpu1 read window.0\n": ["read"],
}


@pytest.mark.parametrize("script", SAFE)
@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_nobody_keeps_what_the_driver_gives_away(script: str, policy: str) -> None:
    assert told(script, policy) == SAFE[script]


HALF = "cpu1 read window.0\ncpu2 munmap window stop before {step}\n" + GONE


def test_a_driver_that_finds_the_mapping_flushes_for_whoever_has_cleared_it() -> None:
    """unmap_mapping_range() beside munmap(), before and after the VMA leaves the driver's file."""
    assert ["read"] == told(HALF.format(step="local"))
    assert ["read", "O2"] == told(HALF.format(step="local"), "batched", "flush-frame-maps")


def test_a_client_finds_the_missing_rule() -> None:
    assert "O2" == searched("mapped-by-number", "eager", "flush-frame-maps").obligation


def test_a_machine_without_such_drivers_says_so() -> None:
    with pytest.raises(InputError, match="frame-maps"):
        parse(HEAD.replace(", frame-maps", ""))
