"""Every pair of operations on one page, beside a store and a read by a third CPU.

`python -m tests.pairs` explores them under plain Linux and LUF, each to a few thousand states, and
tells of every pair in which something goes wrong, with the lines of its script; one set of pairs
at a time, or a part of it: `python -m tests.pairs --policies eager --parts 1/4 private swap-cache`.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.result import Limits
from luf_tui.search.shrink import shrunk

POLICIES = ("eager", "batched", "luf")
STATES = 3000
SIZES = "cpus 4, dram {dram}, cxl 2, max-order {order}, pcp-high 0, tlb 2, key-bits 2, swap 2"
OPENING = """\
machine  {sizes}{more}
policy   eager
{actors}process  app, heap 2 pages
process  other, heap 1 page
file     lib, 1 page
file     plugin, 1 page
{mapping}cpu0     run app
cpu1     run app
cpu2     run app
"""
ACTORS = ("kswapd", "kernel", "numa", "monitor", "ksmd", "flusher")

MEMORY = (
    "T madvise heap dontneed",
    "T madvise heap free",
    "T madvise heap pageout",
    "T munmap heap",
    "T mprotect heap read-only",
    "T mprotect heap none",
    "T mremap heap as movedN",
    "T fork app as kidN",
    "T clear-soft-dirty",
    "T mmap lib read-only as overN at heap",
    "kswapd reclaim app.heap.0",
    "kswapd demote app.heap.0",
    "kernel move app.heap.0 to cxl",
    "kernel poison app.heap.0",
    "numa scan app.heap",
)
"""What can be done to a page of private memory; T is a thread of its own, N its number."""
WATCHED = (
    "monitor write-protect app.heap",
    "monitor unprotect app.heap",
    "monitor uffdio-copy app.heap.0 brought",
    "monitor uffdio-move app.heap.0 to app.heap.1",
    "ksmd merge app.heap.0 other.heap.0",
)
PINNED = (
    "T direct-read lib.0 into heap.0",
    "T direct-write lib.0 from heap.0",
    "T pin heap.0",
    "device io-read app.heap.0",
    "device io-write app.heap.0 received",
)
MAPPED = (
    "T madvise data dontneed",
    "T madvise data pageout",
    "T munmap data",
    "T mprotect data read-only",
    "T mprotect data none",
    "T mremap data as movedN",
    "T fork app as kidN",
    "T clear-soft-dirty",
    "T mmap plugin read-only as overN at data",
    "T truncate lib to 0",
    "T invalidate lib",
    "T pwrite lib.0 written",
    "kswapd reclaim lib.0",
    "kswapd demote lib.0",
    "kernel move app.data.0 to cxl",
    "kernel poison app.data.0",
    "numa scan app.data",
    "flusher writeback lib.0",
    "server change lib.0 served",
)
PRIVATE_MAPPED = ("T madvise data free", "kswapd reclaim app.data.0")
OF_BOTH = (
    "other munmap data",
    "other mprotect data read-only",
    "other madvise data dontneed",
    "other read data.0",
    "T truncate lib to 0",
    "T invalidate lib",
    "kswapd reclaim lib.0",
    "kswapd demote lib.0",
    "flusher writeback lib.0",
)
LARGE = (
    "T madvise heap.0 dontneed",
    "T mprotect heap.0 read-only",
    "T madvise heap nohugepage",
    "khugepaged collapse app.heap.0",
)
FORKED = (
    "kswapd reclaim child.heap.0",
    "kswapd demote child.heap.0",
    "kernel poison child.heap.0",
    "child munmap heap",
    "child fork child as grandchild",
    "child write heap.0 own",
)
AGED = ("kswapd age app.heap.0",)


@frozen
class Set:
    """Pairs on one kind of memory, on one kind of machine."""

    acts: tuple[str, ...]
    page: str = "heap"
    mapping: str = ""
    more: str = ""
    order: int = 0
    wants: tuple[str, ...] = ()
    """Where there are any, one of a pair is one of these."""
    forked: bool = False
    """A child shares the page before the two begin, and reads it when they are done."""
    both: bool = False
    """`other` maps the file as well, and runs."""

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Each pair of different operations, and of equal ones by two threads."""
        for one, other in itertools.combinations_with_replacement(self.acts, 2):
            who = one.split()[0]
            if who == other.split()[0] != "T" or (self.wants and not {one, other} & {*self.wants}):
                continue
            yield one, other

    def text(self, one: str, other: str) -> str:
        """The script of a pair."""
        lines = [self._opening(), *self._before((one, other)), "race"]
        for number, act in enumerate((one, other), start=1):
            who, what = act.split(maxsplit=1)
            who = {"T": f"cpu{number}", "child": "cpu3", "other": "cpu3"}.get(who, who)
            what = re.sub(r"\b(moved|kid|over)N\b", rf"\g<1>{number}", what)
            lines.append(f"  {who:<8} {what}")
        lines += [f"  cpu0     write {self.page}.0 new", f"  cpu0     read {self.page}.0"]
        lines += ["end", *(["cpu3     read heap.0"] if self.forked else [])]
        return "\n".join([*lines, "expect   no violation"]) + "\n"

    def _opening(self) -> str:
        sizes = SIZES.format(dram=8 if self.order else 5, order=self.order)
        actors = "".join(f"{actor:<8} on cpu3\n" for actor in ACTORS)
        mapping = self.mapping and f"app      mmap lib read-write {self.mapping} as data\n"
        return OPENING.format(sizes=sizes, more=self.more, actors=actors, mapping=mapping).rstrip()

    def _before(self, pair: tuple[str, str]) -> Iterator[str]:
        """What makes the two possible: monitors, equal pages, pins."""
        both = " ".join(pair)
        if self.page == "data":
            yield f"cpu0     {'write data.0 before' if self.mapping == 'shared' else 'read data.0'}"
            if self.both:
                yield "other    mmap lib read-write shared as data"
                yield from ("cpu3     run other", "cpu3     read data.0")
            return
        if "uffdio" in both:
            yield "monitor  register app.heap missing"
        if "protect app" in both:
            yield "monitor  register app.heap wp"
        if "uffdio-move" in both and "uffdio-copy" not in both:
            yield "monitor  uffdio-copy app.heap.0 before"
        elif "uffdio-copy" not in both:
            yield "cpu0     write heap.0 before"
        if "unprotect" in both:
            yield "monitor  write-protect app.heap"
        if "merge" in both:
            yield from ("cpu3     run other", "cpu3     write heap.0 before")
        if self.forked:
            yield from ("cpu0     fork app as child", "cpu3     run child")
        if "device" in both:
            yield "cpu0     pin heap.0"


