"""Fields present what they name: a record, a CPU, a number. The cell holds one more; 0 is none."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from luf_tui import library
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import OPERATIONS, Result
from luf_tui.engine.operations.mappings import Mmap
from luf_tui.engine.operations.memory import FreePage
from luf_tui.engine.operations.reclaim import Reclaim
from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.regions import (
    CpuNumber,
    Field,
    MaybeNumber,
    Number,
    Record,
    Reference,
    Region,
    Required,
)
from luf_tui.machine.schema import PRESENT, Context, Frame, Mm, Pte, TlbEntry
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import POLICIES, make_policy
from luf_tui.script.parse import load
from luf_tui.timeline.recorder import record
from tests.timeline_kernel import CONFIG


class Specimen(Record):
    """One field of every class."""

    number = Number()
    maybe = MaybeNumber()
    cpu = CpuNumber()
    frame = Reference[Frame]("frame")
    mm = Required[Mm]("mm")


@pytest.fixture
def m() -> Machine:
    return Machine(CONFIG, [RegionSpec("specimen", Specimen, 2)])


@pytest.fixture
def one(m: Machine) -> Specimen:
    found: Region[Specimen] = m.regions["specimen"]
    return found[1]


def held(one: Specimen) -> list[int]:
    """What the cells of a record hold."""
    return list(one.cells[one.base : one.base + one.SIZE])


# -- what a field presents ------------------------------------------------------------------------


def test_a_reference_presents_the_very_record_of_its_region(m: Machine, one: Specimen) -> None:
    one.cells[one.base + Specimen.frame.offset] = 4
    one.cells[one.base + Specimen.mm.offset] = 2
    assert m.frame[3] is one.frame
    assert m.mm[1] is one.mm


def test_what_names_nothing_presents_none_and_no_cpu_is_below_them_all(one: Specimen) -> None:
    assert (0, None, -1, None) == (one.number, one.maybe, one.cpu, one.frame)


def test_the_first_of_all_is_something(m: Machine, one: Specimen) -> None:
    one.maybe, one.cpu, one.frame = 0, 0, m.frame[0]
    assert (0, 0, m.frame[0]) == (one.maybe, one.cpu, one.frame)


def test_reading_a_required_reference_that_is_empty_raises(one: Specimen) -> None:
    with pytest.raises(IndexError, match=r"Specimen\.mm refers to nothing"):
        _ = one.mm


# -- what the cell holds --------------------------------------------------------------------------


def fill(one: Specimen, m: Machine) -> None:
    one.number, one.maybe, one.cpu, one.frame, one.mm = 5, 5, 2, m.frame[5], m.mm[1]


def test_assignment_writes_one_more_through_the_log_and_undo_takes_it_back(
    m: Machine, one: Specimen
) -> None:
    mark = m.cells.mark()
    fill(one, m)
    assert [5, 6, 3, 6, 2] == held(one)
    assert list(range(one.base, one.base + 5)) == list(m.cells.log_cell[mark:])

    fill(one, m)
    assert mark + 5 == m.cells.mark(), "the same again is no write"

    m.cells.undo(mark)
    assert [0, 0, 0, 0, 0] == held(one)
    assert one.frame is None


def test_assigning_none_empties_the_cell(m: Machine, one: Specimen) -> None:
    fill(one, m)
    one.maybe, one.cpu, one.frame = None, -1, None
    assert [5, 0, 0, 0, 2] == held(one)


def test_encode_says_what_assignment_puts_into_the_cell_and_decode_what_reading_presents(
    m: Machine, one: Specimen
) -> None:
    values: dict[str, list[object]] = {
        "number": [0, 1, 9],
        "maybe": [None, 0, 1, 9],
        "cpu": [-1, 0, 2],
        "frame": [None, m.frame[0], m.frame[-1]],
        "mm": [m.mm[0], m.mm[-1]],
    }
    assert [declared.name for declared in Specimen.FIELDS] == list(values)
    for declared in Specimen.FIELDS:
        for value in values[declared.name]:
            setattr(one, declared.name, value)
            assert declared.encode(value) == declared.raw(one)
            assert value == getattr(one, declared.name)
            assert value == declared.decode(declared.raw(one), m.regions)
    assert 0 == Specimen.mm.encode(None), "what a search for an empty one looks for"


def test_there_is_no_other_class_of_field() -> None:
    """Specimen has one of each; a local is a number."""
    classes = {Number, MaybeNumber, CpuNumber, Reference, Required}
    declared = {type(one) for kind in OPERATIONS for one in kind.FIELDS}
    assert declared <= classes | set(Number.__subclasses__())
    assert classes == set(Field.__subclasses__())


def test_assign_copies_and_clear_empties_every_field(m: Machine, one: Specimen) -> None:
    fill(one, m)
    other: Specimen = m.regions["specimen"][0]
    other.assign(one)
    assert held(one) == held(other)
    assert (m.frame[5], m.mm[1], 2) == (other.frame, other.mm, other.cpu)
    other.clear()
    assert [0] * 5 == held(other)


def test_holding_finds_by_what_a_field_presents(m: Machine) -> None:
    for entry in (m.tlb[1], m.tlb[4]):
        entry.mm, entry.frame, entry.vpn = m.mm[1], m.frame[2], 1
    m.tlb[4].frame = m.frame[4]

    assert [m.tlb[1], m.tlb[4]] == list(m.tlb.holding(TlbEntry.mm, m.mm[1]))
    assert [m.tlb[4]] == list(m.tlb.holding(TlbEntry.frame, m.frame[4]))
    assert [] == list(m.tlb.holding(TlbEntry.frame, m.frame[3]))
    assert len(m.tlb) - 2 == len(list(m.tlb.holding(TlbEntry.frame, None)))
    assert [] == list(m.table.holding(Context.depth, 0)), "a region of no records"


# -- what a person sees ---------------------------------------------------------------------------


def test_a_record_is_told_by_its_name_and_its_fields_in_the_machines_words(m: Machine) -> None:
    pte = m.pte_at(m.mm[0], 1)
    assert "<pte app text.1: empty>" == repr(pte)

    pte.kind, pte.frame, pte.gatherer = PRESENT, m.frame[3], m.task_ctx(m.task[2])
    assert "<pte app text.1: kind present, frame f3, gatherer kswapd>" == repr(pte)

    m.cpu[1].handling, m.cpu[1].task = 0, m.task[3]
    assert "<cpu1: task thief, handling cpu0>" == repr(m.cpu[1])

    m.frame[3].where = m.pcp_list(0, m.zone[1])
    assert "where pcp cpu0 cxl" in repr(m.frame[3])
    m.boot_ctx.line = 0
    assert "<boot: line 0>" == repr(m.boot_ctx)
    assert "<Specimen 1: empty>" == repr(m.regions["specimen"][1])


# -- the locals of operations ---------------------------------------------------------------------


@pytest.fixture
def k(m: Machine) -> Kernel:
    return Kernel(m, Policy())


def test_a_local_is_given_and_read_as_the_record_itself(m: Machine, k: Kernel) -> None:
    k.push(m.boot_ctx, Mmap, {"mm": m.mm[1], "pages": 2, "file_page": m.file_page[0]})
    act = k.top(m.boot_ctx)
    assert isinstance(act, Mmap)
    assert (m.mm[1], 2, m.file_page[0]) == (act.mm, act.pages, act.file_page)
    assert m.boot_ctx is act.ctx


def test_an_argument_that_is_no_local_is_told_with_those_there_are(m: Machine, k: Kernel) -> None:
    said = "reclaim has no local 'frmae'; it has frame, key, mask"
    with pytest.raises(TypeError, match=said):
        k.push(m.boot_ctx, Reclaim, {"frmae": m.frame[0]})

    k.push(m.boot_ctx, Reclaim, {"frame": m.frame[0]})
    act = k.top(m.boot_ctx)
    assert act
    with pytest.raises(TypeError, match=f"no local 'kee'; it has {', '.join(FreePage.LOCALS)}"):
        act.call(k, FreePage, Reclaim.take, kee=1)
    with pytest.raises(TypeError, match="nothing has no local 'key'; it has none"):
        act.jump(k, OPERATIONS[0], key=1)


PLAYED = ("races/two-takers", "tiering/model-weights", "hazards/flush-before-reuse-off")


@pytest.mark.parametrize("name", PLAYED)
def test_a_reference_is_given_records_of_its_own_region_only(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What operations are called with goes past the type checker."""
    seen = []

    def encode(declared: Field, value: Record | None) -> int:
        seen.append(value)
        assert value is None or value is value.regions[declared.ref][value.index]
        return 0 if value is None else value.index + 1

    monkeypatch.setattr(Reference, "encode", encode)
    monkeypatch.setattr(Required, "encode", encode)
    record(load(str(library.locate(name))))
    assert any(isinstance(value, Mm) for value in seen)


