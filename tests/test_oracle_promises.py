"""The oracle's memory: what programs stored, mapped and were allowed, whatever tables say."""

from __future__ import annotations

import pytest

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Next
from luf_tui.engine.operations import reclaim
from luf_tui.engine.operations.fault import Fault
from luf_tui.engine.operations.mappings import Mprotect, Zap
from luf_tui.machine.schema import MIGRATION, Frame
from luf_tui.oracle.oracle import DEVIATION, VIOLATION, Finding
from luf_tui.oracle.promises import Promises
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.race_start import at_race
from luf_tui.search.result import Limits
from luf_tui.search.search import Search
from luf_tui.timeline.recorder import record
from tests.clients import CLIENTS

TWO = """
machine  cpus 3, dram 4, cxl 2, max-order 0, tlb 4, pcp-high 0, swap 2
policy   eager
kswapd   on cpu2
monitor  on cpu2
ksmd     on cpu2
kernel   on cpu2
process  app, heap 2 pages
file     lib, 1 page
app      mmap lib read-write shared as data
app      mmap lib read-only as text
app      mmap anon 1 page shared read-write as shm
cpu0     run app
cpu1     run app
"""
SETTLED = {
    "file-changes": 5_000,
    "file-cut": 2_000,
    "hinting": 100,
    "ksm": 1_000,
    "monitor-missing": 11_000,
    "monitor-wp": 1_000,
    "moving-and-cutting": 3_000,
    "nested-gathers": 5_000,
    "pending-wrprotect": 5_000,
}
"""Clients in which an oracle that asks page tables, or a model less exact, called wrong what is
none, and the states within which it did.
"""


def findings(lines: str, *weights: str) -> list[Finding]:
    """What the oracle finds in a run of these lines."""
    timeline = record(parse(TWO + lines))
    assert [] == list(timeline.refusals)
    return [one for one in timeline.findings if one.weight in (weights or (VIOLATION,))]


def obligations(lines: str) -> list[str]:
    """The obligations of its violations."""
    return [one.obligation for one in findings(lines)]


# -- before or after ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        # MADV_DONTNEED clears; one CPU refaults and stores, another one reads the old bytes
        (
            "cpu0 write heap.0 a\ncpu1 read heap.0\ncpu0 madvise heap dontneed stop before send\n"
            "cpu1 read heap.0\ncpu0 resume\ncpu1 read heap.0\n"
        ),
        # a store beside it is gone, or it is not
        (
            "cpu1 write heap.0 a\ncpu0 madvise heap dontneed stop before send\n"
            "cpu1 write heap.0 b\n"
            "cpu0 resume\ncpu1 read heap.0\n"
        ),
        (
            "cpu1 write heap.0 a\ncpu0 mprotect heap read-only stop before send\n"
            "cpu1 write heap.0 b\n"
            "cpu0 resume\ncpu1 read heap.0\n"
        ),
        (
            "cpu1 write data.0 a\ncpu0 munmap data stop before send\n"
            "cpu1 write data.0 b\ncpu0 resume\n"
            "cpu1 read text.0\n"
        ),
        # memory that was shared with a child, which has gone, or has it still
        (
            "cpu1 write shm.0 a\napp fork app as kid\ncpu2 run kid\nkid exit\ncpu1 read shm.0\n"
            "cpu0 munmap shm stop before send\ncpu1 read shm.0\ncpu0 resume\n"
        ),
        (
            "cpu1 write shm.0 a\napp fork app as kid\ncpu1 read shm.0\n"
            "cpu0 munmap shm stop before send\ncpu1 read shm.0\ncpu0 resume\n"
        ),
    ],
)
def test_an_access_beside_an_operation_may_come_before_it(lines: str) -> None:
    assert [] == findings(lines)


