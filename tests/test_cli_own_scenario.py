"""A scenario of one's own from the command line: begun, shown, and never overwritten."""

from __future__ import annotations

import lzma
import os
import threading
from pathlib import Path

import pytest

import luf_tui
from luf_tui import cli, library
from luf_tui.script import syntax
from luf_tui.script.format import format_text
from luf_tui.script.program import Expect, Race

DEMOTION = library.locate("tiering/demotion")
RECORDING = library.locate("llm-excerpt")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    code = cli.main(words)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_what_is_begun_holds_is_safe_and_breaks_without_a_guard() -> None:
    assert 0 == cli.main(["new", "doubt"])
    program = luf_tui.open("doubt.luf").timeline.program

    assert "doubt" == program.title
    assert {Expect, Race} <= {type(item) for item in program.items}
    assert 0 == cli.main(["check", "doubt.luf"])
    assert "safe" == luf_tui.explore("doubt.luf").verdict
    assert "unsafe" == luf_tui.explore("doubt.luf", without="flush-before-reuse").verdict


def test_what_is_begun_is_formatted_and_explains_itself(folder: Path) -> None:
    cli.main(["new", "doubt"])
    text = (folder / "doubt.luf").read_text("utf-8")

    assert text == format_text(text)
    assert 5 <= sum(line.startswith("#") for line in text.splitlines())


def test_the_commands_that_new_names_work(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = told(capsys, "new", "my doubt")

    assert "my doubt.luf\n" == out
    for word in ("check", "explore"):
        assert f"`luf-tui {word} 'my doubt.luf'`" in err
        assert 0 == cli.main([word, "my doubt.luf"])


def test_new_never_overwrites(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.luf").write_text("process app\n", "utf-8")
    for words in (["new", "mine"], ["new", "mine.luf", "--from", "tiering/demotion"]):
        code, out, err = told(capsys, *words)
        assert (2, "") == (code, out)
        assert "mine.luf is there already" in err
    assert "process app\n" == (folder / "mine.luf").read_text("utf-8")


def test_new_copies_a_scenario_as_it_is(folder: Path) -> None:
    assert 0 == cli.main(["new", "copy", "--from", "tiering/demotion"])

    assert DEMOTION.read_text("utf-8") == (folder / "copy.luf").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("new", "nosuch/doubt"), "nosuch: no such folder"),
        (("new", ""), "names no file"),
        (("new", "."), "names no file"),
        (("new", "x", "--from", "tour"), "tour is a folder; `luf-tui list tour`"),
        (("new", "x", "--from", "llm-excerpt"), "is a recording"),
        (("new", "x", "--from", "tiering/demotoin"), "did you mean 'tiering/demotion'?"),
        (("show", "tour"), "tour is a folder; `luf-tui list tour`"),
        (("show", "tiering/demotoin"), "did you mean 'tiering/demotion'?"),
    ],
)
def test_what_cannot_be_begun_or_shown_is_told_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    code, out, err = told(capsys, *words)

    assert (2, "") == (code, out)
    assert why in err
    assert [] == list(folder.iterdir())


def test_show_prints_the_text_and_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert (0, DEMOTION.read_text("utf-8"), f"{DEMOTION}\n") == told(
        capsys, "show", "tiering/demotion"
    )


def test_a_pipe_that_nobody_writes_to_is_not_waited_for_without_end(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syntax, "PIPE_SECONDS", 0.1)
    os.mkfifo(folder / "q.luf")
    for word in ("run", "check", "show", "explore", "fmt"):
        code, _, err = told(capsys, word, "q.luf")
        assert (2, True) == (code, "a pipe that nobody writes to" in err), word


def test_a_pipe_that_somebody_writes_to_late_is_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "q.luf")
    late = threading.Timer(0.3, lambda: (folder / "q.luf").write_text("process app\n", "utf-8"))
    late.start()

    assert "app" == luf_tui.open("q.luf").timeline.config.processes[0].name
    late.join()


def test_show_prints_the_lines_of_a_recording(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = told(capsys, "show", "llm-excerpt")

    assert lzma.decompress(RECORDING.read_bytes()).decode().splitlines() == out.splitlines()
