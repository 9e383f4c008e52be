"""The museum: published bugs, found by search without the kernel's fix and gone with it."""

from __future__ import annotations

import re

import pytest

from luf_tui.oracle.oracle import VIOLATION
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES
from luf_tui.script.parse import load
from luf_tui.script.program import Program, Race
from luf_tui.search.result import SAFE, UNSAFE
from luf_tui.search.search import Search
from luf_tui.timeline.recorder import record
from tests.conftest import ROOT
from tests.races import start

FOLDER = ROOT / "scenarios" / "museum"

PIECES = {
    "flag-for-two-flushes": ("count-gathers", "O5"),
    "full-gather": ("flush-what-is-gathered", "O2"),
    "hidden-page-migrated": ("flush-hidden-while-pending", "O3"),
    "mremap-against-truncate": ("flush-before-unlock", "O2"),
    "mremap-against-writeback": ("flush-before-unlock", "O5"),
    "munmap-against-writeback": ("delay-rmap", "O5"),
    "page-table-under-a-lazy-cpu": ("flush-before-table-free", "O32"),
    "mprotect-during-reclaim": ("flush-batched-pending", "O13"),
    "second-gather": ("flush-nested-gather", "O12"),
    "self-modifying-code": ("flush-before-set", "O6"),
    "soft-dirty-against-cow": ("lock-soft-dirty", "O3"),
    "soft-dirty-without-a-flush": ("flush-soft-dirty", "O13"),
    "switch-against-flush": ("mask-before-load", "O10"),
    "uffd-against-cow": ("uffd-flush", "O3"),
}
"""Each piece, the guard that is the kernel's fix, and the obligation broken without it."""


def piece(name: str) -> Program:
    """A piece of the museum."""
    return load(str(FOLDER / f"{name}.luf"))


def test_every_piece_is_looked_at_here() -> None:
    assert sorted(PIECES) == sorted(path.stem for path in FOLDER.glob("*.luf"))
    assert 8 <= len(PIECES)


@pytest.mark.parametrize("policy", ["batched", "luf"])
@pytest.mark.parametrize("name", PIECES)
def test_with_the_fix_no_order_breaks_anything(name: str, policy: str) -> None:
    found = Search(start(piece(name), policy=policy).transitions).run()
    assert (SAFE, "") == (found.verdict, found.why)
    assert found.states < 20_000


@pytest.mark.parametrize(("name", "guard", "obligation"), [(n, *g) for n, g in PIECES.items()])
def test_without_the_fix_the_search_finds_the_bug(name: str, guard: str, obligation: str) -> None:
    program = piece(name)
    found = Search(start(program, guard, policy=program.policy).transitions).run()
    assert (UNSAFE, obligation) == (found.verdict, found.broken[0].obligation)


@pytest.mark.parametrize(("name", "guard", "obligation"), [(n, *g) for n, g in PIECES.items()])
def test_its_schedule_shows_the_bug(name: str, guard: str, obligation: str) -> None:
    """The order written down in the piece breaks the same obligation, and is clean with the fix."""
    program = piece(name)
    bugs = [one for one in record(program, None, (guard,)).findings if one.weight == VIOLATION]
    assert obligation == bugs[0].obligation
    assert [] == [one for one in record(program).findings if one.weight == VIOLATION]


@pytest.mark.parametrize("name", PIECES)
def test_it_names_its_source_and_its_guard(name: str) -> None:
    """A commit, a CVE or a release, and a guard that the policy of the piece has."""
    program = piece(name)
    guard, _ = PIECES[name]
    assert re.search(r"\b[0-9a-f]{12}\b|CVE-\d{4}-\d+|Linux \d+\.\d+\.\d+", program.about)
    assert guard in program.about
    assert GUARDS[guard] in POLICIES[program.policy].GUARDS
    assert any(isinstance(item, Race) and item.schedule for item in program.items)


def test_the_readme_lists_the_museum() -> None:
    """Every piece in a row, with its guard and the source that the piece itself names."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (\S[^|]*) \| `([a-z-]+)` \|$", readme, re.MULTILINE)
    assert {name: guard for name, (guard, _) in PIECES.items()} == {
        name: guard for name, _, guard in rows if name in PIECES
    }
    for name, sources, _ in rows:
        assert [] == [one for one in sources.split(", ") if one not in piece(name).about]
