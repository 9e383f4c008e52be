"""Who holds the lock of a page of a file, or of the file, from where to where."""

from __future__ import annotations

import pytest

from luf_tui.engine.director import Director
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration
from luf_tui.search.result import SAFE
from luf_tui.timeline.recorder import record
from tests import invariants

POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
HEAD = """\
machine  cpus 3, dram 6, cxl 2, max-order 0, pcp-high 0, tlb 3, swap 1
policy   {policy}
kswapd   on cpu0
flusher  on cpu0
process  app, heap 1 page
file     lib, 2 pages
app      mmap lib read-write shared as data
cpu1     run app
cpu2     run app
"""


def failing(script: str, policy: str = "batched") -> list[str]:
    """The expectations of a script that do not hold; the books are right after every step."""
    text = HEAD.format(policy=policy) + script + "expect   no violation\n"
    director = Director(parse(text), make_policy(policy))
    for _ in director.play():
        invariants.check(director.machine)
    run = record(parse(text))
    lines = [line for line in text.splitlines() if line.startswith("expect")]
    return [line for line, one in zip(lines, run.outcomes, strict=True) if not one.held]


QUEUED = (
    HEAD
    + """\
cpu1     read data.0
race
  kswapd   reclaim data.0
  kswapd   reclaim data.0
  app      pwrite lib.0 x
  cpu1     read data.0
end
expect   no violation
"""
)


@POLICIES
def test_a_write_beside_two_reclaims_of_its_page_is_safe(policy: str) -> None:
    program = parse(QUEUED.format(policy=policy))
    assert SAFE == Exploration(program, make_policy(policy)).run().verdict


def test_a_page_that_is_read_in_while_another_one_is_dropped_stays() -> None:
    script = (
        "cpu2     invalidate lib stop before remove\ncpu1     read data.0\ncpu2     resume\n"
        "cpu1     pwrite lib.0 x\ncpu1     read data.0\nexpect   reads x\n"
    )
    assert [] == failing(script)


def test_a_page_that_was_read_in_meanwhile_may_still_be_behind_its_server() -> None:
    script = (
        "cpu2     invalidate lib stop before remove\ncpu1     read data.0\n"
        "server   change lib.0 new\ncpu2     resume\n"
    )
    director = Director(parse(HEAD.format(policy="luf") + script), make_policy("luf"))
    for _ in director.play():
        invariants.check(director.machine)
    page = director.machine.file_page[0]
    assert page.frame
    assert page.frame.content != page.disk


def test_what_is_dropped_is_not_what_somebody_else_has_locked() -> None:
    script = (
        "cpu2     invalidate lib stop before remove\ncpu1     pwrite lib.0 x stop before copy\n"
        "cpu2     resume\nkswapd   reclaim lib.0\ncpu1     resume\n"
        "cpu2     read data.0\nexpect   reads x\n"
    )
    assert [] == failing(script)


@POLICIES
def test_invalidate_leaves_what_nobody_has_written_out(policy: str) -> None:
    script = "cpu1     write data.0 mine\ncpu2     invalidate lib\ncpu1     read data.0\n"
    assert [] == failing(script + "expect   reads mine\n", policy)


def test_truncate_waits_for_a_write_to_the_file() -> None:
    """The new size is that of the later one, here of truncate."""
    script = (
        "cpu1     pwrite lib.1 x stop before copy\ncpu2     truncate lib to 0\ncpu1     resume\n"
        "cpu2     read data.1\nexpect   sigbus cpu2\n"
    )
    assert [] == failing(script)


def test_a_write_past_the_end_makes_the_file_longer_and_the_gap_reads_zero() -> None:
    script = (
        "cpu2     truncate lib to 0\ncpu1     pwrite lib.1 x\ncpu1     read data.1\n"
        "expect   reads x\ncpu1     read data.0\nexpect   reads zero\n"
    )
    assert [] == failing(script)


def test_writeback_waits_for_a_page_that_is_being_written_to() -> None:
    script = (
        "cpu1     pwrite lib.0 x stop before copy\nflusher  writeback lib.0\ncpu1     resume\n"
        "cpu2     invalidate lib\ncpu2     read data.0\nexpect   reads x\n"
        "expect   event writeout\n"
    )
    assert [] == failing(script)


@pytest.mark.parametrize("step", ["sort", "copy", "remap", "free"])
def test_a_page_that_is_given_up_while_it_moves_is_freed_at_both_places(step: str) -> None:
    script = (
        f"cpu1     write heap.0 draft\nkswapd   demote app.heap.0 stop before {step}\n"
        "cpu1     madvise heap dontneed\nkswapd   resume\n"
    )
    assert [] == failing(script)


GIVEN_BACK = """\
machine  cpus 3, dram 2, max-order 0, pcp-high 0, tlb 6, key-bits 2, swap 1, gather 1
policy   batched
process  app, heap 2 pages
process  other, heap 1 page
cpu0     run app
cpu1     run app
cpu2     run other
cpu0     write heap.1 second
cpu1     write heap.0 first
race
  cpu0     munmap heap
  cpu2     write heap.0 secret
end
expect   no violation
"""


def test_nobody_isolates_a_page_that_is_being_given_back() -> None:
    assert SAFE == Exploration(parse(GIVEN_BACK), make_policy("batched")).run().verdict
