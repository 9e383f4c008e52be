"""Swap slots: who gives them up, who shares one, and what is read from one that was given up."""

from __future__ import annotations

import pytest

from luf_tui.engine.director import Director
from luf_tui.machine.machine import Machine
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record
from tests import invariants

POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
HEAD = """\
machine  cpus 3, dram 6, max-order 0, pcp-high 0, tlb 3, swap {swap}
policy   {policy}
kswapd   on cpu0
process  app, heap 1 page
file     lib, 2 pages
app      mmap lib read-write as data
cpu1     run app
"""
OUT = "cpu1     write heap.0 draft\nkswapd   reclaim app.heap.0\n"
KID = "cpu1     fork app as kid\ncpu2     run kid\n"


def played(text: str) -> Machine:
    """The machine at the end of a script; its books are right after every step."""
    director = Director(parse(text), make_policy(parse(text).policy))
    for _ in director.play():
        invariants.check(director.machine)
    return director.machine


def failing(script: str, policy: str = "eager", swap: int = 1) -> list[str]:
    """The expectations of a script that do not hold, and slots that are kept at its end."""
    text = HEAD.format(policy=policy, swap=swap) + script + "expect   no violation\n"
    run = record(parse(text))
    assert () == run.refusals
    used = [slot for slot in played(text).swap if slot.users or slot.frame or slot.content]
    held = [outcome.held for outcome in run.outcomes]
    lines = [line for line in text.splitlines() if line.startswith("expect")]
    told = [line for line, one in zip(lines, held, strict=True) if not one]
    return told + ([f"{len(used)} slots are kept"] if used else [])


@POLICIES
@pytest.mark.parametrize(
    "given_up",
    [
        "cpu1     madvise heap free\ncpu1     read heap.0\nexpect   reads zero\n",
        "cpu1     madvise heap dontneed\ncpu1     read heap.0\nexpect   reads zero\n",
        "cpu1     munmap heap\n",
        "app      exit\n",
        "cpu1     read heap.0\nexpect   reads draft\n",
    ],
)
def test_whoever_gives_a_swapped_page_up_frees_its_slot(policy: str, given_up: str) -> None:
    assert [] == failing(OUT + given_up, policy)


def test_what_one_of_two_gives_up_the_other_one_still_has() -> None:
    shared = f"cpu1     write heap.0 draft\n{KID}kswapd   reclaim app.heap.0\n"
    told = failing(
        shared + "cpu1     madvise heap free\ncpu2     read heap.0\nexpect   reads draft\n"
    )
    assert [] == told


@pytest.mark.parametrize("given_up", ["madvise heap free", "madvise heap dontneed", "munmap heap"])
def test_a_pinned_page_that_is_given_up_in_swap_goes_with_its_last_pin(given_up: str) -> None:
    script = (
        "cpu1     write heap.0 draft\napp      pin heap.0\nkswapd   reclaim app.heap.0\n"
        f"cpu1     {given_up}\n"
    )
    m = played(HEAD.format(policy="batched", swap=1) + script)
    assert [None] == [frame.slot for frame in m.frame if frame.pins]
    assert not any(slot.users or slot.frame for slot in m.swap)


def test_reclaim_that_is_under_way_frees_the_slot_that_is_given_up_meanwhile() -> None:
    script = (
        "cpu1     write heap.0 draft\nkswapd   reclaim app.heap.0 stop before pageout\n"
        "cpu1     madvise heap free\nkswapd   resume\ncpu1     read heap.0\nexpect   reads zero\n"
        "cpu1     write heap.0 next\nkswapd   reclaim app.heap.0\ncpu1     read heap.0\n"
        "expect   reads next\n"
    )
    assert [] == failing(script)


@POLICIES
def test_a_store_is_not_undone_by_a_fault_that_has_read_the_slot_before(policy: str) -> None:
    """The slot is given up and used again while the first fault is between reading and mapping."""
    script = (
        f"cpu2     run app\n{OUT}cpu1     read heap.0 stop before map-swapped\n"
        "cpu2     write heap.0 new\nkswapd   reclaim app.heap.0\ncpu1     resume\n"
        "cpu2     read heap.0\nexpect   reads new\n"
    )
    assert [] == failing(script, policy)


@POLICIES
def test_a_page_that_two_have_in_swap_is_writable_for_neither_of_them(policy: str) -> None:
    script = (
        f"cpu1     write heap.0 draft\n{KID}app      pin heap.0\nkswapd   reclaim app.heap.0\n"
        "cpu1     read heap.0\ncpu2     read heap.0\n"
        "cpu2     write heap.0 other\ncpu1     read heap.0\nexpect   reads draft\n"
    )
    assert [] == failing(script, policy)


@POLICIES
def test_two_who_have_one_slot_get_one_page(policy: str) -> None:
    script = (
        f"cpu1     write heap.0 draft\n{KID}kswapd   reclaim app.heap.0\n"
        "cpu1     read heap.0\ncpu2     read heap.0\ncpu1     write heap.0 his\n"
        "cpu2     read heap.0\nexpect   reads draft\ncpu1     read heap.0\nexpect   reads his\n"
    )
    assert [] == failing(script, policy)


@POLICIES
def test_truncate_takes_private_copies_past_the_end_also_in_swap(policy: str) -> None:
    script = (
        "cpu1     write data.0 own\ncpu1     write data.1 other\nkswapd   reclaim app.data.1\n"
        "app      truncate lib to 0\n"
        "cpu1     read data.0\nexpect   sigbus cpu1\ncpu1     read data.1\nexpect   sigbus cpu1\n"
    )
    assert [] == failing(script, policy)


def test_invalidate_leaves_private_copies() -> None:
    script = "cpu1     write data.0 own\napp      invalidate lib\ncpu1     read data.0\n"
    assert [] == failing(script + "expect   reads own\n")
