"""Other checkers are shown beside the search where they are installed, and named where not."""

from __future__ import annotations

import shutil

import pytest

from tests.bench import peers, promela
from tests.bench.peers import RUMUR, SPIN, Counted, Peer
from tests.bench.processes import Ran
from tests.promela.machine import FULL, Sizes
from tests.promela.naming import ALL, PLAIN

TOLD = {"states": 329_827, "transitions": 1_921_624, "visited": 14_335, "rows": 1, "turns": 84_477}


def counted(states: int) -> Counted:
    return Counted(states, 1, Ran("", 2.0, 4.0, 10.0))


def row(peer: Peer, renamed: str, theirs: list[Counted], **told: int) -> tuple[str, str]:
    goal = promela.Goal(FULL, renamed, peer, 1.0, 0.5)
    found = promela._row(goal, TOLD | told, [Ran("", 1.0, 3.0, 20.0)], theirs)
    return found.measured, found.peer


def test_a_checker_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "not installed: rumur and cc" == row(RUMUR, ALL, [])[1]


def test_a_peer_has_its_figures_and_both_ratios() -> None:
    _, beside = row(SPIN, PLAIN, [counted(TOLD["visited"])])
    assert "SPIN: 14,335 states (as ours)" in beside
    assert "ours 0.50 x by the clock, 0.75 x of processors" in beside


def test_large_numbers_are_read_too() -> None:
    told = "   32114419 states, stored\n2.3808783e+08 transitions (= stored+matched)\n"
    assert (32_114_419, 238_087_830) == (
        peers._number(told, "states, stored"),
        peers._number(told, "transitions"),
    )


def test_counts_that_are_not_the_models_are_told() -> None:
    assert "exactly those of the model" in row(SPIN, PLAIN, [])[0]
    assert "NOT those of the model" in row(SPIN, PLAIN, [], transitions=1)[0]
    assert "(NOT OURS)" in row(SPIN, PLAIN, [counted(1)])[1]


def test_each_size_is_searched_once_a_round_for_all_its_goals() -> None:
    sizes = [goals[0].sizes for goals in promela._by_search(promela.GOALS)]
    assert [FULL, Sizes(2, 2, 4)] == sizes
