"""Files that commands write: whole, over nothing that is not their own, and with a way on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from luf_tui import cli, library
from luf_tui.commands import writing
from luf_tui.commands.writing import EXPORTED
from luf_tui.ftrace.recipe import VARIANTS, recipe
from luf_tui.render.formats import FORMATS

TOUR = "tour/flush-before-reuse"
RACE = "races/flush-before-reuse --without flush-before-reuse --no-shrink"
DEEDS = {
    **{name: f"export {TOUR}@L25 --format {name} -o" for name in FORMATS},
    "map": f"export {TOUR}@L25 --map --format svg -o",
    "small": f"export {TOUR} --size 60x20 --format txt -o",
    "wide": f"export {TOUR}@0 --size 220x60 --format txt -o",
    "window": "export llm-excerpt@L640..L700 --format luf -o",
    "stretch": f"export {TOUR}@3..9 --format diagram -o",
    "four": "export races/four-cpus --format diagram -o",
    "counterexample": f"explore {RACE} --write",
    "sides": f"compare {TOUR} --side-by-side --html",
    "replay": "replay llm-excerpt --policies luf --html",
}
"""Every way to have a file written, without its name."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_format_is_tried() -> None:
    assert set(FORMATS) == set(EXPORTED) <= set(DEEDS)


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_an_own_file_is_written_again_and_another_one_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str], deed: str
) -> None:
    words, out = [*deed.split(), "out"], folder / "out"
    code = cli.main(words)
    assert code in (0, 1)
    made = out.read_text("utf-8")

    assert code == cli.main(words)
    out.write_text("Dear diary", "utf-8")
    capsys.readouterr()
    assert 2 == cli.main(words)
    assert "--force" in capsys.readouterr().err
    assert "Dear diary" == out.read_text("utf-8")
    assert code == cli.main([*words, "--force"])
    assert made == out.read_text("utf-8")
    assert [out] == list(folder.iterdir())


def test_no_picture_of_a_stretch_is_written_where_one_is_in_the_way(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "x-5.txt").write_text("Dear diary", "utf-8")

    assert 2 == cli.main(["export", f"{TOUR}@3..6", "-o", "x.txt"])
    assert "x-5.txt is there already" in capsys.readouterr().err
    assert ["x-5.txt"] == [path.name for path in folder.iterdir()]


def test_what_was_there_stays_where_writing_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", TOUR, "-o", "x.svg"]
    assert 0 == cli.main(words)
    before = (folder / "x.svg").read_text("utf-8")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    capsys.readouterr()
    assert 2 == cli.main([*words, "--map"])
    assert "x.svg: No space left on device; say a place with room" in capsys.readouterr().err
    assert before == (folder / "x.svg").read_text("utf-8")
    assert ["x.svg"] == [path.name for path in folder.iterdir()]


def test_a_link_stays_a_link_and_its_file_keeps_its_mode(folder: Path) -> None:
    (folder / "real.svg").write_text("", "utf-8")
    (folder / "real.svg").chmod(0o640)
    (folder / "x.svg").symlink_to("real.svg")
    assert 0 == cli.main(["export", TOUR, "-o", "x.svg"])

    assert (folder / "x.svg").is_symlink()
    assert 0o640 == (folder / "real.svg").stat().st_mode & 0o777
    assert (folder / "real.svg").read_text("utf-8").startswith("<svg")


def test_a_device_is_written_to_and_stays_one() -> None:
    assert 0 == cli.main(["export", TOUR, "--format", "svg", "-o", os.devnull])
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("deed", ["export tour -o", "explore tour --write", "new"])
@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("nowhere/x.luf", "nowhere: no such folder; `mkdir -p nowhere`"),
        (".", "folder; say a file in it"),
    ],
)
def test_where_no_file_can_be_the_way_on_is_told(
    capsys: pytest.CaptureFixture[str], deed: str, where: str, why: str
) -> None:
    words = deed.replace("tour", TOUR).split()
    more = ["--format", "svg"] if words[0] == "export" else []
    assert 2 == cli.main([*words, where, *more])

    assert why in capsys.readouterr().err or (words[0], where) == ("new", ".")


@pytest.mark.parametrize(
    "deed", [f"export {TOUR} --format svg -o", f"explore {RACE} --write", "new"]
)
def test_a_folder_that_may_not_be_written_to_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deed: str
) -> None:
    opened = Path.open

    def refused(self: Path, mode: str = "r", **how: Any) -> Any:
        if mode in ("x", "xb"):
            raise PermissionError(13, "Permission denied")
        return opened(self, mode, **how)

    monkeypatch.setattr(Path, "open", refused)
    assert 2 == cli.main([*deed.split(), "x.luf"])
    assert "x.luf: Permission denied; say a place that you may write to" in capsys.readouterr().err


def test_a_search_whose_result_could_not_be_written_does_not_begin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert 2 == cli.main(["explore", *RACE.split(), "--write", "x.luf"])

    said = capsys.readouterr()
    assert "x.luf: Permission denied; say a place that you may write to" in said.err
    assert "still broken" not in said.err


def test_a_system_that_refuses_is_told_with_a_way_on(folder: Path) -> None:
    told = writing.unwritten(folder / "x", OSError(30, "Read-only file system"))

    assert f"{folder / 'x'}: Read-only file system; say a place that can be written to" == str(told)


def test_the_file_that_is_read_is_never_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(library.locate("races/flush-before-reuse"), folder / "a.luf")
    before = (folder / "a.luf").read_text("utf-8")
    for words in (
        f"explore a.luf {RACE.partition(' ')[2]} --write a.luf --force",
        "export a.luf --format txt -o a.luf --force",
    ):
        assert 2 == cli.main(words.split())
        assert "is the file itself" in capsys.readouterr().err
    assert before == (folder / "a.luf").read_text("utf-8")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", ["luf.trace", "luf.trace.gz"])
def test_a_recording_of_before_is_not_recorded_over(folder: Path, variant: str, name: str) -> None:
    (folder / name).write_text("hours of work", "utf-8")
    script = recipe(variant=variant)
    done = subprocess.run(
        ["sh"], input=script, text=True, capture_output=True, cwd=folder, check=False
    )

    assert 2 == done.returncode
    assert f"{name} is there already" in done.stderr
    assert "hours of work" == (folder / name).read_text("utf-8")
