"""pin: of a page that is there, and of one that has to be brought in first."""

from __future__ import annotations

import pytest

from luf_tui.engine.director import Director
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration
from luf_tui.search.result import SAFE
from luf_tui.timeline.recorder import record
from tests import invariants

HEAD = """\
machine  cpus 2, dram 4, max-order 0, pcp-high 0, tlb 3, swap 1
policy   batched
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
"""


def played(script: str) -> Machine:
    """The machine at the end of a script; its books are right after every step."""
    director = Director(parse(HEAD + script), make_policy("batched"))
    for _ in director.play():
        invariants.check(director.machine)
    return director.machine


@pytest.mark.parametrize(
    ("page", "before"),
    [
        ("heap.0", ""),
        ("heap.0", "cpu1 write heap.0 draft\nkswapd reclaim app.heap.0\n"),
        ("text.0", ""),
        ("text.0", "cpu1 read text.0\nkswapd reclaim text.0\n"),
    ],
)
def test_a_page_that_is_not_there_is_faulted_in_and_pinned(page: str, before: str) -> None:
    m = played(f"{before}app pin {page}\nkswapd reclaim app.{page}\n")
    [pinned] = [frame for frame in m.frame if frame.pins]
    assert "draft" * bool(before and "heap" in page) in m.config.content_name(pinned.content)


def test_a_page_that_cannot_be_had_is_pinned_by_nobody() -> None:
    m = played("app truncate lib to 0\napp pin text.0\n")
    assert not any(frame.pins for frame in m.frame)


RACE = (
    HEAD
    + """\
cpu1     write heap.0 draft
race
  kswapd   reclaim app.heap.0
  app      pin heap.0
end
expect   no violation
"""
)


def test_a_pin_beside_a_reclaim_is_refused_in_no_order() -> None:
    report = Exploration(parse(RACE), make_policy("batched")).run()
    assert SAFE == report.verdict
    assert () == report.happened.refused


MOVED = """\
machine  cpus 3, dram 1, cxl 1, max-order 0, pcp-high 0
policy   eager
kswapd   on cpu0
kernel   on cpu2
process  app, heap 1 page
process  thief, heap 4 pages
cpu1     run app
cpu1     write heap.0 a
"""


def test_a_page_that_stays_mapped_since_it_was_pinned_is_not_moved() -> None:
    """The pin is gone when the page is to be copied, and its PTE is there yet."""
    script = """\
app      pin heap.0
kswapd   demote app.heap.0 stop before sort
app      unpin heap.0
kswapd   resume
cpu0     run thief
cpu0     write thief.heap.0 x
cpu0     write thief.heap.1 x
cpu1     read heap.0
expect   reads a
"""
    run = record(parse(MOVED + script, "moved.luf"))
    assert [True] == [one.held for one in run.outcomes]
    assert [] == [one.message for one in run.findings if one.weight == VIOLATION]


def test_nobody_pins_a_page_that_is_on_its_way_to_another_frame() -> None:
    script = """\
race
  kswapd   demote app.heap.0
  kernel   pin app.heap.0
end
"""
    found = Exploration(parse(MOVED + script, "raced.luf"), make_policy("eager")).run()
    assert (SAFE, (11,)) == (found.verdict, found.happened.refused)
