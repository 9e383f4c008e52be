"""Names of states in forever blocks: what a renaming may leave out, and what it may not."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

from luf_tui.engine.operations.access import Access
from luf_tui.machine.machine import BYTES, Machine
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search import search as searching
from luf_tui.search.result import SAFE, Limits
from luf_tui.search.rows import levels, space
from luf_tui.search.rows.index import columns_of, state_of
from luf_tui.search.rows.learner import HiddenState
from luf_tui.search.rows.names.machine_names import MachineNames
from luf_tui.search.search import Search
from tests.forever import two_actors
from tests.naming_runs import Cells, named, names_from_the_start
from tests.races import race, start
from tests.test_search_reductions import successors

FILE_ENDS = """\
title    Files that end
machine  cpus 2, dram 2, max-order 0, tlb 2, pcp-high 0, key-bits 2, swap 0
policy   luf
kswapd   on cpu0
flusher  on cpu0
process  app, heap 1 page
process  editor, heap 1 page
file     lib, 1 page
app      mmap lib shared read-write as text
cpu0     run editor
cpu1     run app
forever
  cpu1     read text.0
  cpu1     write text.0 fresh
  cpu0     truncate lib to 0
  cpu0     write heap.0 fresh
  kswapd   reclaim text.0
  flusher  writeback lib.0
end
"""

COMPACTS = """\
title    Compaction from the end of a zone
machine  cpus 2, dram 4, max-order 0, tlb 1, pcp-high 0, key-bits 2, swap 0
policy   luf
kcompactd on cpu0
process  app, heap 1 page
file     lib, 2 pages
app      mmap lib read-only as text
cpu1     run app
forever
  cpu1     read text.0
  cpu1     read text.1
  kcompactd reclaim lib.0
  kcompactd compact text.1
end
"""

ALONE = """\
title    Marks of two bits
machine  cpus 1, dram 2, max-order 0, tlb 2, pcp-high 0, swap 0, key-bits 2, zone-gen-bits 2
policy   luf
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu0     run app
forever
  app      read text.0
  app      write heap.0
  app      madvise heap dontneed
