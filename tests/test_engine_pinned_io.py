"""Readers and writers through a pin, and direct I/O: what they see, store, and leave to others."""

from __future__ import annotations

import pytest

from luf_tui.errors import InputError
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration
from luf_tui.search.result import SAFE
from luf_tui.timeline.recorder import record
from tests.clients import searched

HEAD = """\
machine  cpus 3, dram 4, max-order 0, pcp-high 0, tlb 3, swap 1, pinned-io
policy   batched
kswapd   on cpu0
process  app, heap 2 pages
file     lib, 1 page
app      mmap lib read-write shared as data
cpu1     run app
cpu2     run app
"""


def broken(script: str, policy: str = "batched", *without: str) -> list[str]:
    """The obligations that a script breaks, once it has been seen to hold what it expects."""
    run = record(parse(HEAD + script), policy, without)
    assert () == run.refusals
    failed = [outcome for outcome in run.outcomes if not outcome.held]
    assert not failed or without, failed
    return [one.obligation for one in run.findings if one.weight == VIOLATION]


PINNED = "cpu1 write heap.0 old\ncpu1 pin heap.0\n"
SEES = (
    """
cpu2 write heap.0 new
device io-read heap.0
    """,
    """
kswapd reclaim app.heap.0
cpu2 write heap.0 new
device io-read heap.0
    """,
    """
cpu1 mprotect heap.0 read-only
device io-write heap.0 got
cpu2 read heap.0
expect reads got
    """,
    """
kswapd reclaim app.heap.0
device io-write heap.0 got
cpu2 read heap.0
expect reads got
    """,
    """
cpu1 madvise heap.0 free
device io-write heap.0 got
cpu1 unpin heap.0
kswapd reclaim app.heap.0
cpu2 read heap.0
expect reads got
    """,
    """
cpu1 mremap heap as moved
device io-write heap.0 got
cpu2 read moved.0
expect reads got
    """,
    """
cpu1 munmap heap
device io-write heap.0 got
device io-read heap.0
    """,
    """
cpu1 madvise heap.0 dontneed
device io-write heap.0 got
cpu2 read heap.0
expect reads zero
    """,
)


@pytest.mark.parametrize("script", SEES)
@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_a_pin_goes_on_whatever_becomes_of_the_address(script: str, policy: str) -> None:
    assert [] == broken(PINNED + script, policy)


def test_what_a_device_stores_reaches_the_parent_and_never_the_child() -> None:
    fork = "cpu1 fork app as kid\ncpu0 run kid\ndevice io-write app.heap.0 got\n"
    read = "cpu1 read heap.0\nexpect reads got\ncpu0 read heap.0\nexpect reads old\n"
    assert [] == broken(PINNED + fork + read)
    assert ["O41"] == broken(PINNED + fork + read, "batched", "copy-pinned-on-fork")


@pytest.mark.parametrize("line", ["device io-read heap.0", "device io-write heap.0 got"])
def test_where_nothing_is_pinned_nothing_happens(line: str) -> None:
    run = record(
        parse(f"{HEAD}cpu1 write heap.0 old\n{line}\ncpu1 read heap.0\nexpect reads old\n"), "luf"
    )
    assert ["nopin"] == [
        one.kind.name for one in run.events if one.kind.name in ("nopin", "iostore", "ioread")
    ]
    assert all(outcome.held for outcome in run.outcomes)


def test_a_pin_that_is_for_reading_takes_no_stores() -> None:
    script = "cpu1 write heap.0 old\ncpu1 mprotect heap.0 read-only\ncpu1 pin heap.0\n"
    script += (
        "device io-write heap.0 got\ndevice io-read heap.0\ncpu1 read heap.0\nexpect reads old\n"
    )
    assert [] == broken(script)


DIRECT = (
    """
cpu2 write data.0 stored
cpu1 direct-read lib.0 into heap.0
cpu1 read heap.0
expect reads stored
    """,
    """
cpu1 pwrite lib.0 written
cpu1 direct-read lib.0 into heap.0
cpu1 read heap.0
expect reads written
    """,
    """
cpu2 read data.0
cpu1 write heap.0 mine
cpu1 direct-write lib.0 from heap.0
cpu2 read data.0
expect reads mine
    """,
    """
cpu1 truncate lib to 0
cpu1 write heap.0 mine
cpu1 direct-read lib.0 into heap.0
cpu1 read heap.0
expect reads mine
cpu1 direct-write lib.0 from heap.0
cpu2 read data.0
expect reads mine
    """,
    """
cpu1 write heap.0 mine
cpu1 direct-write lib.0 from heap.0 stop before transfer
cpu2 write data.0 beside
cpu1 resume
cpu2 read data.0
expect reads beside
    """,
    """
cpu1 write heap.0 mine
cpu1 direct-read lib.0 into heap.0 stop before transfer
cpu2 munmap heap
cpu1 resume
    """,
)


@pytest.mark.parametrize("script", DIRECT)
@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_direct_io_finds_what_was_stored_before(script: str, policy: str) -> None:
    assert [] == broken(script, policy)


MISSING = {
    "write-out-before-direct-io": ("direct-read", "O40"),
    "drop-after-direct-write": ("direct-write", "O40"),
    "recheck-pinned": ("pinned-and-emptied", "O41"),
    "unshare-before-pin": ("pinned-and-shared", "O41"),
}


@pytest.mark.parametrize("guard", MISSING)
def test_a_missing_rule_is_found_by_a_client(guard: str) -> None:
    name, obligation = MISSING[guard]
    assert obligation == searched(name, "eager", guard).obligation


def test_a_pin_that_has_gone_is_no_refusal_in_any_order() -> None:
    race = "race\n  cpu1 pin heap.0\n  cpu1 unpin heap.0\n  cpu2 munmap heap\nend\n"
    for head in (HEAD, HEAD.replace(", pinned-io", "")):
        report = Exploration(parse(f"{head}{race}expect no violation\n"), make_policy("luf")).run()
        assert (SAFE, ()) == (report.verdict, report.happened.refused)


def test_a_machine_that_knows_no_pins_says_so() -> None:
    with pytest.raises(InputError, match="pinned-io"):
        parse(HEAD.replace(", pinned-io", "") + "device io-read heap.0\n")
