"""Permalinks: the same place again from anywhere, and what has changed since is told."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui import cli, library
from luf_tui.errors import LufError
from luf_tui.policy.luf import Luf
from luf_tui.runs.opening import open_run, play_file
from luf_tui.timeline.navigate import digests, permalinks
from luf_tui.timeline.navigate.permalinks import command, permalink, place_words
from luf_tui.timeline.navigate.spots import spot
from luf_tui.timeline.timeline import Timeline
from tests.conftest import Finished
from tests.ui_driver import SCENARIO, path

__all__ = ["path"]

GUARD = "flush-before-reuse"
NAMES = ["tour/who-pays", "races/two-takers", "tiering/model-weights"]


def run_of(path: Path) -> Timeline:
    return play_file(path, "luf", [GUARD])


@pytest.mark.parametrize("name", NAMES)
def test_every_position_has_words_that_lead_back_to_it(name: str) -> None:
    run = play_file(library.locate(name))
    for position in range(run.steps + 1):
        assert position == spot(place_words(run, position)).position(run)


def test_a_place_is_said_by_its_line() -> None:
    run = play_file(library.locate("tour/who-pays"))
    words = [place_words(run, at) for at in range(1, run.steps)]

    assert all(word.startswith("L") for word in words)


def test_a_link_names_file_place_policy_guards_and_digest(path: Path) -> None:
    run = run_of(path)
    words = shlex.split(command(run, 25))

    assert f"reuse.luf@L14+3#{digests.digest_at(run, 25)}" == words[1]
    assert ["luf-tui", "--policy", "luf", "--without", GUARD] == [words[0], *words[2:]]


def test_a_link_to_a_shipped_file_is_the_same_everywhere() -> None:
    run = play_file(library.locate("tour/who-pays"))

    assert permalink(run, 0).startswith("tour/who-pays@start#")


def test_nothing_has_changed_when_nothing_has(path: Path) -> None:
    opened = open_run(permalink(run_of(path), 25), "luf", [GUARD])

    assert 25 == opened.step
    assert "" == opened.drift


def test_a_script_that_has_changed_is_told_and_the_line_is_kept(path: Path) -> None:
    link = permalink(run_of(path), 25)
    path.write_text(SCENARIO + "cpu1 read text.0\n", "utf-8")
    opened = open_run(link, "luf", [GUARD])

    assert 14 == opened.line
    assert "the script has changed since this link was made" in opened.drift
    assert "this is line 14" in opened.drift


def test_a_place_that_is_gone_from_a_changed_script_opens_at_what_is_before_it(path: Path) -> None:
    link = permalink(play_file(path, "eager"), 30)
    assert "@L14+8#" in link
    path.write_text(SCENARIO.replace("kswapd   reclaim", "cpu1     read"), "utf-8")
    opened = open_run(link)

    assert 14 == opened.line
    with pytest.raises(LufError, match="past the end of line 14"):
        open_run("reuse.luf@L14+80")


def test_another_policy_is_told_as_that(path: Path) -> None:
    assert "another policy" in open_run(permalink(run_of(path), 25), "eager").drift


def test_a_luf_tui_that_plays_it_otherwise_is_told_as_that(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = permalink(run_of(path), 40)
    monkeypatch.setattr(Luf, "GUARDS", frozenset(g for g in Luf.GUARDS if g.name == GUARD))
    told = open_run(link, "luf", [GUARD]).drift

    assert "luf-tui has changed since this link was made" in told


def test_a_digest_of_the_script_alone_is_enough(path: Path) -> None:
    script = digests.digest_at(run_of(path), 0).script
    assert "" == open_run(f"reuse.luf@L14#{script}").drift
    path.write_text(SCENARIO + "cpu1 read text.0\n", "utf-8")
    assert "has changed" in open_run(f"reuse.luf@L14#{script}").drift


def test_what_is_no_digest_is_told(path: Path) -> None:
    with pytest.raises(LufError, match="no digest of a permalink"):
        open_run("reuse.luf@L14#nonsense")


def test_a_recording_can_be_linked_to() -> None:
    run = play_file(library.locate("llm-excerpt"))
    link = permalink(run, 400)
    opened = open_run(link)

    assert link.startswith("traces/llm-excerpt@L")
    assert (400, "") == (opened.step, opened.drift)
    assert "the recording has changed" in open_run(link.partition("#")[0] + "#00000000").drift


@pytest.mark.parametrize(
    "words",
    [("run", "{}", "--plain"), ("export", "{}", "--format", "txt", "-o", "-"), ("compare", "{}")],
)
def test_commands_open_a_link_and_tell_what_has_changed(
    words: tuple[str, ...], luf_tui: Callable[..., Finished], tmp_path: Path
) -> None:
    made = tmp_path / "reuse.luf"
    made.write_text(SCENARIO, "utf-8")
    link = f"{made}@{permalink(play_file(made, 'luf'), 25).rpartition('@')[2]}"
    told = [word.format(link) for word in words]
    assert "changed" not in luf_tui(*told).stderr

    made.write_text(f"{SCENARIO}cpu1 read text.0\n", "utf-8")
    assert "the script has changed" in luf_tui(*told).stderr


@pytest.mark.parametrize(
    ("words", "done"),
    [
        ("explore {} --max-states 3", "every order of its races is searched"),
        ("check {}", "the whole run is judged"),
        ("matrix {} --json", "the whole run is played without each guard"),
        ("explore --all-guards {} --max-states 3", "the whole run is played without each guard"),
        ("show {}", "the whole text is printed"),
        ("fmt --check {}", "the whole file is formatted"),
        ("new mine --from {}", "the whole scenario is copied"),
        ("compare {} --policies luf,luf-v12", "the whole runs are compared"),
    ],
)
def test_what_is_about_a_whole_file_takes_a_place_and_says_so(
    words: str,
    done: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "reuse.luf"
    made.write_text(f"{SCENARIO}race\n  cpu1 read text.0\n  cpu0 read heap.0\nend\n", "utf-8")
    code = cli.main(words.format("reuse.luf").split())
    plain = capsys.readouterr()
    (tmp_path / "mine.luf").unlink(missing_ok=True)
    link = f"reuse.luf@{permalink(play_file(made, 'luf'), 25).rpartition('@')[2]}"
    assert code == cli.main(words.format(link).split()) != 2
    told = capsys.readouterr()
    seconds = re.compile(r"[0-9.]+ s")

    assert seconds.sub("", plain.out) == seconds.sub("", told.out)
    assert f"{link}: {done}, not only up to the place\n" in told.err
    made.write_text(f"{made.read_text('utf-8')}cpu1 read text.0\n", "utf-8")
    (tmp_path / "mine.luf").unlink(missing_ok=True)
    cli.main(words.format(link).split())
    assert "the script has changed since this link was made" in capsys.readouterr().err


def test_a_recording_is_replayed_whole_and_a_wrong_place_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert 0 == cli.main(["replay", "llm-excerpt@L3#00000000", "--policies", "luf"])
    assert "all of it is replayed" in (told := capsys.readouterr().err)
    assert "has changed since" in told
    for word in ("explore", "check", "show", "fmt", "matrix", "replay"):
        assert 2 == cli.main([word, "tour/who-pays@soon"])
        assert "'soon' is no step or line" in capsys.readouterr().err


def test_a_path_from_the_working_folder_or_from_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "a/b.luf" == permalinks.file_words(tmp_path / "a" / "b.luf")
    assert "/elsewhere/b.luf" == permalinks.file_words(Path("/elsewhere/b.luf"))
