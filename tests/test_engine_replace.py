"""Another page comes under an address without a write fault: userfaultfd, uprobes, KSM (O12)."""

from __future__ import annotations

import pytest

from luf_tui.errors import InputError, Refused
from luf_tui.machine.events import REASON
from luf_tui.machine.schema import FREE_STATES, Frame
from luf_tui.script.parse import parse
from tests.engine_runs import HEAD, Run

POLICIES = ("eager", "batched", "luf")
REGISTERED = "monitor register app.heap.1 missing\n"
EQUAL = "cpu1 write heap.0 same\ncpu0 run thief\ncpu0 write heap.0 same\n"
MERGED = EQUAL + "ksmd merge app.heap.0 thief.heap.0\n"


def frame(run: Run, process: int, vpn: int) -> Frame:
    """The frame that a process has at a page."""
    found = run.m.pte_at(run.m.mm[process], vpn).frame
    assert found
    return found


def frames(run: Run) -> tuple[int, int]:
    """The frames of app.heap.0 and thief.heap.0."""
    return frame(run, 0, 0).pfn, frame(run, 1, 0).pfn


@pytest.mark.parametrize("policy", POLICIES)
def test_a_monitor_fills_the_address_a_thread_faulted_on(policy: str) -> None:
    told = REGISTERED + "cpu1 read heap.1\nmonitor uffdio-copy app.heap.1 answer\n"
    run = Run(told + "cpu1 read heap.1\nexpect reads answer\n", policy)

    assert ["uffd"] == [event.name for event in run.events("uffd")]
    assert [] == run.events("send")
    assert frame(run, 0, 1).content == run.events("read")[-1].args["content"]


def test_a_page_that_is_there_already_stays() -> None:
    script = "cpu1 write heap.1 mine\n" + REGISTERED + "monitor uffdio-copy app.heap.1 answer\n"
    run = Run(script + "cpu1 read heap.1\n")

    assert run.events("store")[0].args["content"] == run.events("read")[0].args["content"]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_page_that_is_mapped_moves_after_a_flush(policy: str) -> None:
    script = (
        "cpu2 write heap.0 parcel\n" + REGISTERED + "monitor uffdio-move app.heap.0 to app.heap.1\n"
    )
    run = Run(script + "cpu2 read heap.0\ncpu1 read heap.1\n", policy)

    assert [0b110] == [event.args["mask"] for event in run.events("flushed")]
    assert ["zero", "parcel"] == [
        run.m.config.content_name(event.args["content"]) for event in run.events("read")
    ]
    assert [] == run.violations()


