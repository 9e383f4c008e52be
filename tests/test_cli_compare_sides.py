"""`luf-tui compare --side-by-side`: what each of its words does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
TOUR = "tour/flush-before-reuse"


def sides(luf_tui: Run, *words: object) -> str:
    done = luf_tui("compare", TOUR, "--side-by-side", *words)
    assert "" == done.stderr
    return done.stdout


def test_the_runs_stand_side_by_side_where_they_part(luf_tui: Run) -> None:
    shown = sides(luf_tui)

    assert "here the two part" in shown
    assert "≠" in shown
    assert 40 == len(shown.splitlines())


@pytest.mark.parametrize(
    ("words", "left", "right"),
    [
        ((), " luf  ", " eager  "),
        (("--policies", "batched,luf"), " batched  ", " luf  "),
        (("--policies", "luf", "--without", "flush-before-reuse"), " luf  ", " luf - flush-before"),
        (("--without", "flush-before-reuse"), " luf  ", " luf - flush-before"),
        (("--against", "dram 4"), " luf  ", " luf · dram 4"),
        (("--against", "@L18"), " luf  ", " @L18"),
    ],
)
def test_two_sides_are_policies_a_guard_a_machine_or_a_place(
    luf_tui: Run, words: tuple[str, ...], left: str, right: str
) -> None:
    head = sides(luf_tui, *words).splitlines()[0]

    assert head.startswith(left)
    assert right in head


def test_a_place_is_shown_instead_of_where_the_two_part(luf_tui: Run) -> None:
    assert "step 20/" in sides(luf_tui, "--at", "20").splitlines()[0]


def test_the_size_is_the_screens(luf_tui: Run) -> None:
    shown = sides(luf_tui, "--size", "160x50").splitlines()

    assert 50 == len(shown)
    assert "page tables" in "\n".join(shown)


def test_a_page_is_walked_by_place_in_a_theme(luf_tui: Run, tmp_path: Path) -> None:
    for theme in ("dark", "light"):
        out = tmp_path / f"{theme}.html"
        done = luf_tui("compare", TOUR, "--side-by-side", "--html", out, "--theme", theme)
        assert (0, "") == (done.returncode, done.stdout)
        assert str(out) in done.stderr
    dark, light = ((tmp_path / f"{theme}.html").read_text("utf-8") for theme in ("dark", "light"))

    assert "stale differs" in dark
    assert '"differing":' in dark
    assert ".stale.differs{color:var(--ground);background:var(--stale)" in dark
    assert ".differs.differs" not in dark
    assert 'data-theme="dark"' in dark
    assert 'data-theme="light"' in light


def test_a_guard_that_is_off_is_seen_to_break_something(luf_tui: Run) -> None:
    done = luf_tui("compare", TOUR, "--side-by-side", "--without", "flush-before-reuse")

    assert 1 == done.returncode


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--at", "20"], "--at means nothing without --side-by-side"),
        (["--side-by-side", "--at", "9999"], "past the end"),
        (["--side-by-side", "--policies", "eager,batched,luf"], "two sides"),
        (["--side-by-side", "--policies", "eager,luf", "--against", "@L18"], "two sides"),
        (["--side-by-side", "--against", "luf"], "both sides would be luf"),
        (["--side-by-side", "--against", "eagr"], "did you mean 'eager'"),
        (["--side-by-side", "--html", "x.html", "--theme", "drak"], "did you mean 'dark'"),
    ],
)
def test_what_makes_no_two_sides_is_told(luf_tui: Run, words: list[str], told: str) -> None:
    done = luf_tui("compare", TOUR, *words)

    assert (2, "") == (done.returncode, done.stdout)
    assert told in done.stderr
