"""`luf-tui export`: formats, places and bad input."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SCENARIO = """\
title    Small
process  app
cpu1     run app
cpu1     write heap.0 bytes
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.luf"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def test_an_svg_is_well_formed_and_the_same_every_time(luf_tui: Run, small: Path) -> None:
    first, second = small.with_name("a.svg"), small.with_name("b.svg")
    for out in (first, second):
        assert 0 == luf_tui("export", f"{small}@3", "--output", out).returncode

    assert first.read_bytes() == second.read_bytes()
    assert ET.parse(first).getroot().tag.endswith("svg")


def test_text_goes_to_stdout_when_asked(luf_tui: Run, small: Path) -> None:
    done = luf_tui("export", f"{small}@0", "--format", "txt", "-o", "-", "--size", "80x24")

    assert 0 == done.returncode
    assert 24 == len(done.stdout.splitlines())


@pytest.mark.parametrize("name", ["svg", "html", "cast", "txt", "jsonl", "diagram"])
def test_every_format_is_written_by_the_name_of_the_file(
    luf_tui: Run, small: Path, name: str
) -> None:
    out = small.with_suffix(f".{name}")
    done = luf_tui("export", f"{small}@12", "-o", out)

    assert (0, "") == (done.returncode, done.stdout)
    assert out.stat().st_size > 100


@pytest.mark.parametrize("name", ["svg", "html", "cast", "txt"])
def test_the_map_is_in_every_picture_when_it_is_asked_for(
    luf_tui: Run, small: Path, name: str
) -> None:
    plain, shown = (
        luf_tui("export", f"{small}@end", *words, "--format", name, "-o", "-").stdout
        for words in ((), ("--map",))
    )

    assert "◀" in shown
    assert "◀" not in plain


@pytest.mark.parametrize("name", ["svg", "html"])
def test_the_lines_of_the_map_are_drawn_and_not_written(
    luf_tui: Run, small: Path, name: str
) -> None:
    done = luf_tui("export", f"{small}@end", "--map", "--format", name, "-o", "-")

    assert "<path " in done.stdout
    assert not set("─│┄┆━┃┌┐└┘├┤┼╭╮╰╯").intersection(done.stdout)


def test_a_diagram_is_of_what_led_to_the_place(luf_tui: Run, small: Path) -> None:
    part, whole = (
        luf_tui("export", f"{small}{place}", "--format", "diagram", "-o", "-").stdout
        for place in ("@L4+3", "")
    )

    assert whole.startswith("CPU0 (app)") or "(app)" in whole.splitlines()[0]
    assert 'writes "bytes"' in whole
    assert part.splitlines() == whole.splitlines()[: len(part.splitlines())]
    assert 'writes "bytes"' not in part


def test_a_stretch_is_a_diagram_of_it_or_a_picture_of_each_step(luf_tui: Run, small: Path) -> None:
    """The numbers in the names stand in the order of the steps."""
    whole = luf_tui("export", small, "--format", "diagram", "-o", "-").stdout
    end = luf_tui("export", f"{small}@16..end", "--format", "diagram", "-o", "-").stdout
    done = luf_tui("export", f"{small}@9..10", "-o", small.with_name("s.svg"))

    assert 'writes "bytes"' in end
    assert len(end.splitlines()) < len(whole.splitlines())
    assert 0 == done.returncode
    made = sorted(path.name for path in small.parent.glob("s-*.svg"))
    assert made == ["s-09.svg", "s-10.svg"]
    for name, step in zip(made, (9, 10), strict=True):
        alone = luf_tui("export", f"{small}@{step}", "--format", "svg", "-o", "-").stdout
        assert alone == small.with_name(name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "shown"), [("html", ">step 0/"), ("svg", ", step 17 of 17<")])
def test_without_a_step_a_page_opens_at_the_start_and_a_picture_shows_the_end(
    luf_tui: Run, small: Path, name: str, shown: str
) -> None:
    done = luf_tui("export", small, "--format", name, "-o", "-")

    assert 0 == done.returncode
    assert shown in done.stdout


@pytest.mark.parametrize(
    ("place", "out", "told"),
    [
        ("9..3", "x.diagram", "a stretch goes forwards"),
        ("3..99", "x.diagram", "step 99 is past the end"),
        ("3..9", "x.html", "a stretch is for svg, txt and diagram"),
        ("3..", "x.diagram", "is no step or line"),
    ],
)
def test_a_stretch_that_is_none_is_told(
    luf_tui: Run, small: Path, place: str, out: str, told: str
) -> None:
    done = luf_tui("export", f"{small}@{place}", "-o", out)

    assert (2, "") == (done.returncode, done.stdout)
    assert told in done.stderr
    assert not small.with_name(out).exists()


def test_a_scenario_is_not_overwritten_by_its_own_export(luf_tui: Run, small: Path) -> None:
    done = luf_tui("export", small, "--format", "txt", "-o", small)

    assert 2 == done.returncode
    assert "is the file itself" in done.stderr
    assert SCENARIO == small.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "x.png"], "no format 'png'"),
        (["-o", "x"], "say the format"),
        (["-o", "x.svg", "--theme", "drak"], "did you mean 'dark'?"),
        (["-o", "nowhere/x.svg"], "no such folder; `mkdir -p nowhere`"),
    ],
)
def test_what_cannot_be_written_is_told(
    luf_tui: Run, small: Path, words: list[str], told: str
) -> None:
    done = luf_tui("export", small, *words)

    assert (2, "") == (done.returncode, done.stdout)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_lanes_of_another_policy_are_shown_beside(luf_tui: Run) -> None:
    words = ("tour/who-pays@end", "--format", "txt", "-o", "-", "--size", "120x40")
    alone = luf_tui("export", *words).stdout
    beside = luf_tui("export", *words, "--beside", "eager").stdout

    assert "eager cpu0" not in alone
    assert beside.index("eager cpu0") < beside.index("luf   cpu0")
    assert "eager all" in beside


def test_a_policy_beside_that_is_none_is_told(luf_tui: Run) -> None:
    done = luf_tui("export", "tour/who-pays", "--format", "txt", "-o", "-", "--beside", "eagre")

    assert 2 == done.returncode
    assert "did you mean 'eager'" in done.stderr


def test_a_page_has_the_theme_that_is_asked_for_or_that_of_its_reader(
    luf_tui: Run, small: Path
) -> None:
    page = small.with_name("page.html")
    luf_tui("export", small, "-o", page)
    assert "data-theme=" not in page.read_text("utf-8").partition("<head>")[0]
    luf_tui("export", small, "-o", page, "--theme", "tritan")
    assert '<html lang="en" data-theme="tritan">' in page.read_text("utf-8")