@pytest.mark.parametrize("name", PLAYED)
def test_a_step_takes_what_the_operation_it_called_gave(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nothing but the run itself ties the two together."""
    given: dict[int, Record | int | None] = {}
    taken = []
    give, decode = Kernel.give, Result.decode

    def giving(k: Kernel, value: Record | int | None) -> None:
        given[k.ctx.index] = value
        give(k, value)

    def taking(result: Result[object], context: Context) -> object:
        found = decode(result, context)
        taken.append(found)
        assert (given[context.index] or (None if result.ref else 0)) == found
        return found

    monkeypatch.setattr(Kernel, "give", giving)
    monkeypatch.setattr(Result, "decode", taking)
    record(load(str(library.locate(name))))
    assert any(isinstance(found, Frame) for found in taken)


# -- what is declared -----------------------------------------------------------------------------


def declared_fields(policy: str) -> Iterable[tuple[Machine, Field]]:
    m = Machine(CONFIG, make_policy(policy).regions(CONFIG))
    kinds = [region.kind for region in m.regions.values()]
    return [(m, declared) for kind in (*kinds, *OPERATIONS) for declared in kind.FIELDS]


@pytest.mark.parametrize("policy", POLICIES)
def test_every_field_that_refers_to_something_names_a_region(policy: str) -> None:
    pairs = declared_fields(policy)
    assert [] == [f.name for m, f in pairs if f.ref and f.ref not in m.regions]
    assert [] == [f.name for m, f in pairs if f.mask and f.mask not in m.regions]
    named = (Reference, Required, CpuNumber)
    assert [] == [f.name for _, f in pairs if bool(f.ref) != isinstance(f, named)]


def test_a_region_has_one_view_a_record(m: Machine) -> None:
    pte = m.pte_at(m.mm[1], 0)
    assert pte is m.regions["pte"][pte.index]
    assert (m.mm[1], 0) == m.place_of(pte)
    assert isinstance(pte, Pte)
