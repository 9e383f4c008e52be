"""Three operations meet at one page, and every order of them is one that Linux allows; the races
are small, and two of them are looked at as far as the bug was that they are about.
"""

from __future__ import annotations

import pytest

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration
from luf_tui.search.result import Limits

MACHINE = (
    "machine  cpus 3, dram {dram}, max-order 0, pcp-high 0, tlb 1, key-bits 2, swap {swap}{more}\n"
)
PROCESS = """\
policy   eager
kswapd   on cpu2
process  app, heap 1 page
file     lib, 1 page
"""
RUN = "cpu0     run app\ncpu1     run app\ncpu2     run app\n"
PRIVATE = "app      mmap lib read-write private as data\n"
SHARED = "app      mmap lib read-write shared as data\n"

PROTECTED = "monitor  on cpu2\nmonitor  register app.heap wp\ncpu0 write heap.0 before\n"
WRITE_AND_READ = "cpu0 write data.0 new\n  cpu0 read data.0"
RACES = {
    # rights that are taken away beside an older operation leave what that may show
    "dontneed, write-protect": (
        {},
        "monitor  on cpu0\nmonitor  register app.heap wp\ncpu1 write heap.0 before\n",
        ("cpu1 madvise heap dontneed", "monitor write-protect app.heap.0", "cpu0 read heap.0"),
    ),
    "write-protect, dontneed": (
        {},
        PROTECTED,
        ("cpu1 madvise heap dontneed", "monitor write-protect app.heap.0", "cpu0 write heap.0 new"),
    ),
    # what is given while an older operation is in flight counts for what that takes away
    "dontneed, unprotect": (
        {},
        PROTECTED + "monitor write-protect app.heap\n",
        ("cpu1 madvise heap dontneed", "monitor unprotect app.heap", "cpu0 write heap.0 new"),
    ),
    # a store beside MADV_DONTNEED of a shared mapping goes to the file
    "dontneed of a file": (
        {},
        SHARED + RUN + "cpu0 write data.0 before\n",
        ("cpu1 madvise data dontneed", "cpu0 write data.0 new"),
    ),
    # the bytes of a private copy say nothing of the file
    "mprotect, writeback": (
        {},
        PRIVATE + RUN,
        ("cpu1 mprotect data read-only", "flusher writeback lib.0", WRITE_AND_READ),
    ),
    # what is stored while mremap moves is where that puts it
    "mremap, reclaim": (
        {"dram": 1, "swap": 1},
        RUN + "cpu0 write heap.0 before\n",
        ("cpu1 mremap heap as moved", "kswapd reclaim app.heap.0", "cpu0 write heap.0 new"),
    ),
    "mremap, direct read": (
        {"dram": 1, "more": ", pinned-io"},
        RUN + "cpu0 write heap.0 before\n",
        ("cpu1 mremap heap as moved", "cpu2 direct-read lib.0 into heap.0", "cpu0 read heap.0"),
    ),
    "mremap, direct write": (
        {"dram": 1, "more": ", pinned-io"},
        RUN + "cpu0 write heap.0 before\n",
        (
            "cpu1 mremap heap as moved",
            "cpu2 direct-write lib.0 from heap.0",
            "cpu0 write heap.0 new",
        ),
    ),
    # what mremap moves to is cut meanwhile, and its old place, too
    "mremap, truncate": (
        {},
        PRIVATE + RUN,
        ("cpu1 mremap data as moved", "cpu2 truncate lib to 0", WRITE_AND_READ),
    ),
    # what is stored at a private copy that may be gone, or else the file's bytes
    "dontneed, write()": (
        {},
        PRIVATE + RUN + "cpu0 write data.0 old\n",
        ("cpu1 madvise data dontneed", "cpu2 pwrite lib.0 written", WRITE_AND_READ),
    ),
    # a store that is refused has made its copy all the same
    "mprotect, write()": (
        {},
        PRIVATE + RUN + "cpu0 read data.0\n",
        ("cpu1 mprotect data read-only", "cpu2 pwrite lib.0 written", WRITE_AND_READ),
    ),
}


@pytest.mark.parametrize("policy", ["eager", "batched"])
@pytest.mark.parametrize("name", RACES)
def test_no_order_of_them_breaks_anything(name: str, policy: str) -> None:
    sizes, before, lines = RACES[name]
    machine = MACHINE.format(**{"dram": 2, "swap": 0, "more": "", **sizes})
    run = "" if RUN in before else RUN
    race = "".join(f"  {line}\n" for line in lines)
    script = f"{machine}{PROCESS}{run}{before}race\n{race}end\nexpect no violation\n"

    found = Exploration(
        parse(script, "three.luf"), make_policy(policy), limits=Limits(states=12_000)
    ).run()

    assert ("", ()) == (found.message, found.schedule)
