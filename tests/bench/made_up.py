"""Recordings made up for measurements: many processes whose pages are demoted, freed and reused.

The same numbers give the same lines. What is in them is no kernel's, only its amount is.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterator
from random import Random

VMEMMAP = 0xFFFFEA0000000000
FIRST_MM, FIRST_PFN, FIRST_PAGE = 0xFF11000006F00000, 0x1000, 0x7F0000000
GFP = "GFP_HIGHUSER_MOVABLE|__GFP_COMP"
READABLE = 28
"""The type of a migration entry of a page that could only be read."""
_MASK = (1 << 64) - 1


def lines(processes: int, events: int, frames: int, cpus: int = 16) -> Iterator[str]:
    """At least so many lines of a kernel that flushes page by page: on each CPU processes take
    turns and touch pages, and kswapd moves their pages to frames that were freed long ago.
    """
    choose = Random(1)
    free = deque(range(FIRST_PFN, FIRST_PFN + frames))
    held: list[dict[int, int]] = [{} for _ in range(processes)]
    running = [0] * cpus
    made = 0
    time = 1_000_000

    def line(task: str, cpu: int, text: str, flags: str = ".....") -> str:
        nonlocal made, time
        made += 1
        time += 3
        stamp = f"{time // 1_000_000}.{time % 1_000_000:06}"
        return f"{task:>20}     [{cpu:03}] {flags} {stamp:>12}: {text}\n"

    while made < events:
        cpu, process = choose.randrange(1, cpus), choose.randrange(processes)
        before, task = f"app{running[cpu]}-{running[cpu] + 100}", f"app{process}-{process + 100}"
        if running[cpu] != process:
            yield line(
                before,
                cpu,
                f"sched_switch: prev_comm=app{running[cpu]} prev_pid={running[cpu] + 100} "
                f"prev_prio=120 prev_state=S ==> next_comm=app{process} next_pid={process + 100} "
                "next_prio=120",
                "d..2.",
            )
            yield line(task, cpu, "tlb_flush: pages:-1 reason:flush on task switch (0)", "d....")
            running[cpu] = process
        mm, pages = FIRST_MM + 64 * process, held[process]
        for _ in range(4):
            page = FIRST_PAGE + choose.randrange(max(8, 2 * frames // (3 * processes)))
            if page in pages:
                continue
            fault = f"page_fault_user: address={page << 12:#x} ip=0x4018ee error_code=0x4"
            yield line(task, cpu, fault, "d....")
            pfn = pages[page] = free.popleft()
            yield line(
                task,
                cpu,
                f"mm_page_alloc: page=00000000745c70fd pfn={pfn:#x} order=0 migratetype=1 "
                f"gfp_flags={GFP}",
            )
        page = choose.choice(list(pages)[:64])
        old, new = pages[page], free.popleft()
        where, entry = page << 12, READABLE << 59 | (~old << 14 & _MASK) >> 5
        kswapd, folio = "kswapd0-35", VMEMMAP + 64 * old
        yield line(
            kswapd,
            0,
            f"mm_page_alloc: page=00000000745c70fd pfn={new:#x} order=0 migratetype=1 "
            f"gfp_flags={GFP}",
        )
        yield line(
            kswapd,
            0,
            f"migrate_one: (try_to_migrate_one+0x0/0x8f0) folio=0x{folio:016x} "
            f"vm_flags=0x80100d1 mm=0x{mm:016x} addr={where:#x}",
        )
        yield line(kswapd, 0, "tlb_flush: pages:1 reason:remote ipi send (4)", "...2.")
        yield line(task, cpu, "tlb_flush: pages:1 reason:remote shootdown (1)", "d.h1.")
        yield line(kswapd, 0, f"set_migration_pte: addr={where:x}, pte={entry:x} order=0")
        back = 1 << 63 | new << 12 | 0x5
        yield line(kswapd, 0, f"remove_migration_pte: addr={where:x}, pte={back:x} order=0")
        yield line(kswapd, 0, f"mm_page_free: page=00000000a31d0232 pfn={old:#x} order=0")
        pages[page] = new
        free.append(old)
        if len(free) < frames // 8:
            # The oldest pages of whoever has most are given up.
            largest = max(held, key=len)
            for page in list(largest)[: len(largest) // 2]:
                pfn = largest.pop(page)
                yield line(task, cpu, f"mm_page_free: page=00000000a31d0232 pfn={pfn:#x} order=0")
                free.append(pfn)


def main() -> None:
    """Write one to standard output."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.made_up", description=__doc__)
    parser.add_argument("--processes", type=int, default=500)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--frames", type=int, default=200_000)
    args = parser.parse_args()
    sys.stdout.writelines(lines(args.processes, args.events, args.frames))


if __name__ == "__main__":
    main()
