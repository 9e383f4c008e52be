"""Every reduction against the search without it: the same states once what it leaves out is
projected away, and the same verdict on every mutant.
"""

from __future__ import annotations

import inspect
from array import array
from itertools import permutations, product

import numpy as np
import pytest
from attrs import evolve

from luf_tui.engine import operation
from luf_tui.engine.operation import OPERATIONS
from luf_tui.engine.operations.flush import FlushTlbFunc
from luf_tui.engine.strategy import EveryTurn, walk
from luf_tui.engine.transitions import BLOCKED, Transitions
from luf_tui.machine.config import ARM64, RISCV, MachineConfig, ProcessConfig
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import AsidSlot, Mm, TlbEntry
from luf_tui.policy.registry import POLICIES
from luf_tui.script.program import Program
from luf_tui.search import search as searching
from luf_tui.search.all_guards import asking
from luf_tui.search.race_start import at_race
from luf_tui.search.result import SAFE, Limits
from luf_tui.search.rows.names.machine_names import MachineNames
from luf_tui.search.rows.naming import Naming
from luf_tui.search.search import WORTHWHILE, Search
from tests.naming_runs import Cells, columns, layout_of, named, names_from_the_start, rows
from tests.races import GUARDED, race, result, start, tiny


def reached(program: Program, *without: str, symmetric: bool, reduced: bool) -> list[Cells]:
    """Every state of a race, as a search with or without reductions has it."""
    begun = start(program, *without, reduced=reduced)
    with names_from_the_start(names=symmetric):
        search = Search(begun.transitions, symmetric=symmetric, all_findings=True, keep=True)
        search.run()
    return [tuple(cells) for cells in search.reached()]


def states(program: Program, *without: str, symmetric: bool, reduced: bool) -> set[Cells]:
    """The same under their names."""
    found = reached(program, *without, symmetric=symmetric, reduced=reduced)
    k = start(program, *without).transitions.k
    return {*named(k.m, k.policy, found)}


SMALL = [
    ("flush-before-reuse", ""),
    ("flush-before-reuse", "flush-before-reuse"),
    ("wait-zone-generation", ""),
    ("wait-zone-generation", "wait-zone-generation"),
    ("write-syscall", ""),
    ("switched-out", ""),
    ("uffd", ""),
    ("write-syscall", "flush-on-write"),
    ("munmap", "note-pending"),
]


@pytest.mark.parametrize(("name", "guard"), SMALL)
def test_symmetric_search_reaches_the_same_states(name: str, guard: str) -> None:
    without = (guard,) if guard else ()
    plain = states(race(name), *without, symmetric=False, reduced=True)
    merged = reached(race(name), *without, symmetric=True, reduced=True)
    assert len(plain) == len(merged)
    assert plain == {*merged}


@pytest.mark.parametrize("arch", [ARM64, RISCV])
@pytest.mark.parametrize("name", ["flush-before-reuse", "write-syscall", "munmap"])
def test_so_it_does_where_flushes_are_other_ones(name: str, arch: str) -> None:
    program = race(name)
    program = evolve(program, config=evolve(program.config, arch=arch))

    plain, merged = (states(program, symmetric=how, reduced=True) for how in (False, True))
    assert plain == merged
    assert SAFE == Search(start(program).transitions).run().verdict


def test_symmetry_merges_states() -> None:
    plain, merged = (
        len(reached(race("uffd"), symmetric=symmetric, reduced=True)) for symmetric in (False, True)
    )
    assert merged < WORTHWHILE * plain


def test_names_are_given_once_that_is_worth_its_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "JUDGE_AT", 500)
    monkeypatch.setattr(searching, "WORTHWHILE", 0.9)
    for name, worth in (("uffd", True), ("munmap", False)):
        plain = Search(start(race(name)).transitions, symmetric=False).run()
        search = Search(start(race(name)).transitions)
        found = search.run()
        assert worth == search._renamed == (found.states < plain.states)
        assert plain.verdict == found.verdict, name