@pytest.mark.parametrize("lines", ["cpu1 read heap.0\n", "cpu1 write heap.0 b\n"])
def test_what_comes_after_it_may_not(lines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A munmap that flushes nobody."""

    def flush(act: Zap, k: object, *_: object) -> Next:
        return Zap.hook

    monkeypatch.setattr(Zap.flush, "body", flush)

    broken = findings("cpu1 write heap.0 a\ncpu0 munmap heap\n" + lines)

    assert {one.obligation for one in broken} <= {"O2", "O4", "O10"}
    assert broken


def test_who_has_seen_what_came_after_does_not_go_back() -> None:
    """cpu1 reads zeros at a page that is being thrown away. The old bytes may not come back to it,
    while cpu2 may still find them.
    """
    timeline = record(
        parse(
            TWO
            + "cpu0 write heap.0 a\ncpu1 read heap.0\n"
            + "cpu0 madvise heap dontneed stop before send\n"
        )
    )
    timeline.seek(timeline.steps)
    promises, old = Promises(timeline.machine), timeline.program.config.contents.index("a")

    assert promises.read(0, 0, 1, old)
    assert promises.read(0, 0, 1, 0)
    assert not promises.read(0, 0, 1, old)
    assert promises.read(0, 0, 2, old)


# -- through fresh entries ------------------------------------------------------------------------


def test_a_right_that_was_taken_away_is_missed_through_a_fresh_entry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """mprotect leaves a migration entry writable, and the page comes back writable."""
    change = Mprotect.change.body

    def leaves_it(act: Mprotect, k: Kernel) -> Next:
        kept = [pte for pte in k.m.pte if pte.kind == MIGRATION and pte.writable]
        outcome: Next = change(act, k)
        for pte in kept:
            pte.writable = 1
        return outcome

    monkeypatch.setattr(Mprotect.change, "body", leaves_it)
    lines = (
        "cpu1 write heap.0 a\nkswapd demote app.heap.0 stop before remap\n"
        "cpu0 mprotect heap read-only\nkswapd resume\ncpu1 write heap.0 b\n"
    )

    assert "O42" in obligations(lines)
    monkeypatch.undo()
    assert [] == obligations(lines)


def test_bytes_that_were_never_written_out_are_missed_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forgets(k: Kernel, frame: Frame) -> None:
        frame.dirty, frame.saved = 0, 1

    lines = "cpu1 write data.0 a\nkswapd reclaim data.0\ncpu0 read data.0\n"
    assert [] == obligations(lines)
    monkeypatch.setattr(reclaim, "write_out", forgets)

    assert ["O40"] == obligations(lines)


def test_bytes_that_an_address_never_had_are_told_when_they_arrive_in_swap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = reclaim.write_out

    def spoils(k: Kernel, frame: Frame) -> None:
        frame.content = 0
        write(k, frame)

    lines = "cpu1 write heap.0 a\napp fork app as kid\nkswapd reclaim app.heap.0\n"
    assert [] == obligations(lines)
    monkeypatch.setattr(reclaim, "write_out", spoils)

    assert [
        "zero arrives in swap as app's heap.0, which holds a",
        "zero arrives in swap as kid's heap.0, which holds a",
    ] == [one.message for one in findings(lines)]


def test_a_shared_page_that_is_made_writable_shows_ones_stores_to_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two equal pages are merged, and the first store to one of them goes to both."""

    monkeypatch.setattr(Fault, "_reusable", lambda *_: True)
    lines = (
        "cpu1 write heap.0 a\ncpu1 write heap.1 a\nksmd merge app.heap.0 app.heap.1\n"
        "cpu1 write heap.0 b\ncpu0 read heap.1\n"
    )

    assert "O41" in obligations(lines)
    monkeypatch.undo()
    assert [] == obligations(lines)


# -- what programs may ask for --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "reads"),
    [
        ("cpu0 write shm.0 a\napp fork app as kid\ncpu1 run kid\ncpu1 read shm.0\n", "a"),
        ("app fork app as kid\ncpu1 run kid\ncpu1 write shm.0 a\ncpu0 read shm.0\n", "a"),
        ("app fork app as kid\ncpu1 run kid\ncpu1 write heap.0 a\ncpu0 read heap.0\n", "zero"),
        (("cpu0 write heap.0 a\napp fork app as kid\ncpu0 write heap.0 b\ncpu1 run kid\n"
         "cpu1 read heap.0\n"), "a"),
        (("cpu0 write data.0 a\nkernel truncate lib to 0\nkernel truncate lib to 1\n"
         "cpu1 read data.0\n"), "zero"),
        ("cpu0 write heap.0 a\nkswapd reclaim app.heap.0\ncpu1 read heap.0\n", "a"),
        ("cpu0 write heap.0 a\napp mremap heap as moved\ncpu1 read moved.0\n", "a"),
        (("cpu0 write heap.0 a\napp madvise heap free\nkswapd reclaim app.heap.0\n"
         "cpu1 read heap.0\n"), "zero"),
    ],
)  # fmt: skip
def test_a_program_reads_what_it_may_expect(lines: str, reads: str) -> None:
    timeline = record(parse(f"{TWO}{lines}expect reads {reads}\nexpect no violation\n"))

    assert [] == list(timeline.refusals)
    assert [True, True] == [one.held for one in timeline.outcomes]
    assert [] == [one for one in timeline.findings if one.weight == DEVIATION]


# -- clients --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "states"), SETTLED.items())
def test_nothing_is_called_wrong_that_plain_linux_does(name: str, states: int) -> None:
    """As far as it takes to come upon what was called so."""
    start = at_race(CLIENTS[name], make_policy("eager"), 0)

    result = Search(start.transitions, limits=Limits(states=states)).run()

    assert [] == [one.message for one in result.broken]


HALF_UNPROTECTED = """\
machine  cpus 3, dram 3, max-order 0
policy   {policy}
process  app, heap 1 page
cpu1     run app
cpu2     run app
cpu1     write heap.0 one
monitor  register heap wp
monitor  write-protect heap
app      unprotect heap stop before protect
monitor  write-protect heap
app      resume
cpu2     write heap.0 two
cpu1     read heap.0
expect   reads two
expect   no violation
"""


@pytest.mark.parametrize("policy", ["eager", "luf"])
def test_a_protection_is_gone_when_it_is_taken_away_and_not_when_that_begins(policy: str) -> None:
    """Another write-protect in between is undone, too: both hold mmap_lock for reading."""
    run = record(parse(HALF_UNPROTECTED.format(policy=policy)))
    assert [] == [finding.message for finding in run.findings]
    assert [True, True] == [outcome.held for outcome in run.outcomes]
