"""Two operations on one page, beside a store and a read: rules that only a pair shows."""

from __future__ import annotations

import pytest

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration
from luf_tui.search.result import Limits
from luf_tui.timeline.recorder import record

POLICIES = ("eager", "batched", "luf")
SMALL = "machine  cpus {cpus}, dram {dram}, max-order 0, pcp-high 0, tlb 2, key-bits 2{more}\n"


def holds(policy: str, lines: str, *, cpus: int = 2, dram: int = 4, more: str = "") -> None:
    """Play lines: nothing goes wrong, and what they expect holds."""
    text = SMALL.format(cpus=cpus, dram=dram, more=more) + f"policy {policy}\n" + lines
    timeline = record(parse(text + "expect no violation\n"))

    assert [] == list(timeline.refusals)
    assert [] == [one.message for one in timeline.findings if one.weight == "violation"]
    assert all(outcome.held for outcome in timeline.outcomes)


def explored(policy: str, lines: str, *, cpus: int = 3, dram: int = 2, more: str = "") -> str:
    """The verdict over every order of a race."""
    text = SMALL.format(cpus=cpus, dram=dram, more=more) + f"policy {policy}\n" + lines
    program = parse(text + "expect no violation\n")
    return Exploration(program, make_policy(policy), limits=Limits(states=20_000)).run().verdict


FORKED = (
    "cpu1 fork app as child\ncpu1 write heap.0 c\nkswapd reclaim child.heap.0\n"
    "cpu0 run child\ncpu0 read heap.0\nexpect reads b\n"
)
APP = "process app, heap 1 page\ncpu1 run app\ncpu1 write heap.0 a\n"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("more", "before"),
    [
        (", swap 0", "app madvise heap free\n"),
        (", swap 4, swap-cache", "kswapd reclaim app.heap.0\ncpu1 read heap.0\n"),
    ],
)
def test_a_child_has_the_dirty_bit_when_the_parent_has_got_a_copy(
    policy: str, more: str, before: str
) -> None:
    holds(policy, APP + before + "cpu1 write heap.0 b\n" + FORKED, more=more)


def test_a_child_has_the_dirty_bit_of_a_large_entry() -> None:
    lines = APP.replace("1 page", "2 pages").replace("cpu1 run", "cpu2 run app\ncpu1 run")
    lines += "app madvise heap free\ncpu1 write heap.0 b\n"
    text = "machine cpus 3, dram 8, max-order 1, pcp-high 0, tlb 4, key-bits 2, huge-pages 2\n"
    timeline = record(parse(text + "policy eager\n" + lines + FORKED + "expect no violation\n"))

    assert [] == [one.message for one in timeline.findings]
    assert all(outcome.held for outcome in timeline.outcomes)


EQUAL = (
    "process app, heap 2 pages\ncpu1 run app\nmonitor register app.heap wp\n"
    "cpu1 write heap.0 same\ncpu1 write heap.1 same\n"
)
MERGE = "ksmd merge app.heap.1 app.heap.0\n"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("pinned", ["cpu1 pin heap.0\n", "cpu1 pin heap.1\n", ""])
def test_a_page_stays_write_protected_whether_it_is_merged_or_not(policy: str, pinned: str) -> None:
    lines = EQUAL + "monitor write-protect app.heap.1\n" + pinned + MERGE
    holds(policy, lines + "cpu1 write heap.1 mine\nexpect monitor-told\n", more=", pinned-io")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_pinned_page_that_could_not_be_merged_is_still_its_owner_s_alone(policy: str) -> None:
    lines = EQUAL + "cpu1 pin heap.1\n" + MERGE + "cpu1 fork app as child\n"
    lines += "cpu1 write heap.1 mine\ndevice io-read app.heap.1\n"
    holds(policy, lines, more=", pinned-io")


@pytest.mark.parametrize("cpu", ["cpu0", "cpu1"])
def test_a_merge_waits_for_both_address_spaces(cpu: str) -> None:
    lines = (
        "process app, heap 1 page\nprocess other, heap 1 page\ncpu1 run app\ncpu0 run other\n"
        f"cpu1 write heap.0 same\ncpu0 write heap.0 same\n"
        f"{cpu} mprotect heap read-only stop before unlock\nksmd merge app.heap.0 other.heap.0\n"
    )
    text = SMALL.format(cpus=2, dram=4, more="") + "policy eager\n" + lines
    assert not [event for event in record(parse(text)).machine.events if event.name == "unmap"]


WRITE_PROTECT = (
    "process app, heap 1 page\nmonitor on cpu3\ncpu0 run app\ncpu1 run app\n"
    "monitor register app.heap wp\ncpu0 write heap.0 before\n"
    "race\n  cpu1 {}\n  monitor write-protect app.heap\n  cpu0 write heap.0 new\nend\n"
)


@pytest.mark.parametrize("policy", ["eager", "batched"])
@pytest.mark.parametrize("line", ["mremap heap as moved", "munmap heap", "mprotect heap read-only"])
def test_write_protection_waits_for_who_changes_the_mappings(policy: str, line: str) -> None:
    assert "safe" == explored(policy, WRITE_PROTECT.format(line), cpus=4, dram=1)


TRUNCATED = (
    "process app, heap 1 page\nfile lib, 1 page\napp mmap lib read-write shared as data\n"
    "cpu0 run app\ncpu1 run app\ncpu2 run app\ncpu0 {}\n"
    "race\n  cpu1 {}\n  cpu2 truncate lib to 0\n  cpu0 {}\nend\n"
)


@pytest.mark.parametrize("policy", ["eager", "batched"])
@pytest.mark.parametrize(
    ("line", "before", "access"),
    [
        ("munmap data", "write data.0 before", "write data.0 new"),
        ("munmap data", "read data.0", "read data.0"),
    ],
)
def test_truncate_does_not_pass_over_what_a_gather_has_yet_to_flush(
    policy: str, line: str, before: str, access: str
) -> None:
    assert "safe" == explored(policy, TRUNCATED.format(before, line, access), dram=1)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("line", ["munmap data", "madvise data dontneed"])
def test_what_is_cut_off_is_cached_nowhere_once_truncate_returns(policy: str, line: str) -> None:
    lines = TRUNCATED.split("race", maxsplit=1)[0].format("read data.0")
    cut = f"cpu1 {line} stop before flush\ncpu2 truncate lib to 0\n"
    holds(policy, lines + cut + "expect no cached cpu0 data.0\ncpu1 resume\n", cpus=3)


def test_no_breakpoint_is_put_into_a_mapping_that_may_be_written_to() -> None:
    lines = (
        "process app, heap 1 page\nfile lib, 1 page\napp mmap lib read-write private as data\n"
        "cpu1 run app\ncpu1 probe data.0 trap\n"
    )
    told = record(parse(SMALL.format(cpus=2, dram=4, more="") + lines)).refusals
    assert ["may be written to" in one.reason for one in told] == [True]


@pytest.mark.parametrize("line", ["write-protect", "unprotect"])
@pytest.mark.parametrize("registered", ["", "monitor register app.heap missing\n"])
def test_what_is_not_registered_is_not_write_protected(line: str, registered: str) -> None:
    lines = f"process app, heap 2 pages\ncpu1 run app\n{registered}monitor {line} app.heap\n"
    told = record(parse(SMALL.format(cpus=2, dram=4, more="") + lines)).refusals
    assert ["app.heap.0 is not registered" in one.reason for one in told] == [True]