@pytest.mark.parametrize(("name", "guard"), SMALL)
def test_acknowledging_at_once_leaves_out_only_states_that_wait_to(name: str, guard: str) -> None:
    without = (guard,) if guard else ()
    program = race(name)
    machine = start(program).transitions.machine
    plain = states(program, *without, symmetric=True, reduced=False)
    fewer = states(program, *without, symmetric=True, reduced=True)
    assert fewer <= plain

    def waits(state: Cells) -> bool:
        return any(
            state[record.base : record.base + 2] == (FlushTlbFunc.NUMBER, FlushTlbFunc.ack.number)
            for record in machine.stack
        )

    assert {s for s in plain if not waits(s)} == {s for s in fewer if not waits(s)}


@pytest.mark.parametrize("more", ["allow evict", "allow evict, prefetch"])
@pytest.mark.parametrize("guard", ["", "note-pending", "flush-batched-pending"])
def test_late_evictions_reach_the_same_states_but_for_the_tlbs(more: str, guard: str) -> None:
    without = (guard,) if guard else ()
    program = tiny(more)
    k = start(program).transitions.k
    machine = k.m
    tlb = range(machine.tlb.base, machine.tlb.base + len(machine.tlb) * machine.tlb.size)
    empty = [0] * len(tlb)

    def projected(reduced: bool) -> set[Cells]:
        found = reached(program, *without, symmetric=True, reduced=reduced)
        without_tlbs = [(*one[: tlb.start], *empty, *one[tlb.stop :]) for one in found]
        return {*named(machine, k.policy, without_tlbs)}

    assert projected(reduced=False) >= projected(reduced=True)
    done = {s for s in projected(reduced=False) if finished(machine, s)}
    assert done == {s for s in projected(reduced=True) if finished(machine, s)}


def finished(machine: Machine, state: Cells) -> bool:
    """Whether nothing is in flight in a state."""
    return not any(state[context.base] for context in machine.ctx)


def asked_for(name: str) -> set[str]:
    """The guards that a whole plain search asks for: without another one nothing changes."""
    asked: set[str] = set()
    begun = at_race(race(name), asking(POLICIES["luf"], asked)(), reduced=False)
    assert begun is not None
    Search(begun.transitions, symmetric=False).run()
    return asked


@pytest.mark.parametrize("name", GUARDED)
def test_reduced_and_plain_search_agree_on_every_mutant(name: str) -> None:
    mutants: list[tuple[str, ...]] = [(), (GUARDED[name][0],)]
    if name in ("flush-before-reuse", "wait-zone-generation"):
        mutants = [(), *((guard,) for guard in sorted(asked_for(name)))]
    for without in mutants:
        verdicts = set()
        for reduced in (False, True):
            found = result(name, *without, reduced=reduced)
            verdicts.add((found.verdict, *{one.obligation for one in found.broken}))
        assert 1 == len(verdicts), without


def test_the_steps_that_read_a_result_are_those_declared() -> None:
    """What a step `takes` is renamed; a result that is read in another way would not be."""
    modules = {inspect.getmodule(kind) for kind in OPERATIONS} - {operation}
    assert [] == [one for one in modules if one and ".result" in inspect.getsource(one)]
    steps = [declared for kind in OPERATIONS for declared in kind.STEPS]
    reading = {one for one in steps if 3 == len(inspect.signature(one.body).parameters)}
    assert reading == {one for one in steps if one.takes is not None}
    assert {"", "frame"} == {one.takes.ref for one in reading if one.takes}


