"""fork(): both mmap_locks are held while it copies (dup_mmap(), mmap_write_lock_nested())."""

from __future__ import annotations

import pytest

from luf_tui.engine import pagetable
from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record

HALF_WAY = """
machine  cpus 2, dram 4, max-order 0
policy   eager
process  app, heap 2 pages
app      mmap anon 1 page shared read-write as shm
cpu0     run app
cpu0     write heap.0 one
cpu0     write heap.1 two
cpu0     fork app as kid stop before copy
cpu1     run kid
cpu1     exit
cpu0     resume
expect   no violation
"""

MAPPED_ANEW = """
machine  cpus 2, dram 4, max-order 0
policy   {policy}
process  app, heap 1 page
app      mmap anon 1 page shared read-write as shm
cpu0     run app
cpu0     write shm.0 common
cpu0     fork app as kid
cpu1     run kid
{line}
cpu0     mmap anon 1 page shared read-write as other at {at}
cpu0     read other.0
expect   reads zero
cpu0     write other.0 own
cpu1     read shm.0
expect   reads common
expect   no violation
"""


@pytest.mark.parametrize("policy", ["eager", "luf"])
@pytest.mark.parametrize(
    ("line", "at"),
    [("cpu0     munmap shm", "shm"), ("", "shm"), ("cpu0     mremap shm as moved", "shm")],
)
def test_new_shared_memory_is_not_what_a_child_has_from_that_address(
    policy: str, line: str, at: str
) -> None:
    timeline = record(parse(MAPPED_ANEW.format(policy=policy, line=line, at=at)))

    assert [] == list(timeline.refusals)
    assert [] == [finding.message for finding in timeline.findings]
    assert all(outcome.held for outcome in timeline.outcomes)


def test_a_child_does_not_exit_before_it_is_made() -> None:
    """It would leave entries behind that are linked again when the child is made once more."""
    timeline = record(parse(HALF_WAY))

    assert [] == list(timeline.refusals)
    assert [True] == [one.held for one in timeline.outcomes]
    timeline.seek(timeline.steps)
    m = timeline.machine
    mapped = [m.place_of(pte)[0].index for frame in m.frame for pte in pagetable.mappings(frame)]
    assert {0} == set(mapped)
