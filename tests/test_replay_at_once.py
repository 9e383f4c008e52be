"""Policies that are replayed at once, in processes, and how far they are told to be."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from luf_tui import cli
from luf_tui.commands.replay import ReplayProgress
from luf_tui.errors import LufError
from luf_tui.ftrace.replay.outcome import Progress
from luf_tui.runs.at_once import all_done
from luf_tui.runs.replayed import replay
from luf_tui.timeline.tell.words import in_words

ROOT = Path(__file__).parent.parent
FORK = ROOT / "tests" / "data" / "fork-excerpt.trace.xz"


def who(number: int, told: Progress | None) -> tuple[int, int]:
    """The number, and the process that was asked for it."""
    if told is not None:
        told(1, 2)
    return number, os.getpid()


def test_one_process_does_all_where_no_more_are_asked_for() -> None:
    assert [(0, os.getpid()), (1, os.getpid())] == all_done(who, 2, 1)


def test_answers_come_in_order_from_processes_that_have_what_this_one_has() -> None:
    found = all_done(who, 5, 2)
    assert list(range(5)) == [number for number, _ in found]
    assert os.getpid() not in {process for _, process in found}


def test_processes_tell_how_far_they_are() -> None:
    heard: list[tuple[int, int, int]] = []
    all_done(who, 2, 2, lambda *what: heard.append(what))
    assert {(0, 1, 2), (1, 1, 2)} == set(heard)


def test_a_process_that_ends_is_told_in_a_sentence() -> None:
    def ends(number: int, told: Progress | None) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(LufError, match="a process of --jobs ended"):
        all_done(ends, 2, 2)


def test_what_is_found_does_not_depend_on_the_processes() -> None:
    one, several = (replay(FORK, jobs=jobs) for jobs in (1, 3))
    assert (str(one), one.summary()) == (str(several), several.summary())


def test_each_policy_has_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []

    def noted(work: object, count: int, jobs: int, tell: object) -> list[object]:
        asked.append(jobs)
        raise LufError("that is all")

    monkeypatch.setattr("luf_tui.runs.replayed.all_done", noted)
    cli.main(["replay", str(FORK), "--jobs", "3"])
    assert ([3], True) == (asked, "that is all" in capsys.readouterr().err)


def test_an_estimate_of_what_is_left_comes_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    clock = iter([0.0, 0.0, 1.0, 30.0, 31.0, 31.0, 41.0])
    progress = ReplayProgress(lambda: next(clock))
    progress.reading(1, 100)
    progress.reading(25, 100)
    progress.replaying("eager", 0, 200)
    progress.replaying("luf", 20, 200)
    said = capsys.readouterr().err.split("\r")[1:]
    assert ["reading 1 %", "reading 25 %, about 2 min left"] == [one.rstrip() for one in said[:2]]
    assert ["replaying 0 %, eager", "replaying 10 %, luf, about 2 min left"] == [
        one.rstrip() for one in said[2:]
    ]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (59.4, "59 s"), (90, "2 min"), (7_500, "2 h 5 min")]
)
def test_what_is_left_is_told_as_roughly_as_it_is_known(seconds: float, said: str) -> None:
    assert said == in_words(seconds)
