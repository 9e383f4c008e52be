"""What the machine refuses, since no kernel comes to it; and what the random programs showed."""

from __future__ import annotations

import pytest
from attrs import evolve

from luf_tui.engine.director import Director
from luf_tui.errors import Refused
from luf_tui.policy.registry import make_policy
from luf_tui.script.program import Op, Program
from luf_tui.script.values import Pages, Place, Rights
from luf_tui.script.verbs import by_cpu
from luf_tui.script.verbs.by_process import Fork, Mmap, Mremap, Munmap, Resume
from luf_tui.search.random_programs.draft import op
from luf_tui.search.random_programs.machines import APP, APP1, APP2, KID, SMALL
from tests.engine_runs import Run

POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])


def anon(vpn: int) -> Op:
    """A page of memory of the first process."""
    return op(-1, -1, Mmap(-1, Rights(write=True), Place(0, vpn)))


def play(*ops: Op) -> Director:
    items = (op(APP1, 1, by_cpu.Run(APP1)), *ops)
    director = Director(Program("t", "t", "", SMALL, "luf", (), items), make_policy("luf"))
    for _ in director.play():
        pass
    return director


def test_a_cpu_with_interrupts_off_runs_nobody_else() -> None:
    half = "cpu0 run thief\nkernel on cpu0\nkernel alloc slab atomic stop before settle\n"
    with pytest.raises(Refused, match="cpu0 has interrupts off"):
        Run(half + "cpu0 read thief.heap.0\n")
    with pytest.raises(Refused, match="cpu0 has interrupts off"):
        Run(half + "cpu0 idle\n")


REFILLING = "cpu0 run thief\nkernel on cpu0\nkernel alloc slab stop before settle\n"


def test_a_cpu_that_refills_its_pcp_list_runs_nobody_else() -> None:
    with pytest.raises(Refused, match="cpu0 refills its pcp list with preemption off"):
        Run(REFILLING + "cpu0 read thief.heap.0\n")
    with pytest.raises(Refused, match="cpu0 refills its pcp list with preemption off"):
        Run(REFILLING + "cpu0 offline\n")


@pytest.mark.parametrize("drains", ["offline dram", "drain-all"])
def test_nobody_drains_a_pcp_list_that_is_being_refilled(drains: str) -> None:
    half = REFILLING + f"kcompactd on cpu1\nkcompactd {drains}\n"
    waits, done = Run(half), Run(half + "kernel resume\n")

    assert 1 == len(waits.events("blocked"))
    assert 2 == sum(ctx.depth > 0 for ctx in waits.m.ctx)
    assert 0 == sum(ctx.depth for ctx in done.m.ctx)


def test_nothing_moves_from_or_to_where_it_cannot() -> None:
    box = anon(0)
    with pytest.raises(Refused, match="not mapped throughout"):
        play(box, op(APP1, 1, Mremap(Pages(0, 0, 2), 3)))
    other = anon(3)
    with pytest.raises(Refused, match="something is where it would go"):
        play(box, other, op(APP1, 1, Mremap(Pages(0, 0), 3)))


def test_a_move_whose_range_goes_before_it_gets_the_lock_does_nothing() -> None:
    director = play(
        anon(0),
        op(APP1, 1, by_cpu.Write(Pages(0, 0), 4)),
        evolve(op(APP1, 1, Mremap(Pages(0, 0), 3)), stop="begin"),
        op(APP2, 2, Munmap(Pages(0, 0))),
        op(APP1, 1, Resume()),
    )
    m = director.machine
    assert not any(m.vma_at(m.mm[0], vpn).mapped for vpn in range(m.config.pages))
    assert (None, 0) == (m.mm[0].writer, m.task_ctx(m.task[APP1]).depth)


def test_nobody_forks_into_a_process_that_lives() -> None:
    child = op(APP1, 1, Fork(APP, KID))
    with pytest.raises(Refused, match="kid lives already"):
        play(anon(0), child, child)


@POLICIES
def test_shared_memory_has_a_page_of_its_own_from_its_first_read_on(policy: str) -> None:
    """The zero page is nobody's to store to."""
    script = "app mmap anon 1 page read-write shared as box\ncpu1 read box.0\ncpu2 read box.0\n"
    run = Run(script + "cpu1 write box.0 a\ncpu1 read app.heap.0\n", policy)

    assert 0 == run.m.zero_page.content
    assert [] == run.violations()


REMOTE = "app mmap lib read-only shared as view\ncpu1 read view.0\ncpu2 read view.0\n"


def test_old_bytes_of_a_server_do_until_it_is_asked_again() -> None:
    """As good as a page that is still cached; without a flush it may not stay so (O8b)."""
    gone = REMOTE + "server change lib.0 v2\nkswapd reclaim lib.0\ncpu1 read view.0\n"
    assert [("deviation", "O8b")] == [(one.weight, one.obligation) for one in Run(gone).found]

    anew = REMOTE + "kswapd reclaim lib.0\nserver change lib.0 v2\nkernel drain\n"
    anew += "cpu0 run app\ncpu0 read view.0\ncpu1 read view.0\n"
    assert [] == Run(anew).violations()
    assert [] != Run(anew, without=("flush-on-read-in",)).violations()
