"""What is said of a finding, a server's change and a schedule: in the words of who runs the
program, and of what did it.
"""

from __future__ import annotations

import pytest

from luf_tui.commands.run import findings
from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record
from luf_tui.timeline.tell.narrate import LEVELS, narrate
from luf_tui.timeline.timeline import Timeline

MACHINE = "machine cpus 3, dram 6, max-order 0, pcp-high 0, tlb 4, swap 2{more}\n"
SPACE = "kswapd on cpu0\nprocess app, heap 1 page\nprocess thief, heap 1 page\nfile lib, 1 page\n"


def played(policy: str, script: str, more: str = "") -> Timeline:
    run = record(parse(f"{MACHINE.format(more=more)}policy {policy}\n{SPACE}{script}"))
    assert () == run.refusals
    return run


def said(policy: str, script: str, more: str = "") -> list[str]:
    """The messages of what was found."""
    return [one.message for one in played(policy, script, more).findings]


TWO = "cpu1 run app\ncpu2 run app\ncpu1 write heap.0 mine\ncpu2 write heap.0 mine\n"


def test_a_store_that_reaches_a_forked_child_says_who_finds_it() -> None:
    script = f"{TWO}cpu1 fork app as kid\ncpu2 write heap.0 late\n"
    told = said("batched without flush-on-fork", script)
    assert ["cpu2 stored late to app's heap.0 in f0, so that kid finds it in its heap.0"] == told


def test_a_store_after_the_write_out_says_that_the_bytes_were_written_out() -> None:
    script = f"{TWO}kswapd reclaim app.heap.0 stop before remove\ncpu2 write heap.0 late\n"
    [told] = said("batched without flush-dirty-before-io", script)
    assert "in f0, whose bytes had been written out: the store is lost" in told


def test_a_store_during_a_migration_says_where_the_bytes_had_been_copied() -> None:
    more = ", cxl 2"
    script = f"{TWO}kswapd demote app.heap.0 stop before remap\ncpu2 write heap.0 late\n"
    [told] = said("batched without flush-before-copy", script, more)
    assert "in f0, whose bytes had been copied to f6: the store is lost" in told


def test_a_store_into_a_page_that_is_somebody_elses_says_whose() -> None:
    script = (
        f"{TWO}kswapd reclaim app.heap.0\ncpu0 run thief\ncpu0 write heap.0 secret\n"
        "cpu2 write heap.0 late\n"
    )
    told = said("batched without flush-before-free, flush-dirty-before-io", script)
    assert any("late to app's heap.0 in f0, which is thief's heap.0 now" in one for one in told)


def test_a_device_that_stores_into_its_own_page_loses_nothing() -> None:
    script = (
        "app mmap lib read-write shared as data\ncpu1 run app\ncpu1 write data.0 mine\n"
        "device dma-write app.data.0 mine\napp mprotect data read-only stop before flush\n"
        "device dma-write app.data.0 late\napp resume\n"
    )
    told = said("luf", script, ", secondary-tlb")
    assert [
        "the device stored late to app's data.0 through a translation that was taken away"
    ] == told


@pytest.mark.parametrize("level", LEVELS)
def test_a_change_on_the_server_is_not_told_as_a_write(level: str) -> None:
    run = played("luf", "server change lib.0 new\n")
    assert "server changes lib.0 to new" in narrate(run, run.steps, level)
    assert "write()" not in narrate(run, run.steps, level)


def test_turns_of_who_is_done_already_are_told_and_change_nothing() -> None:
    lines = "race\n cpu1 write heap.0 a\n cpu2 write heap.0 b\n schedule app/1*300 app/2*5\nend\n"
    run = played("luf", f"cpu1 run app\ncpu2 run app\n{lines}")
    told = list(findings(run, run.steps))
    assert [
        "line 9: the schedule has turns of who is done by then: 285 of app/1, 3 of app/2"
    ] == told
    assert 5 < run.steps


def test_a_schedule_that_fits_is_not_told() -> None:
    lines = "race\n cpu1 write heap.0 a\n cpu2 write heap.0 b\n schedule app/1*15 app/2*2\nend\n"
    assert () == played("luf", f"cpu1 run app\ncpu2 run app\n{lines}").remarks
