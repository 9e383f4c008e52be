"""What a run is held against, in the words of a person."""

from __future__ import annotations

from functools import cache

import pytest

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.policy.registry import make_policy
from luf_tui.runs.beside import Beside, beside, with_settings
from luf_tui.runs.opening import play, program
from luf_tui.script.parse import parse
from luf_tui.script.program import Program


@cache
def tour() -> Program:
    return program(library.locate("tour/flush-before-reuse"))


def asked(words: str) -> Beside:
    return beside(tour(), make_policy("luf"), words)


@pytest.mark.parametrize(
    ("words", "name", "without"),
    [
        ("eager", "eager", ()),
        ("luf without flush-before-reuse", "luf", ("flush-before-reuse",)),
        ("without flush-before-reuse", "luf", ("flush-before-reuse",)),
    ],
)
def test_a_policy_or_guards_are_another_run(
    words: str, name: str, without: tuple[str, ...]
) -> None:
    found = asked(words)

    assert (name, without) == (found.policy.name, found.policy.without)
    assert found.program is tour()


def test_guards_are_taken_away_besides_those_that_are_gone_already() -> None:
    found = beside(tour(), make_policy("luf", ["wide-generations"]), "without flush-before-reuse")

    assert {"wide-generations", "flush-before-reuse"} == set(found.policy.without)


def test_a_setting_makes_another_machine_and_keeps_the_lines() -> None:
    found = asked("dram 4, tlb 2")

    assert [4, 8] == [node.frames for node in found.program.config.nodes]
    assert 2 == found.program.config.tlb_entries
    assert [i.span.line for i in tour().items] == [i.span.line for i in found.program.items]
    assert "luf · dram 4, tlb 2" == found.name


def test_a_switch_of_the_machine_goes_on_and_off() -> None:
    on = with_settings(tour(), "init-on-free")
    off = with_settings(on, "no init-on-free")

    assert (True, False) == (on.config.init_on_free, off.config.init_on_free)


def test_a_script_that_says_nothing_of_its_machine_gets_a_line() -> None:
    bare = parse("title    T\nprocess  app\ncpu1     run app\n", "bare.luf")

    assert 5 == with_settings(bare, "cpus 5").config.cpus


def test_a_place_is_one_of_the_same_run() -> None:
    run = play(tour(), make_policy("luf"))
    pair = asked("@end").sides(run)

    assert (run, run.steps) == (pair.right, pair.place)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "say what to hold it against"),
        ("eagr", "did you mean 'eager'"),
        ("without", "say which guards"),
        ("without nosuch", "no guard is called 'nosuch'"),
        ("flush-before-reuse", "did you mean 'without flush-before-reuse'"),
        ("eager please", "only `without GUARD`"),
        ("dram", "needs a number"),
        ("@nowhere", "no step or line"),
    ],
)
def test_what_cannot_be_understood_is_told(words: str, told: str) -> None:
    with pytest.raises(LufError, match=told):
        asked(words)
