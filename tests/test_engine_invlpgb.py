"""Flushes by broadcast on x86: who is told, who is interrupted, and when it is over."""

from __future__ import annotations

import pytest

from luf_tui.engine.director import Director
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record
from tests import invariants
from tests.clients import searched

HEAD = """\
machine  cpus 4, dram 6, max-order 0, pcp-high 0, tlb 3, invlpgb 1
policy   batched
kswapd   on cpu0
process  app, heap 1 page
process  other, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
cpu2     run app
"""
BOTH = "cpu1 write heap.0 a\ncpu2 read heap.0\n"
EMPTY = "cpu1 madvise heap dontneed\n"
TOLD = ("send", "invlpgb", "tlbsync", "globalasid", "ack")


def told(script: str, policy: str = "batched", *without: str) -> list[str]:
    """What is sent, and what is broken; the books are right after every step."""
    program = parse(HEAD + script)
    director = Director(program, make_policy(policy, without))
    for _ in director.play():
        invariants.check(director.machine)
    run = record(program, policy, without)
    kinds = [one.kind.name for one in run.events if one.kind.name in TOLD]
    return kinds + [one.obligation for one in run.findings if one.weight == VIOLATION]


BY_IPI = ["send", "ack", "globalasid"]
STRAGGLER = ["invlpgb", "send", "ack", "tlbsync"]
BROADCAST = ["invlpgb", "tlbsync"]


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_an_mm_on_many_cpus_is_flushed_by_broadcast_once_all_have_its_asid(policy: str) -> None:
    script = (BOTH + EMPTY) * 4
    assert BY_IPI + STRAGGLER + BROADCAST * 2 == told(script, policy)


def test_an_mm_on_one_cpu_keeps_asids_of_its_own() -> None:
    assert [] == told("cpu2 idle\n" + ("cpu1 write heap.0 a\n" + EMPTY) * 3)


def test_a_switch_flushes_nothing_of_a_global_asid() -> None:
    """What another one has flushed meanwhile was flushed here as well, without an interrupt."""
    away = "cpu2 run other\n" + EMPTY + "cpu2 run app\ncpu2 read heap.0\nexpect reads zero\n"
    assert BY_IPI + STRAGGLER + BROADCAST == told((BOTH + EMPTY) * 2 + BOTH + away)


def test_a_batch_is_told_to_every_cpu() -> None:
    read = "cpu1 read text.0\ncpu2 read text.0\nkswapd reclaim text.0\n"
    assert BROADCAST == told(read)


def test_without_the_wait_a_flush_is_not_over() -> None:
    script = (BOTH + EMPTY) * 2 + BOTH + EMPTY + "cpu0 run other\ncpu0 write other.heap.0 b\n"
    assert "O37" in told(script, "batched", "tlbsync")


def test_a_client_finds_whoever_has_an_asid_of_its_own() -> None:
    assert "O4" == searched("broadcast", "eager", "finish-asid-transition").obligation


def test_an_mm_that_ends_gives_its_asid_back() -> None:
    director = Director(parse(f"{HEAD}{(BOTH + EMPTY) * 2}cpu1 exit\n"), make_policy("luf"))
    for _ in director.play():
        pass
    assert not any(one.active for one in director.machine.global_asid)
