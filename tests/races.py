"""What the tests of the explorer share: the shipped small races, and searching one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from luf_tui.engine.transitions import Transitions
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load, parse
from luf_tui.script.program import Program
from luf_tui.search.race_start import Start, at_race
from luf_tui.search.result import Result
from luf_tui.search.search import Search

FOLDER = Path(__file__).resolve().parent.parent / "scenarios" / "races"

GUARDED = {
    "flush-before-reuse": ("flush-before-reuse", "O2"),
    "flush-before-pte": ("flush-before-pte", "O7"),
    "wait-zone-generation": ("wait-zone-generation", "O2"),
    "munmap": ("note-pending", "O10"),
    "pending-wrprotect": ("pending-wrprotect", "O3"),
    "write-syscall": ("flush-on-write", "O8"),
    "uffd": ("uffd-flush", "O3"),
    "munmap-reference": ("last-reference", "O2"),
    "cow-reference": ("last-reference", "O2"),
    "split": ("split-keeps-mark", "O2"),
    "switched-out": ("diet-private-batch", "O5"),
}
"""Each small race, the guard it is about, and the obligation broken without it."""
LARGE = {"four-cpus": ("flush-before-pte", "O7")}
"""The same of a race whose search with the guard takes minutes."""

TINY = """\
title    A reader and an unmapper
machine  cpus 3, dram 2, max-order 0, tlb 3, key-bits 2, swap 1
policy   luf
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
cpu2     run app
cpu1     read text.0
cpu2     read text.0
race
  cpu1     munmap text
  cpu2     read text.0
  {more}
end
expect   no violation
"""

STUCK = """\
title    A lock that is never let go
machine  cpus 2, dram 2, max-order 0, tlb 4, key-bits 2
policy   luf
monitor  on cpu0
process  app, heap 1 page
cpu1     run app
cpu1     write heap.0 bytes
monitor  register app.heap.0 wp
monitor  write-protect app.heap.0 stop before flush
race
  cpu1     munmap heap
end
"""
"""A race in which a lock is never let go."""


def tiny(more: str = "") -> Program:
    """A race small enough for every comparison."""
    return parse(TINY.format(more=more), "tiny.luf")


def race(name: str) -> Program:
    """A shipped race."""
    return load(str(FOLDER / f"{name}.luf"))


@cache
def result(name: str, *without: str, reduced: bool = True) -> Result:
    """What the search of a shipped race finds, with every reduction or with none. Several tests
    look at each: it is made once.
    """
    transitions = start(race(name), *without, reduced=reduced).transitions
    return Search(transitions, symmetric=reduced).run()


def start(program: Program, *without: str, policy: str = "luf", reduced: bool = True) -> Start:
    """The first race of a program, about to begin."""
    found = at_race(program, make_policy(policy, without), reduced=reduced)
    assert found is not None
    return found


def interrupt_after(turns: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ctrl-C when so many turns of a race were made; how many are left is counted down."""
    make, left = Transitions.make, [turns]

    def interrupted(transitions: Transitions, turn: int) -> object:
        left[0] -= 1
        made = make(transitions, turn)
        if not left[0]:
            raise KeyboardInterrupt
        return made

    monkeypatch.setattr(Transitions, "make", interrupted)
    return left


def searched(program: Program, *without: str, **options: object) -> Result:
    """A search of the first race of a program, to its first violation."""
    return Search(start(program, *without).transitions, **options).run()  # type: ignore[arg-type]