PROTECTED = (
    "cpu1 write heap.0 before\nmonitor register app.heap.0 wp\n"
    "monitor write-protect app.heap.0\nkswapd reclaim app.heap.0\n"
)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_page_stays_write_protected_over_swap(policy: str) -> None:
    """do_swap_page(): pte_swp_uffd_wp()."""
    run = Run(PROTECTED + "cpu2 write heap.0 after\ncpu1 read heap.0\n", policy)

    assert ["uffd"] == [event.name for event in run.events("uffd")]
    assert ["before"] == [
        run.m.config.content_name(event.args["content"]) for event in run.events("read")
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_protection_is_taken_back_from_a_page_in_swap(policy: str) -> None:
    """change_pte_range(): swap entries have the marker too."""
    run = Run(PROTECTED + "monitor unprotect app.heap.0\ncpu2 write heap.0 after\n", policy)

    assert [] == run.events("uffd")
    assert ["before", "after"] == [
        run.m.config.content_name(event.args["content"]) for event in run.events("store")
    ]


def test_a_page_that_is_pinned_does_not_move() -> None:
    script = "cpu2 write heap.0 parcel\ncpu2 pin heap.0\n" + REGISTERED
    run = Run(script + "monitor uffdio-move app.heap.0 to app.heap.1\ncpu1 read heap.0\n")

    assert [] == run.events("flushed")
    assert run.m.pte_at(run.m.mm[0], 0).frame


MOVE = "monitor uffdio-move app.heap.0 to app.heap.1"
CUT = "cpu2 write heap.0 parcel\n" + REGISTERED + MOVE + " stop before take-down\n"


@pytest.mark.parametrize("policy", POLICIES)
def test_what_becomes_of_a_page_between_its_look_up_and_its_move(policy: str) -> None:
    """A store comes along; a page that is gone does not move, and who looked it up frees it; where
    another page has come meanwhile, that one stays.
    """
    stored = Run(CUT + "cpu2 write heap.0 late\nmonitor resume\ncpu1 read heap.1\n", policy)
    gone = Run(CUT + "cpu2 madvise heap dontneed\nmonitor resume\n", policy)
    again = "cpu2 madvise heap dontneed\ncpu2 write heap.0 new\n"
    other = Run(CUT + again + "monitor resume\ncpu1 read heap.0\n", policy)

    assert "late" == stored.m.config.content_name(stored.events("read")[-1].args["content"])
    assert [] == gone.events("handover")
    assert gone.m.frame[gone.events("alloc")[0].args["pfn"]].state in FREE_STATES
    assert "new" == other.m.config.content_name(other.events("read")[-1].args["content"])
    assert [] == stored.violations() + gone.violations() + other.violations()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_swap_entry_stays_whose_page_has_come_into_the_swap_cache_since(policy: str) -> None:
    script = (
        "cpu2 write heap.0 parcel\nkswapd reclaim app.heap.0\n"
        + REGISTERED
        + MOVE
        + " stop before "
        "move entry\ncpu2 read heap.0 stop before map swapped\nmonitor resume\ncpu2 resume\n"
    )
    run = Run(script.replace("heap.1 missing", "heap.1 wp"), policy)

    assert [] == run.events("handover")
    assert "parcel" == run.m.config.content_name(run.events("read")[-1].args["content"])
    assert [] == run.violations()


def test_a_page_moves_only_to_where_a_monitor_is_registered() -> None:
    with pytest.raises(Refused, match="registered"):
        Run("cpu1 write heap.0 parcel\nmonitor uffdio-move app.heap.0 to app.heap.1\n")


def test_a_page_moves_within_one_address_space() -> None:
    with pytest.raises(InputError, match="one address space"):
        parse(HEAD + "monitor uffdio-move app.heap.0 to thief.heap.0\n", "test.luf")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_breakpoint_is_seen_by_every_thread(policy: str) -> None:
    script = "cpu1 read text.0\ncpu2 read text.0\ncpu1 probe text.0 break\ncpu2 read text.0\n"
    run = Run(script, policy)

    assert "break" == run.m.config.content_name(run.events("read")[-1].args["content"])
    assert not run.m.pte_at(run.m.mm[0], 2).writable
    assert [] == run.violations()


def test_a_breakpoint_past_the_end_of_a_file_is_none() -> None:
    run = Run("cpu1 truncate lib to 1\ncpu1 probe text.1 break\n")

    assert 1 == len(run.events("sigbus"))
    assert (0, None) == (run.m.pte_at(run.m.mm[0], 3).kind, run.m.mm[0].writer)


@pytest.mark.parametrize("policy", POLICIES)
def test_two_equal_pages_become_one_that_nobody_can_store_to(policy: str) -> None:
    run = Run(MERGED, policy)

    assert frames(run)[0] == frames(run)[1]
    assert 2 == frame(run, 0, 0).mapcount
    assert [0, 0] == [run.m.pte_at(mm, 0).writable for mm in run.m.mm[:2]]
    assert 1 == len(run.events("free"))


@pytest.mark.parametrize("policy", POLICIES)
def test_a_store_to_a_merged_page_is_seen_by_its_own_process_alone(policy: str) -> None:
    run = Run(
        MERGED + "cpu2 read heap.0\ncpu1 write heap.0 mine\ncpu2 read heap.0\ncpu0 read heap.0\n",
        policy,
    )

    assert ["same", "mine", "same"] == [
        run.m.config.content_name(event.args["content"]) for event in run.events("read")
    ]
    assert [] == run.violations()


@pytest.mark.parametrize("spoilt", ["cpu1 write heap.0 other\n", "cpu1 pin heap.0\n"])
def test_pages_that_differ_or_are_pinned_stay_two(spoilt: str) -> None:
    run = Run(EQUAL + spoilt + "ksmd merge app.heap.0 thief.heap.0\n")

    assert frames(run)[0] != frames(run)[1]
    assert [] == run.violations()


def test_only_pages_of_address_spaces_are_merged() -> None:
    with pytest.raises(InputError, match="is no page of an address space"):
        parse(HEAD + "ksmd merge lib.0 app.heap.0\n", "test.luf")


NEW_BYTES = (
    "app mmap lib read-only shared as view\ncpu1 read view.0\nkswapd reclaim lib.0\n"
    "server change lib.0 new\ncpu2 read view.0\n"
)


def test_a_page_the_server_changed_is_not_seen_in_two_versions() -> None:
    run = Run(NEW_BYTES + "cpu1 read view.0\n")

    assert ["lib.0 v1", "new", "new"] == [
        run.m.config.content_name(event.args["content"]) for event in run.events("read")
    ]


def test_a_page_that_only_this_kernel_changes_is_read_in_without_a_flush() -> None:
    run = Run(NEW_BYTES.replace("server change lib.0 new\n", ""))

    assert [] == [e for e in run.events("pay") if e.args["why"] == REASON["read in anew"]]


DROPPED = (
    "cpu1 write heap.1 draft\nmonitor register app.heap.1 missing\ncpu1 madvise heap.1 free\n"
    "cpu1 mprotect heap.1 read-only\ncpu2 read heap.1\nkswapd reclaim app.heap.1\n"
    "monitor uffdio-copy app.heap.1 final\ncpu1 read heap.1\ncpu2 read heap.1\n"
)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_monitor_s_page_comes_after_the_flush_of_what_was_dropped_there(policy: str) -> None:
    run = Run(DROPPED, policy)

    assert ["draft", "final", "final"] == [
        run.m.config.content_name(event.args["content"]) for event in run.events("read")
    ]
    assert [] == run.violations()
