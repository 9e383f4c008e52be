"""Hardware rules H1 to H7 and the kernel's flush rules."""

from __future__ import annotations

from luf_tui.engine.director import Director
from luf_tui.machine import events as ev
from luf_tui.machine.event_log import Event
from luf_tui.machine.machine import Machine
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from tests.engine_runs import MACHINE, Run

TWO = "machine cpus 4, dram 8, cxl 8\nprocess app\ncpu1 run app\ncpu2 run app\n"
FILE = TWO.replace(
    "process app\n", "process app\nfile lib, 2 pages\napp mmap lib read-only as text\n"
)


def played(text: str, policy: str = "luf", without: tuple[str, ...] = ()) -> Machine:
    """The machine at the end of a script."""
    director = Director(parse(text), make_policy(policy, without))
    for _ in director.play():
        pass
    return director.machine


def last(m: Machine, kind: int) -> Event:
    """The last event of a kind."""
    return next(event for event in reversed(list(m.events)) if event.kind == kind)


def count(m: Machine, kind: int) -> int:
    """How many events of a kind there were."""
    return sum(event.kind == kind for event in m.events)


def entry(m: Machine, cpu: int, vpn: int) -> tuple[int, int, int] | None:
    """(frame, W, D) that a CPU caches for a page of the first process."""
    for cached in m.tlb_of(cpu):
        if cached.mm is m.mm[0] and cached.vpn == vpn:
            return cached.frame.pfn, cached.writable, cached.dirty
    return None


def test_h1_a_walk_sets_accessed_and_caches_what_the_pte_grants() -> None:
    """After a read through a read-only PTE the entry has neither W nor D."""
    m = played(FILE + "cpu1 read text.0\n")

    assert (0, 0, 0) == entry(m, 1, 2)
    assert 1 == m.pte_at(m.mm[0], 2).accessed


def test_h2_a_store_through_a_clean_entry_sets_dirty_in_memory() -> None:
    """The CPU re-checks the PTE and sets D there and in its entry."""
    setup = TWO + "cpu1 write heap.0\nkswapd reclaim app.heap.0\ncpu1 read heap.0\n"
    read = played(setup)
    written = played(setup + "cpu1 write heap.0\n")

    assert read.pte_at(read.mm[0], 0).dirty == entry(read, 1, 0)[2]  # type: ignore[index]
    assert (1, 1) == (written.pte_at(written.mm[0], 0).dirty, entry(written, 1, 0)[2])  # type: ignore[index]


def test_h2_a_stale_clean_entry_cannot_store() -> None:
    """The PTE is gone: the store faults, and lands in a frame of its own."""
    text = FILE.replace("read-only", "read-write") + "cpu1 read text.0\nkswapd reclaim text.0\n"
    before, after = played(text), played(text + "cpu1 write text.0 mine\n")

    assert entry(before, 1, 2) == (0, 0, 0)
    assert count(before, ev.FAULT) + 1 == count(after, ev.FAULT)
    assert last(after, ev.STORE).args["pfn"] == after.pte_at(after.mm[0], 2).frame.pfn


def test_h3_a_store_through_writable_and_dirty_asks_nobody() -> None:
    """Without the flush before the copy, the store goes to the old frame (the dangerous entry)."""
    text = TWO + "cpu1 write heap.0 one\nkswapd demote app.heap.0\ncpu1 write heap.0 two\n"
    sound = played(text, "batched")
    broken = played(text, "batched", ("flush-before-copy",))

    assert last(sound, ev.STORE).args["pfn"] == sound.pte_at(sound.mm[0], 0).frame.pfn
    assert last(broken, ev.STORE).args["pfn"] != broken.pte_at(broken.mm[0], 0).frame.pfn


def test_h4_a_read_through_any_entry_is_silent() -> None:
    """A stale entry serves a read without a fault."""
    text = FILE + "cpu1 read text.0\nkswapd reclaim text.0\n"
    before, after = played(text), played(text + "cpu1 read text.0\n")

    assert count(before, ev.FAULT) == count(after, ev.FAULT)


def test_h5_a_permission_fault_drops_the_entry() -> None:
    """A store through a read-only entry faults, and the retry walks the upgraded PTE."""
    text = TWO.replace("process app\n", "process app\nfile db, 1 page\n")
    m = played(
        text + "cpu1 mmap db read-write shared as data\ncpu1 read data.0\ncpu1 write data.0 new\n"
    )

    assert (0, 1, 1) == entry(m, 1, 2)


def test_a_batch_flush_is_full_and_a_page_flush_is_ranged() -> None:
    """The eager flush of one page drops one entry; the batch flush drops all of the mm."""
    text = FILE + "cpu1 read text.0\ncpu1 read text.1\nkswapd reclaim text.0\n"
    eager, batched = played(text, "eager"), played(text, "batched")

    assert entry(eager, 1, 3) is not None
    assert entry(batched, 1, 3) is None


def test_a_cpu_that_missed_a_flush_makes_a_full_one() -> None:
    """Ranged only when exactly one generation behind (flush_tlb_func)."""
    text = FILE + "cpu1 read text.0\ncpu1 read text.1\nkswapd reclaim text.0\n"
    m = played(text + "cpu2 mprotect heap read-only\ncpu2 munmap text\n", "luf")

    assert entry(m, 1, 3) is None


def test_a_lazy_cpu_is_not_interrupted() -> None:
    """It catches up by tlb_gen when it comes back."""
    text = FILE + "cpu1 read text.0\ncpu1 run kernel\nkswapd reclaim text.0\n"
    m = played(text, "batched")

    assert 0 == sum(e.kind == ev.RECEIVE and e.cpu == 1 for e in m.events)
    assert entry(m, 1, 2) is not None
    assert entry(played(text + "cpu1 run app\n", "batched"), 1, 2) is None


def test_switching_back_to_a_current_mm_keeps_its_entries() -> None:
    """A slot that is up to date is loaded without a flush."""
    other = FILE.replace("process app\n", "process app\nprocess other\n")
    m = played(other + "cpu1 read text.0\ncpu1 run other\ncpu1 run app\n")

    assert entry(m, 1, 2) is not None


def test_a_range_past_the_ceiling_becomes_a_full_flush() -> None:
    """tlb_single_page_flush_ceiling."""
    text = FILE.replace("cxl 8", "cxl 8, ceiling 1")
    m = played(text + "cpu1 write heap.0\ncpu2 read heap.0\ncpu2 read text.0\ncpu1 munmap heap\n")

    assert -1 == last(m, ev.SEND).args["pages"]
    assert entry(m, 2, 2) is None


def test_an_ipi_is_sent_delivered_and_acknowledged_in_steps_of_their_own() -> None:
    """A script can stop between them."""
    text = FILE + "cpu1 read text.0\ncpu2 read text.0\n"
    sent = played(text + "kswapd reclaim text.0 stop before wait\n", "batched")
    taken = played(text + "kswapd reclaim text.0 stop before wait\ncpu1 deliver\n", "batched")

    assert 0b110 == sent.shootdown[0].waiting
    assert 0b100 == taken.shootdown[0].waiting
    assert entry(sent, 1, 2) is not None
    assert entry(taken, 1, 2) is None


def test_a_cpu_that_loads_another_mm_leaves_the_mask_only_where_the_machine_says_so() -> None:
    script = "cpu2 run thief\n"
    later, before = Run(script), Run(script, machine=MACHINE.strip() + ", mask-follows-load\n")

    assert (0b110, 0b010) == (later.m.mm[0].cpumask, before.m.mm[0].cpumask)
