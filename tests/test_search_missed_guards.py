"""Random programs against each missing guard, and the matrix that shows it beside the search."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from luf_tui.errors import LufError
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import Task, Zone
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.luf import Luf
from luf_tui.policy.registry import POLICIES
from luf_tui.search.random_programs.missed_guards import by_random, play
from luf_tui.search.random_programs.random_program import random_program
from tests.races import FOLDER

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_seed_always_gives_the_same_program() -> None:
    assert random_program(7) == random_program(7)
    assert random_program(7).items != random_program(8).items


def test_the_first_program_that_shows_a_guard_is_missing_is_told() -> None:
    found, none = by_random("luf", ("flush-before-reuse", "refuse-kasan"), 20)
    assert found.seed >= 0
    assert -1 == none.seed
    assert found.obligation == play("luf", found.seed, "flush-before-reuse").obligation
    for seed in range(found.seed):
        assert "" == play("luf", seed, "flush-before-reuse").obligation


def test_a_program_that_asks_for_no_such_guard_ends_as_ever() -> None:
    for seed in range(2):
        asked = play("luf", seed).asked
        for guard in [name for name in GUARDS if name not in asked][:8]:
            assert asked == play("luf", seed, guard).asked


def test_several_processes_find_the_same_seeds() -> None:
    guards = ("flush-before-reuse", "refuse-writable")
    alone, shared = (list(by_random("luf", guards, 12, jobs=jobs)) for jobs in (1, 2))
    assert alone == shared


def test_the_matrix_shows_search_and_random_programs_when_asked(luf_tui: Run) -> None:
    words = ("matrix", FOLDER / "wait-zone-generation.luf", "--search", "--random", 10)
    found = json.loads(luf_tui(*words, "--json").stdout)["guards"]["wait-zone-generation"]
    assert "found" == found["search"]["verdict"]
    assert found["search"]["race"]
    assert 10 == found["random"]["programs"]
    plain = json.loads(luf_tui(*words[:2], "--json").stdout)["guards"]["wait-zone-generation"]
    assert ["obligations", "killed_by", "asked_by"] == list(plain)


FOUND = (
    *("flush-before-copy", "flush-before-set", "last-reference", "flush-before-reuse"),
    *("mark-on-drain", "newest-candidate", "check-on-switch-in", "flush-before-free"),
    "refuse-writable",
)
"""Guards that three or more of 80 random programs do not do without, whatever is drawn."""


def test_eighty_random_programs_find_many_a_missing_guard() -> None:
    missed = [one.guard for one in by_random("luf", FOUND, 80) if one.seed < 0]
    assert [] == missed


class Careless(Luf):
    """Says that it has every guard, and pays for nothing at a takeoff."""

    def takeoff_end(self, m: Machine, task: Task | None, zone: Zone | None) -> int:
        super().takeoff_end(m, task, zone)
        return 0


def test_a_program_that_breaks_the_whole_policy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICIES, "careless", Careless)
    with pytest.raises(LufError, match=r"the random program of seed \d+ breaks O2 under careless"):
        list(by_random("careless", ("flush-before-reuse",), 40))