@pytest.mark.parametrize("name", [*GUARDED])
def test_a_renamed_state_leads_where_the_state_itself_leads(name: str) -> None:
    """Turn by turn, from some 120 states: renaming takes nothing that the engine looks at."""
    search = Search(start(race(name)).transitions, symmetric=False, keep=True, limits=Limits(3000))
    search.run()
    transitions = start(race(name)).transitions
    found = sorted(tuple(cells) for cells in search.reached())
    some = found[:: max(1, len(found) // 120)]
    names = named(transitions.machine, transitions.k.policy, some)
    assert some != names
    for state, name_of_it in zip(some, names, strict=True):
        assert successors(transitions, state) == successors(transitions, name_of_it)


def successors(
    transitions: Transitions, state: Cells, naming: Naming | None = None
) -> list[tuple[int, Cells | None]]:
    """What each turn from a state leads to, under its name; None where it waits."""
    cells = transitions.cells
    cells.restore(array(cells.typecode, state).tobytes())
    cells.forget()
    outcomes = [
        (turn, outcome is BLOCKED, tuple(cells.values))
        for turn, outcome in walk(transitions, EveryTurn(transitions))
    ]
    cells.restore(array(cells.typecode, state).tobytes())
    cells.forget()
    found = [one for _, _, one in outcomes]
    names = named(transitions.machine, transitions.k.policy, found, naming)
    return [
        (turn, None if waits else name)
        for (turn, waits, _), name in zip(outcomes, names, strict=True)
    ]


@pytest.mark.parametrize("name", ["flush-before-reuse", "uffd", "cow-reference", "split"])
def test_no_permutation_of_frames_tells_two_names_apart(name: str) -> None:
    """All of them, on many states: the names are one for each orbit, no fewer and hardly more."""
    found = reached(race(name), symmetric=False, reduced=True)[:1500]
    k = start(race(name)).transitions.k
    names = {*named(k.m, k.policy, found)}
    naming = MachineNames(k.m, k.policy)
    blocks = [list(starts) for starts in naming.frames.zones]
    smallest: dict[Cells, Cells] = {}
    for order in product(*(permutations(range(len(one))) for one in blocks)):
        old = np.tile(np.arange(len(k.m.frame))[:, None], len(names))
        for starts, places in zip(blocks, order, strict=True):
            for start_of, place in zip(starts, places, strict=True):
                for within in range(naming.frames.size):
                    old[start_of + within] = starts[place] + within
        moved = columns(layout_of(k.m), sorted(names))
        naming.frames.move(moved, old, naming.naming_frames(moved))
        for one, other in zip(sorted(names), rows(moved), strict=True):
            smallest[one] = min(smallest.get(one, other), other)
        assert names == {*named(k.m, k.policy, rows(moved))}
    assert len(names) == len({*smallest.values()})


def numbered(machine: Machine, **gens: int) -> Cells:
    """A machine's cells under their name, with generations of an address space and an ASID slot."""
    cells = machine.cells.values.tolist()
    cells[machine.mm[0].base + Mm.tlb_gen.offset] = gens["mm"]
    for slot in machine.asid:
        cells[slot.base + AsidSlot.mm.offset] = 1
        cells[slot.base + AsidSlot.gen.offset] = gens["mm"]
    cells[machine.asid[0].base + AsidSlot.gen.offset] = gens["slot"]
    return named(machine, POLICIES["luf"](), [cells])[0]


def test_generations_keep_whether_they_are_next_to_each_other() -> None:
    """flush_tlb_func() flushes a range only for a CPU that is one generation behind, else all."""
    machine = start(race("munmap")).transitions.machine
    assert numbered(machine, mm=9, slot=8) == numbered(machine, mm=7, slot=6)
    assert numbered(machine, mm=9, slot=7) == numbered(machine, mm=9, slot=4)
    assert numbered(machine, mm=9, slot=8) != numbered(machine, mm=9, slot=7)
    assert numbered(machine, mm=9, slot=9) != numbered(machine, mm=9, slot=8)


@pytest.mark.parametrize(("entries", "sorts"), [(4, False), (7, False), (8, True)])
def test_tlb_slots_mean_nothing_only_where_all_pages_of_all_processes_fit(
    entries: int, sorts: bool
) -> None:
    """Where they do not, the slot decides which entry is replaced next."""
    processes = (ProcessConfig("app", ()), ProcessConfig("other", ()))
    config = MachineConfig(cpus=1, processes=processes, pages=4, tlb_entries=entries)
    machine = Machine(config)
    forms = []
    for first in (1, 2):
        cells = machine.cells.values.tolist()
        for slot, vpn in enumerate((first, 3 - first)):
            cells[machine.tlb[slot].base + TlbEntry.mm.offset] = 1
            cells[machine.tlb[slot].base + TlbEntry.vpn.offset] = vpn
        forms.append(named(machine, POLICIES["eager"](), [cells])[0])
    assert sorts == (forms[0] == forms[1])
