"""What is wrong is told with what to do next, all at once, and ends nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import luf_tui
from luf_tui import cli, library
from luf_tui.policy.own import OWN
from luf_tui.policy.registry import POLICIES
from luf_tui.script import syntax
from luf_tui.ui import config_file
from tests.conftest import forgotten

TOUR = "tour/flush-before-reuse"
Told = Callable[..., str]


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    """Runs a command that is bad input, in an empty folder; gives what it says."""
    monkeypatch.chdir(tmp_path)

    def run(words: str) -> str:
        assert 2 == cli.main(words.split())
        return capsys.readouterr().err

    return run


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with a scenario that is none, between two that are."""
    shutil.copy(library.locate(TOUR), tmp_path / "a.luf")
    (tmp_path / "b.luf").write_text("proces app\n", "utf-8")
    shutil.copy(library.locate("races/flush-before-reuse"), tmp_path / "c.luf")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    ["check {}", "matrix {} --json", "explore --all-guards {} --max-states 3", "fmt --check {}"],
)
def test_one_bad_file_ends_no_run_over_a_folder(
    mixed: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    (mixed / "c.luf").write_text((mixed / "c.luf").read_text("utf-8") + "note  x  \n", "utf-8")
    assert 2 == cli.main(words.format(mixed).split())
    done = capsys.readouterr()

    assert "did you mean 'process'?" in done.err or "expected" in done.err
    assert "c.luf" in done.out + done.err


def test_a_name_that_is_none_ends_no_formatting(
    mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mixed / "c.luf").write_text("process   app\n", "utf-8")
    assert 2 == cli.main(["fmt", "nosuch", str(mixed / "c.luf")])

    assert "nosuch: no such file" in capsys.readouterr().err
    assert "process  app\n" == (mixed / "c.luf").read_text("utf-8")


def test_a_folder_that_cannot_be_looked_into_is_told_and_passed_over(
    mixed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (mixed / "b.luf").unlink()
    (mixed / "gone").mkdir()
    looked = os.scandir

    def scanned(path: Any = ".") -> Any:
        if str(path).endswith("gone"):
            raise OSError(3, "No such process", str(path))
        return looked(path)

    monkeypatch.setattr(os, "scandir", scanned)
    assert 0 == cli.main(["check", str(mixed)])
    done = capsys.readouterr()

    assert "2 scenarios: 2 held" in done.out
    assert f"1 folder could not be looked into, first {mixed / 'gone'}: No such process" in done.err


@pytest.mark.parametrize("command", ["check", "fmt"])
def test_a_folder_in_which_nothing_can_be_seen_is_not_said_to_be_empty(
    command: str,
    mixed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def scanned(path: Any = ".") -> Any:
        raise OSError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", scanned)
    assert 2 == cli.main([command, str(mixed)])

    assert f"luf-tui: {mixed}: Permission denied\n" == capsys.readouterr().err


def test_a_link_that_leads_in_a_circle_is_told_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.luf").symlink_to("b.luf")
    (tmp_path / "b.luf").symlink_to("a.luf")
    assert 2 == cli.main(["run", str(tmp_path / "a.luf")])

    assert "a.luf: a link that leads to no file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "next_"),
    [
        ("replay tour", "this is a folder\n  `luf-tui list"),
        ("replay nosuch.trace", "`luf-tui list` names what is shipped"),
        (f"run {TOUR} --policy mine.py", "say mine.py:Mine or mine.py:Other"),
        (f"run {TOUR} --policy ./mine", "say ./mine.py:Mine"),
        (f"run {TOUR} --policy mine:Mine", "say mine.py:Mine"),
        (f"run {TOUR} --policy nosuch.py", "path/to/mine.py:Mine"),
        (f"run {TOUR} --policy nosuch.py:Mine", "path/to/mine.py:Mine"),
        (f"compare {TOUR} --policies luf,mine.py", "say mine.py:Mine"),
    ],
)
def test_what_comes_next_is_said(told: Told, words: str, next_: str) -> None:
    Path("mine.py").write_text("raise SystemExit\nclass Mine: pass\nclass Other: pass\n", "utf-8")

    assert next_ in told(words)


def test_what_is_too_large_is_told_with_the_limit(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syntax, "MAX_BYTES", 10)
    Path("huge.luf").write_text("process app\n", "utf-8")

    assert "12 bytes, and at most 10 are read" in told("run huge.luf")


def test_a_policy_is_told_with_all_else_that_is_wrong(told: Told) -> None:
    Path("bad.luf").write_text("proces app\npolicy lof\ncpu9 run app\n", "utf-8")
    said = told("check bad.luf")

    assert [1, 2, 3] == [int(row.split(":")[1]) for row in said.splitlines() if "bad.luf" in row]


def test_a_guard_is_told_with_all_else_that_is_wrong(told: Told) -> None:
    Path("bad.luf").write_text("proces app\npolicy luf without nosuch\n", "utf-8")

    assert "bad.luf:2:20: no guard is called 'nosuch'" in told("run bad.luf")


def test_what_is_wrong_with_settings_is_told_in_the_order_of_the_lines(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[keys]\nforwrd = "L"\nback = "left"\nforward = "left"\nnosuch = 3\n', "utf-8"
    )
    (error,) = config_file.load(tmp_path / "config.toml", "").errors
    lines = [problem.span.line for problem in error.problems if problem.span]

    assert len(lines) >= 3
    assert sorted(lines) == lines


def calls() -> Iterator[tuple[str, Callable[[luf_tui.Run, Any], object], object]]:
    for wrong in (None, 3, b"tour", 1.5):
        yield "open", lambda _, value: luf_tui.open(value), wrong
        yield "explore", lambda _, value: luf_tui.explore(value), wrong
        yield "replay", lambda _, value: luf_tui.replay(value), wrong
        yield "parse", lambda _, value: luf_tui.parse(value), wrong
        yield "why", lambda run, value: run.why(value), wrong
        yield "theme", lambda run, value: run.svg(theme=value), wrong
    for wrong in (None, 1.5, b"L25", [3]):
        yield "seek", lambda run, value: run.seek(value), wrong
        yield "width", lambda run, value: run.screen(value), wrong
        yield "svg", lambda run, value: run.svg(value), wrong
    for wrong in (1.5, "L25", [3]):
        yield "first", lambda run, value: run.diagram(value), wrong
        yield "last", lambda run, value: run.diagram(0, value), wrong
        yield "policy", lambda _, value: luf_tui.open(TOUR, policy=value), wrong
        yield "race", lambda _, value: luf_tui.explore(TOUR, race=value), wrong
        yield "memory", lambda _, value: luf_tui.explore(TOUR, max_memory=value), wrong
    for wrong in (3, [3], [None]):
        yield "without", lambda _, value: luf_tui.open(TOUR, without=value), wrong
        yield "policies", lambda _, value: luf_tui.replay("llm-excerpt", value), wrong


@pytest.fixture(scope="module")
def run() -> luf_tui.Run:
    return luf_tui.open(TOUR)


@pytest.mark.parametrize(("what", "call", "wrong"), list(calls()))
def test_what_a_program_gives_that_is_no_such_thing_is_told(
    run: luf_tui.Run, what: str, call: Callable[[luf_tui.Run, Any], object], wrong: object
) -> None:
    with pytest.raises(luf_tui.LufError) as raised:
        call(run, wrong)
    assert str(raised.value)


def test_a_shipped_policy_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in ("policies/latr.py:Latr", "scenarios/policies/latr.py:Latr"):
        with forgotten(POLICIES), forgotten(OWN):
            assert "latr" == luf_tui.open(TOUR, policy=word).policy
    assert 0 == cli.main(["show", "policies/latr.py"])
