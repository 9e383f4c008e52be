"""What the tests of expectations in races share."""

from __future__ import annotations

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search.expectations import questions_of
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.race_start import at_race
from luf_tui.search.search import Search

POLICIES = ("eager", "batched", "luf")
MACHINE = """\
machine  cpus 3, dram 2, max-order 0, tlb 3, key-bits 2, swap 1
process  app, heap 1 page
cpu1     run app
cpu2     run app
cpu2     write heap.0 before
cpu1     read heap.0
"""
STORES = """\
race
  cpu1     write heap.0 one
{one}
  cpu2     write heap.0 two
{two}
end
"""


def stores(*behind: str, one: str = "", two: str = "") -> Program:
    """Two CPUs that store to one page, and what is expected of it."""
    return parse("\n".join([MACHINE, STORES.format(one=one, two=two), *behind, ""]), "stores.luf")


def explored(program: Program, policy: str = "batched", *without: str) -> Report:
    return Exploration(program, make_policy(policy, without)).run()


def counted(report: Report) -> list[tuple[int, int]]:
    """In how many states each expectation held and failed."""
    return [(one.held, one.failed) for one in report.expected]


WATCHED = """\
machine  cpus 3, dram 3, max-order 0, tlb 3, key-bits 2, swap 2
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
process  other, heap 1 page
cpu1     run app
cpu2     run app
cpu1     read text.0
cpu2     read text.0
cpu2     write heap.0 before
cpu1     read heap.0
race
  expect   always no stale-hits > 1
  expect   sometimes stale cpu1 text.0
  kswapd   reclaim text.0
  expect   no mapped text.0
  expect   flushed cpu1
  expect   deferred = 1
  expect   free text.0
  cpu1     read text.0
  expect   reads lib.0
  expect   fault cpu1
  expect   always ipis < 2
  expect   sometimes saved = 1
  cpu2     write heap.0 two
  expect   no fault
  expect   steps < 30
  expect   content text.0 lib.0
  expect   interrupted cpu1 cpu2
  expect   always event read < 4
end
expect   reads lib.0
expect   flushed cpu1 cpu2
expect   paid = 0
expect   sends < 2
expect   on text.0 dram
cpu0     run other
cpu0     write other.heap.0 secret
expect   paid = 1
expect   owed = 0
expect   flushed cpu2
expect   interrupted > 0
cpu1     read text.0
expect   reads lib.0
expect   deviation = 0
expect   stale-hits > 0
expect   flushes > 1
expect   being-paid = 0
"""
"""A race of which all kinds of things are expected."""


def watched() -> Program:
    return parse(WATCHED, "watched.luf")


def searching_of(
    program: Program, policy: str, *, reduced: bool = True, **options: object
) -> Search:
    asked = questions_of(
        program, next(n for n, one in enumerate(program.items) if one in program.races)
    )
    start = at_race(program, make_policy(policy), questions=asked, reduced=reduced)
    assert start is not None
    return Search(start.transitions, **options)  # type: ignore[arg-type]


def heard(search: Search) -> tuple[object, ...]:
    """What may not depend on how it is searched."""
    found = search.run()
    orders = tuple((one.verdict, one.turns, one.behind) for one in found.failed)
    return (
        found.verdict,
        found.states,
        found.transitions,
        dict(sorted(found.verdicts.items())),
        orders,
    )
