"""From stop to stop: one key at the end of each, and what is offered after the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui import library
from luf_tui.ui.app import LufApp
from luf_tui.ui.screens.gallery import Gallery, everything
from tests.ui_driver import driven, path, shown_run, text

TOUR, *OTHERS = library.tours()

__all__ = ["path"]


@driven
async def test_one_key_leads_through_a_whole_tour_and_on_to_the_next() -> None:
    app = LufApp(TOUR.stops[0].path)
    async with app.run_test(size=(120, 40)) as pilot:
        for number, stop in enumerate(TOUR.stops, start=1):
            assert stop.path == shown_run(app).session.path
            await pilot.press("end")
            if number < len(TOUR.stops):
                assert f"G stop {number + 1} of {len(TOUR.stops)}" in text(app)
            await pilot.press("G")
            await pilot.pause()
        assert "that was the last stop" in text(app)
        assert all(other.title in text(app) for other in OTHERS)
        await pilot.press("enter")
        await pilot.pause()

        after = OTHERS[0].stops[0].path if OTHERS else TOUR.stops[-1].path
        assert after == shown_run(app).session.path


@driven
async def test_who_reads_the_kernels_words_reads_them_at_the_next_stop_too() -> None:
    app = LufApp(TOUR.stops[0].path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("l", "end", "G")
        await pilot.pause()

        assert TOUR.stops[1].path == shown_run(app).session.path
        assert "kernel" == shown_run(app).session.level


@driven
async def test_the_way_on_is_shown_at_the_end_of_a_stop_only() -> None:
    app = LufApp(TOUR.stops[1].path)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "G stop" not in text(app)
        await pilot.press("end")
        assert "G stop 3 of" in text(app)
        await pilot.press("left", "left")
        assert "G stop" not in text(app)


@driven
async def test_a_script_of_no_tour_has_no_next_stop(path: Path) -> None:
    app = LufApp(path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("end", "G")

        assert "no stop of a tour" in text(app)
        assert path == shown_run(app).session.path


@driven
async def test_the_gallery_shows_each_tour_as_a_group_in_its_order() -> None:
    app = LufApp()
    async with app.run_test(size=(160, 50)):
        shown = text(app)
        places = [shown.index(f"{stop.stop} {stop.title}") for stop in TOUR.stops]

        assert isinstance(app.screen, Gallery)
        assert TOUR.title in shown
        assert sorted(places) == places


@pytest.mark.usefixtures("path")
def test_tours_come_before_all_else_that_is_shipped() -> None:
    belongs = [bool(entry.stop) for entry in everything() if not entry.name.startswith("this")]

    assert sorted(belongs, reverse=True) == belongs
