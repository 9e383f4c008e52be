"""Files of a replay: every table as CSV, and a page that opens offline."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from luf_tui import cli
from luf_tui.ftrace.replay.csv_files import csv_files
from luf_tui.ftrace.replay.plot_data import Bar
from luf_tui.ftrace.replay.report_page import as_page
from luf_tui.ftrace.replay.svg_charts import Series, area_chart, bar_chart, nice_step, nice_top
from luf_tui.ftrace.replay.table import HEADS
from tests.test_ftrace_replay import OLD, OTHER, moved, started
from tests.test_ftrace_report_figures import figures, paid_late

LLM = str(Path(__file__).parent.parent / "scenarios" / "traces" / "llm-excerpt.trace.xz")
WORDS = ["replay", LLM, "--policies", "eager,luf"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# -- tables -------------------------------------------------------------------------------------


def test_every_table_is_a_file_and_says_what_the_object_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == cli.main([*WORDS, "--csv", "out", "--json"])
    told = json.loads(capsys.readouterr().out)["tables"]
    assert {f"{name}.csv" for name in HEADS} == {path.name for path in (folder / "out").iterdir()}
    for name, rows in told.items():
        text = [
            {key: "" if cell is None else str(cell) for key, cell in row.items()} for row in rows
        ]
        assert text == table(folder / "out" / f"{name}.csv"), name


def test_an_earlier_folder_is_written_again_and_another_one_s_file_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*WORDS, "--csv", "out"]
    assert 0 == cli.main(words) == cli.main(words)
    (folder / "out" / "cpus.csv").write_text("mine\n", "utf-8")
    before = (folder / "out" / "waits.csv").stat().st_mtime_ns
    assert 2 == cli.main(words)
    assert "cpus.csv is there already" in capsys.readouterr().err
    assert before == (folder / "out" / "waits.csv").stat().st_mtime_ns
    assert 0 == cli.main([*words, "--force"])
    assert (folder / "out" / "cpus.csv").read_text("utf-8").startswith("cpu,under")


def test_a_folder_that_cannot_be_is_told_before_anything_is_replayed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("x", "utf-8")
    for word, told in (("file", "is no folder"), ("none/out", "no such folder")):
        assert 2 == cli.main(["replay", "there-is-no-trace", "--csv", word])
        assert told in capsys.readouterr().err


def test_force_alone_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == cli.main([*WORDS, "--force"])
    assert "--force is for --csv and --html" in capsys.readouterr().err


def test_a_name_is_no_formula(tmp_path: Path) -> None:
    lines = moved(started()).alloc("=cmd()-7", 0, OLD)
    text = csv_files(figures(lines.read(tmp_path), "luf"))["waits.csv"]
    assert "luf,'=cmd()-7,0," in text


# -- the page -----------------------------------------------------------------------------------


class _Seen(HTMLParser):
    """Every tag of a page closes, and what it asks for is noted."""

    VOID = ("meta",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.asked: list[tuple[str, str | None]] = []
        self.counts: dict[str, int] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.asked += [one for one in attrs if one[0] in ("src", "href", "action", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


def test_the_page_is_whole_and_asks_for_nothing(tmp_path: Path) -> None:
    page = as_page(figures(paid_late().read(tmp_path), "eager", "luf"))
    seen = _Seen(page)
    assert ([], []) == (seen.open, seen.asked)
    assert (4, 0) == (seen.counts["svg"], seen.counts.get("script", 0))
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_a_name_from_a_recording_is_never_markup(tmp_path: Path) -> None:
    lines = moved(started()).alloc("<b>&x-7", 0, OLD)
    page = as_page(figures(lines.read(tmp_path), "luf"))
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;x-7" in page


def test_the_page_is_written_again_and_over_no_other_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*WORDS, "--html", "out.html"]
    assert 0 == cli.main(words) == cli.main(words)
    assert "open it in a browser" in capsys.readouterr().err
    (folder / "out.html").write_text("<!DOCTYPE html>mine", "utf-8")
    assert 2 == cli.main(words)
    assert 0 == cli.main([*words, "--force"])
    assert "llm-excerpt" in (folder / "out.html").read_text("utf-8")


def test_the_page_says_what_the_text_says(tmp_path: Path) -> None:
    found = figures(moved(started()).alloc(OTHER, 0, OLD).read(tmp_path), "eager", "luf")
    page = as_page(found)
    for said in (
        "1 allocation waits for 1 CPU",
        "this kernel&#x27;s",
        "What is not known",
        "cost model",
    ):
        assert said in page


# -- charts -------------------------------------------------------------------------------------


def test_an_area_rises_with_its_values() -> None:
    chart = area_chart([Series("recorded", [0, 4, 4, 0])], 2.0, "s", "t")
    (path,) = re.findall(r'd="([^"]*)"', chart)
    assert "M64 212H275.0V12.0H697.0V212.0H908V212Z" == path
    assert ">1.5 s<" in chart


def test_the_longest_bar_takes_the_room_there_is() -> None:
    chart = bar_chart([Bar("a", "8", 8), Bar("b", "4", 4), Bar("c", "0", 0)], "policy", "t")
    long, half, none = (float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', chart))
    assert (long / 2, 0.0) == (pytest.approx(half, abs=0.1), none)


@pytest.mark.parametrize(
    ("whole", "most", "step"), [(11.8, 8, 2.0), (0.85, 8, 0.2), (3.0, 8, 0.5), (0.0, 8, 1.0)]
)
def test_steps_are_round(whole: float, most: int, step: float) -> None:
    assert step == pytest.approx(nice_step(whole, most))


@pytest.mark.parametrize(("most", "top"), [(0, 4), (3, 4), (227, 400), (801, 2000)])
def test_a_scale_ends_at_a_round_number(most: int, top: int) -> None:
    assert top == nice_top(most)
