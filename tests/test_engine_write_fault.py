"""A write fault decides on a PTE, and finds another one when it comes to act."""

from __future__ import annotations

import pytest

from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record

ZEROS_NOW = """\
machine  cpus 2, dram 1, max-order 0, tlb 1, pcp-high 0, key-bits 2, swap 0
policy   {policy}
process  app, heap 1 page
cpu0     run app
cpu1     run app

race
  cpu1     write heap.0 one
  app      mprotect heap read-only
  app      mprotect heap read-write
  cpu0     madvise heap dontneed
  cpu0     read heap.0
  cpu1     madvise heap dontneed
  cpu1     read heap.0
  schedule app/1*13 app/0*6 irq/cpu1*3 app/0*10 app/1*5 app/0*5 irq/cpu1*3 app/0*12
  schedule app/1*11 app/0*4 irq/cpu0*3 app/1*5
end
cpu1     read heap.0
expect   reads zero
expect   no violation
"""


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_zeros_that_came_in_between_are_not_made_writable(policy: str) -> None:
    """cpu1 is about to make its page writable in place; by then it is gone, and the zero page is
    there, which everybody has.
    """
    run = record(parse(ZEROS_NOW.format(policy=policy)))
    assert [finding.message for finding in run.findings] == []
    assert run.machine.zero_page.content == 0
    assert all(one.held for one in run.outcomes)