end
"""


def plain(program: Program, policy: str, most: int = 3000) -> tuple[Search, list[Cells]]:
    """The first states of a search without names."""
    transitions = start(program, policy=policy).transitions
    search = Search(transitions, symmetric=False, keep=True, limits=Limits(most))
    search.run()
    return search, sorted({tuple(cells) for cells in search.reached()})


@pytest.mark.parametrize("policy", ["eager", "luf"])
def test_every_state_is_where_its_way_leads(policy: str) -> None:
    with names_from_the_start():
        search = Search(
            start(parse(FILE_ENDS), policy=policy).transitions, keep=True, limits=Limits(800)
        )
        search.run()
    assert search._renamed
    assert search._levels
    ways, found = search.space, [*search._levels.reached()]
    parents, turns = ways.ways.arrays
    for number in range(1, len(found)):
        before = found[parents[number]]
        row = ways.turn[turns[number]].of(before)
        led_to = columns_of([(before | row.clear) ^ row.flip], ways.learner.layout.words)
        assert state_of(search._levels.named(led_to)[:, 0]) == found[number]


@pytest.mark.parametrize(
    ("text", "policy"), [(FILE_ENDS, "eager"), (FILE_ENDS, "luf"), (COMPACTS, "luf")]
)
def test_a_renamed_state_of_a_forever_block_leads_where_the_state_itself_leads(
    text: str, policy: str
) -> None:
    """Also where an operation goes through frames by their numbers: those are not renamed."""
    program = parse(text)
    _, found = plain(program, policy)
    transitions = start(program, policy=policy).transitions
    k, lines = transitions.k, chain.from_iterable(transitions.ops.values())
    naming = MachineNames(k.m, k.policy, lines)
    some = found[:: len(found) // 40]
    names = named(k.m, k.policy, some, naming)
    assert some != names
    for state, name in zip(some, names, strict=True):
        assert successors(transitions, state, naming) == successors(transitions, name, naming)


def test_which_fresh_bytes_there_are_means_nothing() -> None:
    program = two_actors(
        **{"swap 0": "swap 1", "kswapd   reclaim text.0": "kswapd reclaim any page"}
    )
    search, found = plain(program, "batched", 1500)
    m, policy = search.transitions.machine, search.transitions.k.policy
    fresh = range(len(m.config.contents) - m.config.fresh, len(m.config.contents))
    held = [
        record.base + one.offset
        for region in m.regions.values()
        for record in region
        for one in region.kind.FIELDS
        if one in BYTES
    ]
    held += [
        record.base + one.offset
        for record in m.stack
        for one in Access.FIELDS
        if one is Access.content
    ]
    turned = []
    for state in found:
        cells = [*state]
        for cell in held:
            stack = m.stack.base <= cell < m.stack.base + len(m.stack) * m.stack.size
            if cells[cell] in fresh and (not stack or _runs(m, state, cell)):
                cells[cell] = fresh[(cells[cell] - fresh.start + 1) % len(fresh)]
        turned.append(cells)
    assert found != [tuple(cells) for cells in turned]
    names = named(m, policy, found)
    assert names == named(m, policy, turned)
    assert len({*names}) < len(found)


def _runs(m: Machine, state: Cells, cell: int) -> bool:
    base = cell - (cell - m.stack.base) % m.stack.size
    return state[base] == Access.NUMBER


def test_how_often_an_access_has_faulted_is_left_out() -> None:
    search, found = plain(two_actors(), "batched")
    m, policy = search.transitions.machine, search.transitions.k.policy
    accesses = [
        (record.base, record.base + Access.tries.offset)
        for record in m.stack
        if any(state[record.base] == Access.NUMBER for state in found)
    ]
    for states, counts in ((found, True), (named(m, policy, found), False)):
        tries = {
            state[cell]
            for state in states
            for base, cell in accesses
            if state[base] == Access.NUMBER
        }
        assert counts == (max(tries) > 0)


@pytest.mark.parametrize(
    ("bits", "current", "done", "listed", "turned"),
    [
        (2, 9, 7, 3, (5, 3, 3)),
        (2, 9, 7, 8, (5, 3, 4)),
        (2, 4, 4, 1, (4, 4, 4)),
        (8, 9, 7, 3, (6, 4, 2)),
    ],
)
def test_generations_whose_low_bits_may_wrap_keep_these(
    bits: int, current: int, done: int, listed: int, turned: tuple[int, ...]
) -> None:
    """A generation that is listed and over is as old as the last one that is."""
    transitions = start(
        parse(FILE_ENDS.replace("swap 0", f"swap 0, zone-gen-bits {bits}"))
    ).transitions
    m = transitions.machine
    zone, pend = m.regions["luf_zone"][0], m.regions["luf_pend"][0]
    cells = [zone.base + type(zone).current.offset, zone.base + type(zone).done.offset]
    cells.append(pend.base + type(pend).generation.offset)
    state = m.cells.values.tolist()
    for cell, value in zip(cells, (current, done, listed), strict=True):
        state[cell] = value
    (name,) = named(m, transitions.k.policy, [state])
    assert turned == tuple(name[cell] for cell in cells)


@pytest.mark.parametrize("bits", [2, 8])
def test_a_search_ends_where_generations_go_on_for_ever(bits: int) -> None:
    program = parse(ALONE.replace("zone-gen-bits 2", f"zone-gen-bits {bits}"))
    found = Search(start(program, policy="luf").transitions).run()
    assert (SAFE, True) == (found.verdict, found.happened.renamed)


def test_a_forever_block_is_renamed_however_little_that_merges(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is counted without end stays finite under its names alone; a race ends without."""
    monkeypatch.setattr(searching, "JUDGE_AT", 1)
    monkeypatch.setattr(searching, "WORTHWHILE", 0.0)
    for program, renamed in ((parse(ALONE), True), (race("uffd"), False)):
        found = Search(start(program).transitions).run()
        assert (SAFE, renamed) == (found.verdict, found.happened.renamed)


def test_the_rows_that_are_used_are_those_that_are_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A look-up that gives another row than the one for a state is noticed."""
    usual = levels.Index.rows

    def wrong(index: levels.Index, block: levels.Words, at: levels.Numbers) -> levels.Numbers:
        found = usual(index, block, at)
        return np.roll(found, 1)

    monkeypatch.setattr(levels.Index, "rows", wrong)
    monkeypatch.setattr(levels, "FEW", 0)
    monkeypatch.setattr(space, "OFTEN", 1)
    with names_from_the_start(), pytest.raises(HiddenState):
        Search(start(race("uffd")).transitions).run()