SETS = {
    "private": Set(MEMORY + WATCHED),
    "file-private": Set(MAPPED + PRIVATE_MAPPED, "data", "private"),
    "file-shared": Set(MAPPED, "data", "shared"),
    "file-both": Set((*MAPPED, *OF_BOTH[:4]), "data", "shared", wants=OF_BOTH, both=True),
    "pinned": Set(MEMORY + WATCHED + PINNED, more=", pinned-io", wants=PINNED),
    "forked": Set(MEMORY + FORKED, forked=True),
    "forked-swap-cache": Set(MEMORY + FORKED, more=", swap-cache", wants=FORKED, forked=True),
    "large": Set(MEMORY + LARGE, more=", huge-pages 2", order=1),
    "swap-cache": Set(MEMORY + WATCHED, more=", swap-cache"),
    "page-age": Set(MEMORY + AGED, more=", page-age", wants=(*AGED, "kswapd reclaim app.heap.0")),
    "invlpgb": Set(MEMORY, more=", invlpgb 1"),
    "arm64": Set(MEMORY, more=", arch arm64"),
}


def every(name: str) -> list[str]:
    """The scripts of a set."""
    return [SETS[name].text(one, other) for one, other in SETS[name].pairs()]


def searched(text: str, policy: str, *without: str, states: int = STATES) -> Report:
    """What is found in a pair under a policy, perhaps without a guard."""
    program = parse(text, "pair.luf")
    return Exploration(program, make_policy(policy, without), limits=Limits(states=states)).run()


def pair_of(text: str) -> str:
    """The two operations of a script."""
    lines = text.split("race\n")[1].splitlines()
    return " | ".join(" ".join(line.split()) for line in lines[:2])


def _parts(words: str) -> tuple[int, int]:
    part, _, parts = words.partition("/")
    return int(part), int(parts)


def main() -> int:
    """Explore sets of pairs; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.pairs", description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(SETS))
    parser.add_argument("--policies", default=",".join(POLICIES), help="separated by commas")
    parser.add_argument("--parts", type=_parts, default=(1, 1), metavar="I/N", help="one of N")
    parser.add_argument("--states", type=int, default=STATES, help="states of a search")
    parser.add_argument("--shrink", metavar="FOLDER", help="write the smallest scripts here")
    args = parser.parse_args()
    part, parts = args.parts
    wrong = looked = 0
    began = time.monotonic()
    for name in args.sets or SETS:
        for number, text in enumerate(every(name)):
            if number % parts != part - 1:
                continue
            for policy in args.policies.split(","):
                looked += 1
                report = searched(text, policy, states=args.states)
                if not report.went_wrong:
                    continue
                wrong += 1
                told = f"{report.obligation}: {report.message}"
                sys.stdout.write(f"{name} {number} {policy}: {pair_of(text)}: {told}\n")
                sys.stdout.flush()
                if args.shrink:
                    program = parse(text, "pair.luf")
                    small = shrunk(program, make_policy(policy), report).scenario
                    target = Path(args.shrink) / f"{name}-{number}-{policy}.luf"
                    target.write_text(small, encoding="utf-8")
    seconds = time.monotonic() - began
    sys.stdout.write(f"{looked:,} searches, {wrong} found something, {seconds:,.0f} s\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
