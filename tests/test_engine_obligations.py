"""Obligations: each expressible one is named by something that breaks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from luf_tui.oracle import obligations
from tests.engine_runs import Run

README = Path(__file__).resolve().parent.parent / "README.md"
BOTH_READ = "cpu1 read text.0\ncpu2 read text.0\n"
MOVED = (
    "app mmap anon 2 pages read-write as box\n"
    "cpu1 write box.0 parcel\ncpu1 mprotect box read-only\n"
    "kswapd demote app.box.0\ncpu2 read box.0\nkswapd reclaim app.box.0\n"
    "monitor register app.box.1 wp\nmonitor uffdio-move app.box.0 to app.box.1\ncpu2 read box.0\n"
)
READ_ANEW = (
    "app mmap lib read-only shared as view\ncpu1 read view.0\nkswapd reclaim lib.0\n"
    "server change lib.0 new\ncpu2 read view.0\ncpu1 read view.0\n"
)
RECLAIMED = BOTH_READ + "kswapd reclaim text.0\n"


@pytest.mark.parametrize("name", sorted(obligations.ABOUT))
def test_every_obligation_has_a_function_of_its_name(name: str) -> None:
    assert callable(getattr(obligations, name.lower()))


@pytest.mark.parametrize("name", [f"O{number}" for number in range(1, 40)])
def test_an_obligation_without_a_function_is_explained_in_the_readme(name: str) -> None:
    told = (
        README.read_text(encoding="utf-8").partition("### Obligations")[2].partition("`luf` is")[0]
    )
    number = int(name[1:])
    spans = [(int(a), int(b)) for a, b in re.findall(r"O(\d+) to O(\d+)", told)]

    named = re.search(rf"\b{name}\b", told) or any(a <= number <= b for a, b in spans)
    assert named


@pytest.mark.parametrize(
    ("guard", "script", "name"),
    [
        ("flush-before-report", RECLAIMED + "kernel report\ncpu1 read text.0\n", "O1"),
        ("flush-before-poison", BOTH_READ + "kernel poison text.0\ncpu1 read text.0\n", "O36"),
        ("flush-on-read-in", READ_ANEW, "O9"),
        ("flush-on-write", RECLAIMED + "cpu1 pwrite lib.0 new\ncpu2 read text.0\n", "O8"),
        ("flush-on-install", MOVED, "O12"),
        ("flush-batched-pending", RECLAIMED + "cpu1 munmap text\ncpu2 read text.0\n", "O10"),
    ],
)
def test_a_missing_guard_breaks_the_obligation_it_upholds(
    guard: str, script: str, name: str
) -> None:
    assert [("A", name)] == Run(script, without=(guard,)).violations()
    assert [] == Run(script).violations()


def test_truncation_pays_twice_over() -> None:
    """By LUF's hook, and as its walk of the page tables flushes what is pending there."""
    script = RECLAIMED + "cpu1 truncate lib to 0\ncpu2 read text.0\n"
    both = ("flush-on-truncate", "flush-batched-pending")
    assert [("A", "O9")] == Run(script, without=both).violations()
    assert [] == Run(script, without=both[:1]).violations()
    assert [] == Run(script, without=both[1:]).violations()
