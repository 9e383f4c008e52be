"""Every order of a race, searched from inside the app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Offset
from textual.pilot import Pilot

from luf_tui.commands.verdict import judged
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load, parse
from luf_tui.search.result import BOUNDED, SAFE, UNSAFE
from luf_tui.timeline.ask.failing import first_failure
from luf_tui.timeline.navigate.spots import Spot
from luf_tui.timeline.recorder import record
from luf_tui.ui.app import LufApp
from luf_tui.ui.background.race_search import SEARCHING, STOPPED, RaceSearch, race_near
from luf_tui.ui.panels.search_progress import choices, verdict
from tests.forever import TWO_ACTORS
from tests.races import FOLDER
from tests.races import TINY as TEMPLATE
from tests.ui_driver import do, driven, lines, made, report_of, shown_run, text

RACE = FOLDER / "flush-before-reuse.luf"
GUARD = "flush-before-reuse"
TINY = TEMPLATE.format(more="")
_MORE = ("  cpu1 read heap.0", "  cpu2 write heap.0") * 6 + ("  kswapd drain",) * 6
LONG = TEMPLATE.format(more="\n".join(["allow evict, prefetch, drain", *_MORE]))
"""With a race that takes much longer than any test."""
SIZES = [(80, 24), (160, 50)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Scripts are saved into the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def unsafe() -> LufApp:
    return LufApp(RACE, policy="luf", without=[GUARD])


async def over(pilot: Pilot[Any]) -> None:
    """Wait until the search of the app is over, and has been told."""
    await made(pilot, shown_run(pilot.app).searches[-1])


async def click_on(pilot: Pilot[Any], words: str) -> None:
    y, line = next((y, t) for y, t in enumerate(lines(pilot.app)) if words in t)
    assert await pilot.click(offset=Offset(line.index(words) + 1, y))
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_keys_lead_into_the_counterexample_and_back(size: tuple[int, int]) -> None:
    async with unsafe().run_test(size=size) as pilot:
        screen = shown_run(pilot.app)
        screen.session.goto("L14")
        before, position = screen.session, screen.session.position
        await pilot.press("E")
        await over(pilot)
        assert "✖ unsafe: O2 after 17 turns" in text(pilot.app)

        await pilot.press("enter")
        await pilot.pause()
        run = screen.session.timeline
        assert not screen.panels
        assert first_failure(run) == screen.session.position
        assert "f0 has a new owner" in text(pilot.app)
        assert ("failed", "luf") == (judged(run).word, run.policy.name)

        await pilot.press("left", "u")
        await pilot.pause()
        assert (before, position) == (screen.session, screen.session.position)
        assert f"back at step {position}" in lines(pilot.app)[-1]


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_the_mouse_leads_into_the_counterexample_and_back(size: tuple[int, int]) -> None:
    async with unsafe().run_test(size=size) as pilot:
        screen = shown_run(pilot.app)
        screen.session.goto("L17")
        screen.told = ""
        screen.paint_now()
        before = screen.session
        await click_on(pilot, "E explore")
        await over(pilot)
        await click_on(pilot, "open the counterexample")
        assert before is not screen.session

        screen.told = ""
        screen.paint_now()
        await click_on(pilot, "u go back")
        assert before is screen.session


@driven
async def test_a_race_that_holds_is_called_safe_with_its_figures() -> None:
    async with LufApp(RACE).run_test(size=(80, 24)) as pilot:
        await pilot.press("E")
        await over(pilot)
        search = shown_run(pilot.app).searches[-1]

        assert SAFE == report_of(search).verdict
        assert "✓ safe: no order of this race breaks an obligation" in text(pilot.app)
        assert f"all {report_of(search).states:,} states were looked at" in text(pilot.app)
        await pilot.press("escape")
        assert not shown_run(pilot.app).panels


@pytest.fixture
def long(folder: Path) -> Path:
    made = folder / "long.luf"
    made.write_text(LONG, "utf-8")
    return made


@driven
async def test_a_search_stopped_by_hand_is_not_decided_and_can_be_made_again(long: Path) -> None:
    async with LufApp(long).run_test(size=(80, 24)) as pilot:
        await pilot.press("E")
        assert "searching every order" in text(pilot.app)
        assert "transitions/s" in text(pilot.app)
        await pilot.press("escape")
        await over(pilot)
        first = shown_run(pilot.app).searches[-1]
        assert (BOUNDED, True) == (report_of(first).verdict, STOPPED in report_of(first).why)
        assert "? not decided: stopped by hand" in text(pilot.app)
        assert f"nothing was found in {report_of(first).states:,} states" in text(pilot.app)

        await pilot.press("enter")
        await pilot.pause()
        again = shown_run(pilot.app).searches[-1]
        assert again is not first
        assert SEARCHING == again.stage


@driven
async def test_a_search_goes_on_out_of_sight_while_one_steps(long: Path) -> None:
    async with LufApp(long).run_test(size=(120, 40)) as pilot:
        screen = shown_run(pilot.app)
        await pilot.press("E", "q", "right", "right")
        assert 2 == screen.session.position
        assert not screen.panels
        search = screen.searches[-1]
        assert " states  " in text(pilot.app)
        await pilot.press("E")
        assert "searching every order" in text(pilot.app)
        assert [search] == list(screen.searches)

        await pilot.press("q")
        search.stop()
        await over(pilot)
        assert "race on line 12: not decided: stopped by hand" in text(pilot.app)


@driven
async def test_leaving_ends_a_search(long: Path) -> None:
    async with LufApp(long).run_test(size=(120, 40)) as pilot:
        await pilot.press("E")
        search = shown_run(pilot.app).searches[-1]
    assert search._stopped
    search.future.result()
    assert STOPPED in report_of(search).why


@driven
async def test_what_was_found_can_be_saved_and_fails_when_it_is_run(folder: Path) -> None:
    async with unsafe().run_test(size=(80, 24)) as pilot:
        await pilot.press("E")
        await over(pilot)
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        saved = folder / "flush-before-reuse-counterexample.luf"
        assert f"saved {saved.name}" in lines(pilot.app)[-1]

        run = record(load(str(saved)))
        assert "failed" == judged(run).word
        await pilot.press("up", "up", "enter")
        await pilot.pause()
        assert Path("flush-before-reuse-counterexample-2.luf") == shown_run(pilot.app).session.path


@driven
async def test_a_counterexample_opened_is_in_no_file_until_it_is_saved(folder: Path) -> None:
    async with unsafe().run_test(size=(80, 24)) as pilot:
        await pilot.press("E")
        await over(pilot)
        await pilot.press("enter", "m", "b")
        await pilot.pause()
        assert [] == list(folder.iterdir())

        await pilot.press("W", "b")
        await pilot.pause()
        stem = "flush-before-reuse-counterexample.luf"
        assert {stem, f".{stem}.marks.json"} == {path.name for path in folder.iterdir()}


@driven
async def test_another_policy_asks_another_question() -> None:
    async with LufApp(RACE).run_test(size=(120, 40)) as pilot:
        screen = shown_run(pilot.app)
        await pilot.press("E")
        await over(pilot)
        await pilot.press("escape")
        session = screen.session
        program = session.timeline.program
        session.replace(record(program, "luf", [GUARD]))
        await pilot.press("E")
        await over(pilot)

        assert [SAFE, UNSAFE] == [report_of(search).verdict for search in screen.searches]


@driven
async def test_a_script_without_a_race_says_so(folder: Path) -> None:
    path = folder / "plain.luf"
    path.write_text(TINY.partition("race\n")[0], "utf-8")
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        do(pilot.app, "explore")

        assert "no race in this script" in lines(pilot.app)[-1]
        assert not shown_run(pilot.app).panels


@driven
async def test_a_script_that_fails_is_opened_where_it_fails(folder: Path) -> None:
    async with unsafe().run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        session = shown_run(pilot.app).session
        assert 0 < first_failure(session.timeline) == session.position
        assert "opened where it fails" in lines(pilot.app)[-1]
    async with LufApp(RACE, Spot(), "luf", [GUARD]).run_test(size=(80, 24)) as pilot:
        assert 0 == shown_run(pilot.app).session.position


def test_a_script_that_shows_a_violation_on_purpose_does_not_fail() -> None:
    shown = RACE.read_text("utf-8").replace("no violation", "violation")
    run = record(parse(shown), "luf", [GUARD])

    assert run.findings
    assert -1 == first_failure(run)


def test_the_race_meant_is_the_one_under_the_cursor_else_the_next_else_the_last() -> None:
    body = TINY.partition("race\n")[2].partition("end\n")[0]
    program = parse(TINY + "cpu1 read text.0\nrace\n" + body + "end\ncpu1 read text.0\n")
    first, second = (
        number for number, row in enumerate(program.source, start=1) if row.strip() == "race"
    )

    found = [race_near(program, line) for line in (1, first, first + 1, second - 1, second, 99)]
    assert [0, 0, 0, 1, 1, 1] == found
    assert race_near(parse(TINY.partition("race\n")[0]), 3) is None


def test_a_search_that_cannot_begin_says_why() -> None:
    text = TINY.replace("race\n", "cpu1 read text.0 stop before xyzzy\nrace\n")
    search = RaceSearch(parse(text), make_policy("luf"), 0)

    assert search.future.exception()
    assert "xyzzy" in search.problem
    assert [("close", "close")] == choices(search)


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_a_forever_block_is_walked_and_searched_like_a_race(
    size: tuple[int, int], folder: Path
) -> None:
    path = folder / "two.luf"
    path.write_text(TWO_ACTORS, encoding="utf-8")
    async with LufApp(path, policy="batched").run_test(size=size) as pilot:
        screen = shown_run(pilot.app)
        screen.session.goto("L11")
        assert 11 == screen.session.line
        await pilot.press("E")
        await over(pilot)
        assert "explore the forever block on line 9" in text(pilot.app)
        assert "✓ safe: no program of any length breaks an obligation" in text(pilot.app)
        assert "nobody can be kept waiting for ever" in verdict(screen.searches[-1])[3]
        await pilot.press("escape")
    gone = ["flush-before-free"]
    async with LufApp(path, policy="batched", without=gone).run_test(size=size) as pilot:
        screen = shown_run(pilot.app)
        before = screen.session
        await pilot.press("E")
        await over(pilot)
        assert "✖ unsafe: O2 after 36 turns" in text(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        assert "cpu1     write heap.0 fresh-1" in text(pilot.app)
        run = screen.session.timeline
        assert first_failure(run) == screen.session.position
        assert [False] == [race.forever for race in run.program.races]
        await pilot.press("u")
        await pilot.pause()
        assert before is screen.session


LAST_STORE = """\
machine  cpus 3, dram 2, max-order 0, tlb 3, key-bits 2, swap 1
process  app, heap 1 page
cpu1     run app
cpu2     run app
cpu2     write heap.0 before
cpu1     read heap.0
race
  cpu1     write heap.0 one
  cpu2     write heap.0 two
end
cpu2     read heap.0
expect   reads two
"""


@driven
async def test_an_expectation_that_fails_in_some_order_is_opened_where_it_fails(
    folder: Path,
) -> None:
    path = folder / "last-store.luf"
    path.write_text(LAST_STORE, encoding="utf-8")
    async with LufApp(str(path)).run_test(size=(120, 40)) as pilot:
        await pilot.press("E")
        await over(pilot)
        shown = text(pilot.app)
        assert "✗ failed: line 12, `expect reads two` fails: the last operation read one" in shown
        assert "failed in 1 state, and held in 1" in shown

        await pilot.press("enter")
        await pilot.pause()
        screen = shown_run(pilot.app)
        assert first_failure(screen.session.timeline) == screen.session.position
        assert "✗ the last operation read one" in text(pilot.app)
