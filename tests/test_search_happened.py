"""What never happened is said with every verdict: a "safe" that saw no danger is called vacuous."""

from __future__ import annotations

from functools import cache

import pytest

from luf_tui.engine.strategy import EveryTurn, walk
from luf_tui.engine.transitions import BLOCKED
from luf_tui.machine import events as ev
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search import search as searching
from luf_tui.search.exploration import Exploration, Report, as_json
from luf_tui.search.happened import Happened, extremes
from luf_tui.search.result import SAFE, UNSAFE
from luf_tui.search.search import Search
from tests.races import GUARDED, race, start, tiny

HIDDEN = """\
machine  cpus 3, dram 1, max-order 0, tlb 3, key-bits 2, swap 2{more}
policy   batched without flush-before-free
kswapd   on cpu0
kernel   on cpu2
process  app, heap 1 page
process  thief, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
cpu2     run thief
cpu1     read text.0
race
  kswapd   reclaim text.0
  cpu2     write heap.0 secret
  cpu1     read text.0
end
"""
"""The page that is freed stands on the pcp list of another CPU than the one that wants a page."""
ATOMIC = HIDDEN.format(more="").replace(
    "cpu2     write heap.0 secret", "kernel   alloc slab atomic holding secret"
)
"""Who wants it may neither reclaim nor drain."""
QUIET = """\
machine  cpus 2, dram 4
policy   luf
process  app, heap 2 pages
cpu0     run app
cpu1     run app
race
  cpu0     write heap.0 one
  cpu1     write heap.1 two
end
"""


def report(text: str, policy: str = "luf", *without: str) -> Report:
    return Exploration(parse(text), make_policy(policy, without)).run()


def test_a_race_whose_taker_gets_no_page_is_not_plainly_safe() -> None:
    found = report(ATOMIC, "batched", "flush-before-free")
    assert (SAFE, True) == (found.verdict, found.vacuous)
    told = as_json(found)
    assert told["vacuous"] is found.vacuous
    assert told["never"] == [
        "an allocation on cpu2 failed in some order",
        "line 14, `kernel alloc slab atomic holding secret`, got no page in some order",
        "no frame got a new owner in any order",
    ]


@pytest.mark.parametrize("more", ["", ", pcp-high 0"])
def test_where_it_gets_one_the_race_breaks(more: str) -> None:
    found = report(HIDDEN.format(more=more), "batched", "flush-before-free")
    assert (UNSAFE, "O2", False) == (found.verdict, found.obligation, found.vacuous)


def test_a_race_in_which_nobody_has_to_flush_is_vacuous() -> None:
    found = report(QUIET)
    assert (SAFE, True) == (found.verdict, found.vacuous)
    assert "nobody had anything to flush for in any order" in found.happened.sentences()


@pytest.mark.parametrize("name", GUARDED)
def test_no_shipped_race_is_vacuous(name: str) -> None:
    found = Search(start(race(name)).transitions).run()
    assert (SAFE, False) == (found.verdict, found.happened.vacuous)
    assert found.happened.asked
    assert not found.happened.never


def test_a_line_that_is_refused_is_told_with_its_number() -> None:
    lines = ((7, "cpu1 read text.0"), (8, "cpu2 read text.0"), (9, "kswapd drain"))
    happened = Happened(frozenset({("began", 7), ("refused", 7), ("refused", 8)}), lines)
    assert ((7, 8), (8, 9)) == (happened.refused, happened.never)
    assert happened.sentences()[:3] == [
        "line 7, `cpu1 read text.0`, was refused in some order",
        "line 8, `cpu2 read text.0`, was refused in every order",
        "line 9, `kswapd drain`, began in no order",
    ]


UNMAPPED = """\
machine  cpus 3, dram 4
policy   luf
process  app, heap 1 page
cpu1     run app
cpu2     run app
cpu1     write heap.0 one
race
  cpu1     munmap heap
  cpu2     mremap heap as moved
end
"""
"""What is unmapped cannot be moved."""


def test_a_line_that_the_machine_cannot_do_in_some_orders_is_named() -> None:
    found = report(UNMAPPED)
    assert ((9,), ()) == (found.happened.refused, found.happened.never)
    assert [9] == as_json(found)["refused"]
    assert (
        "line 9, `cpu2 mremap heap as moved`, was refused in some order" in as_json(found)["never"]
    )


@pytest.mark.parametrize("name", ["flush-before-reuse", "munmap", "wait-zone-generation"])
def test_ipis_of_all_orders_lie_between_the_least_and_the_most(name: str) -> None:
    """Against a count of its own, by going through the orders with the engine."""
    transitions = start(race(name)).transitions
    events = transitions.machine.events
    states: dict[bytes, tuple[int, int]] = {}

    def sent(first: int) -> int:
        rows = range(first, len(events))
        sends = [row for row in rows if events.kind_of(row) == ev.SEND]
        return sum(events.argument(row, ev.SEND.mask).bit_count() for row in sends)

    def within() -> tuple[int, int]:
        key = transitions.cells.snapshot()
        if key not in states:
            states[key] = (0, 0)
            later = []
            for _, outcome in walk(transitions, EveryTurn(transitions)):
                if outcome is not BLOCKED:
                    now = sent(transitions.first)
                    low, high = within()
                    later.append((now + low, now + high))
            if later:
                states[key] = min(low for low, _ in later), max(high for _, high in later)
        return states[key]

    found = Search(transitions, symmetric=False).run().happened
    assert within() == found.ipis
    assert found.finals >= 1


def test_levels_say_the_same_of_what_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Search(start(race("munmap")).transitions, symmetric=False).run().happened
    monkeypatch.setattr(searching, "LARGE", 2)
    levelled = Search(start(race("munmap")).transitions, symmetric=False).run().happened
    assert (alone.facts, alone.finals) == (levelled.facts, levelled.finals)
    assert levelled.ipis is None


@cache
def ways() -> list[tuple[int, int, int]]:
    return [(0, 1, 1), (0, 2, 0), (1, 3, 0), (2, 3, 4), (3, 2, 0)]


def test_the_least_and_the_most_of_all_ways() -> None:
    assert (1, 4) == extremes(4, ways()[:4], [3])
    assert extremes(4, ways(), [3]) is None
    assert extremes(4, [], [3]) is None


def test_races_of_a_file_add_up() -> None:
    twice = "\n".join(tiny().source) + "\nrace\n  cpu1 read heap.0\n  cpu2 read heap.0\nend\n"
    one, both = report("\n".join(tiny().source)), report(twice)
    assert both.happened.finals > one.happened.finals
    assert len(both.happened.lines) == len(one.happened.lines) + 2


NO_ROOM = """\
machine  cpus 2, dram 1, max-order 0, pcp-high 0, swap 0
process  app, heap 1 page
process  two, heap 1 page
cpu0     run app
cpu1     run two
cpu0     write heap.0 a
race
  cpu0     read heap.0
  cpu1     write heap.0 b
end
"""


def test_the_line_that_gets_no_page_is_named() -> None:
    found = report(NO_ROOM)
    assert found.vacuous
    assert "line 9, `cpu1 write heap.0 b`, got no page in some order" in as_json(found)["never"]
    forever = report(NO_ROOM.replace("race\n", "forever\n"))
    assert any("an allocation on cpu1 failed" in one for one in as_json(forever)["never"])
