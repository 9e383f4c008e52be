"""Plots of a replay in a terminal: every shootdown is in them, at every width, with or without
colours.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from luf_tui.ftrace.replay.figures import Figures
from luf_tui.ftrace.replay.plots import Drawn, debt_lives, time_line, who_pays
from luf_tui.ftrace.replay.report import lines as report
from tests.test_ftrace_replay import OLD, OTHER, USER, moved, started
from tests.test_ftrace_report_figures import figures, paid_late

ROOT = Path(__file__).parent.parent
LLM = str(ROOT / "scenarios" / "traces" / "llm-excerpt.trace.xz")
DOTS = re.compile("[\u2801-\u28ff]")


@pytest.fixture
def late(tmp_path: Path) -> Figures:
    """A page is moved at the beginning, its debt paid at the end."""
    return figures(paid_late().read(tmp_path), "eager", "luf")


def panels(said: list[str]) -> list[list[str]]:
    """The rows of each panel, without its scale."""
    found: list[list[str]] = []
    for line in said:
        if not isinstance(line, Drawn):
            found.append([])
        else:
            found[-1].append(line.partition("┤")[2])
    return [rows for rows in found if rows]


def test_the_time_line_shows_what_was_recorded_first_and_what_luf_pays_last(late: Figures) -> None:
    recorded, luf, owing = panels(time_line(late, 80))
    assert ["⡇"] * 5 == recorded
    assert [71] * 5 == [len(row) for row in luf]
    assert {""} == {row.strip("⠀⢸") for row in luf}
    assert [70, "⡇"] == [len(owing[0].rstrip("⡇")), owing[0][-1]]


def test_both_time_lines_have_one_scale(tmp_path: Path) -> None:
    lines = moved(moved(started()), OLD + 1, 0x999, 0x7F5F3A208000).alloc(OTHER, 0, OLD)
    said = time_line(figures(lines.read(tmp_path), "luf"), 40)
    assert ["recorded: 2", "luf: 1"] == [line for line in said if re.fullmatch(r"\w+: \d", line)]
    scales = [line.split()[0] for line in said if isinstance(line, Drawn) and line[6] != " "]
    assert "1" == scales[0] == scales[2]


@pytest.mark.parametrize("width", [1, 40, 80, 160, 400])
def test_plots_keep_to_the_width_of_the_terminal(late: Figures, width: int) -> None:
    luf = late.policies[1]
    said = [*time_line(late, width), *who_pays(late, luf, width), *debt_lives(late, luf, width)]
    assert max(map(len, said)) <= min(max(width, 40), 160)
    assert 4 <= sum(bool(DOTS.search(line)) for line in said)


@pytest.mark.parametrize("width", [0, 1, 3])
def test_a_terminal_may_be_as_narrow_as_it_likes(late: Figures, width: int) -> None:
    assert report(late, width) == report(late, 40)


def test_the_longest_bar_is_whole_and_none_above_nothing_is_empty(tmp_path: Path) -> None:
    lines = moved(started()).alloc(OTHER, 0, OLD)
    for page in range(1, 4):
        lines = moved(lines, OLD + page, 0x900 + page, 0x7F5F3A207000 + page * 4096)
        lines.switch("swapper/3-0", 3, "app-7").alloc("app-7", 3, OLD + page)
    found = figures(lines.read(tmp_path), "luf")
    bars = who_pays(found, found.policies[0], 60)
    assert ["app-7", OTHER] == [line.split()[0] for line in bars]
    assert [60, True] == [len(bars[0]), len(bars[1]) < 45]
    assert DOTS.search(bars[1])


def test_a_debt_is_in_the_bin_of_its_time(late: Figures) -> None:
    (bar,) = debt_lives(late, late.policies[1], 60)
    assert bar.startswith("1 s to 10 s  1  ⣶")


def test_a_recording_without_shootdowns_has_no_plot(tmp_path: Path) -> None:
    found = figures(started().alloc(USER, 1, OLD).read(tmp_path), "luf")
    assert [] == time_line(found, 80)
    assert [] == [line for line in report(found) if isinstance(line, Drawn)]


def on_a_terminal(**environment: str) -> str:
    """What `replay` prints to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "luf_tui", "replay", LLM, "--policies", "luf"]
    clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")}
    env = {**clean, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "TERM": "xterm", **environment}
    with subprocess.Popen(words, stdout=theirs, stderr=subprocess.DEVNULL, env=env) as run:
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            said += piece
        assert 0 == run.wait()
    os.close(ours)
    return said.decode()


def test_a_terminal_gets_colours_unless_it_is_told_not_to() -> None:
    assert "\x1b[31m" in on_a_terminal()
    assert "\x1b" not in on_a_terminal(NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(TERM="dumb")


def test_where_dots_cannot_be_written_there_are_no_plots() -> None:
    words = [sys.executable, "-m", "luf_tui", "replay", LLM, "--policies", "luf"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = [
        subprocess.run(
            words, env={**env, "PYTHONIOENCODING": coding}, capture_output=True, check=True
        ).stdout.decode(coding)
        for coding in ("utf-8", "ascii")
    ]
    assert ["⣿" in said[0], "\\u28" in said[1]] == [True, False]
    assert "ms of the model" in said[1]
