"""The museum: published bugs, found by search without the kernel's fix and gone with it."""

from __future__ import annotations

import pytest

from luf_tui.oracle.oracle import VIOLATION
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES, make_policy
from luf_tui.script.program import Race
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.result import SAFE, UNSAFE
from luf_tui.timeline.recorder import record
from tests.museum import FOLDER, PIECES, piece, read, sources, year


def explored(name: str, policy: str, *without: str) -> Report:
    return Exploration(piece(name), make_policy(policy, without)).run()


def test_every_piece_is_looked_at_here() -> None:
    assert sorted(PIECES) == sorted(path.stem for path in FOLDER.glob("*.luf"))
    assert 46 <= len(PIECES)


@pytest.mark.parametrize("policy", ["batched", "luf"])
@pytest.mark.parametrize("name", PIECES)
def test_with_the_fix_no_order_breaks_anything(name: str, policy: str) -> None:
    found = explored(name, policy)
    assert (SAFE, "") == (found.verdict, found.why)
    assert found.states < 20_000


@pytest.mark.parametrize(("name", "guard", "obligation"), [(n, *g) for n, g in PIECES.items()])
def test_without_the_fix_the_search_finds_the_bug(name: str, guard: str, obligation: str) -> None:
    found = explored(name, piece(name).policy, guard)
    assert (UNSAFE, obligation, 0) == (found.verdict, found.obligation, found.before)


@pytest.mark.parametrize(("name", "guard", "obligation"), [(n, *g) for n, g in PIECES.items()])
def test_its_schedule_shows_the_bug(name: str, guard: str, obligation: str) -> None:
    """The order written down in the piece breaks the same obligation, and is clean with the fix."""
    program = piece(name)
    bugs = [one for one in record(program, None, (guard,)).findings if one.weight == VIOLATION]
    assert obligation == bugs[0].obligation
    assert [] == [one for one in record(program).findings if one.weight == VIOLATION]


@pytest.mark.parametrize("name", PIECES)
def test_it_names_its_source_and_its_guard(name: str) -> None:
    """A commit, a CVE, a release or a commit's subject, its year, and a guard that the policy of
    the piece has.
    """
    program = piece(name)
    guard, _ = PIECES[name]
    assert sources(program.about)
    assert year(program.about)
    assert guard in program.about
    assert GUARDS[guard] in POLICIES[program.policy].GUARDS
    assert any(isinstance(item, Race) and item.schedule for item in program.items)


def test_a_source_is_the_first_that_a_piece_names() -> None:
    told = {name: (sources(piece(name).about), year(piece(name).about)) for name in PIECES}
    assert ("CVE-2018-18281, eb66ae030829", "2018") == told["mremap-against-truncate"]
    assert ("Linux 2.6.18.2", "2006") == told["self-modifying-code"]
    assert ('"mm: mark stable page dirty in KSM"', "2016") == told["ksm-page-given-up"]


def test_the_table_has_what_a_search_finds_in_every_piece() -> None:
    """As `python -m tests.museum` wrote it; what is broken is what the tests above find."""
    found = read()
    assert list(PIECES) == list(found)
    for name, (_, obligation) in PIECES.items():
        assert obligation == found[name]["obligation"]
        assert 0 < found[name]["turns"] < found[name]["states"]
