"""The key that copies a permalink, and the app opened with one."""

from __future__ import annotations

import shlex
from pathlib import Path

from luf_tui.runs.opening import place
from luf_tui.timeline.navigate.spots import spot
from luf_tui.ui.app import LufApp
from tests.ui_driver import SCENARIO, driven, lines, path, shown_run

__all__ = ["path"]

SIZE = (160, 50)


async def link_from(path: Path, word: str) -> str:
    async with LufApp(path, spot(word), "luf", ["flush-before-reuse"]).run_test(size=SIZE) as pilot:
        await pilot.press("Y")
        assert "copied: luf-tui" in lines(pilot.app)[-1]
        return shlex.split(pilot.app.clipboard)[1]


@driven
async def test_a_copied_link_opens_the_same_place(path: Path) -> None:
    link = await link_from(path, "L14+3")
    where = place(link)
    app = LufApp(where.path, where.spot, "luf", ["flush-before-reuse"])
    async with app.run_test(size=SIZE) as pilot:
        assert 25 == shown_run(pilot.app).session.position
        assert "changed" not in lines(pilot.app)[-1].replace("changed only", "")


@driven
async def test_what_has_changed_is_told_when_a_link_opens(path: Path) -> None:
    link = await link_from(path, "L14+3")
    path.write_text("# one line more\n" + SCENARIO, "utf-8")
    where = place(link)
    app = LufApp(where.path, where.spot, "luf", ["flush-before-reuse"])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert "the script has changed" in lines(pilot.app)[-1]
        assert 14 == shown_run(pilot.app).session.line


@driven
async def test_a_line_put_in_is_in_no_file_and_has_no_link(path: Path) -> None:
    async with LufApp(path, spot("L14")).run_test(size=SIZE) as pilot:
        await pilot.press("a", *"cpu2", "space", *"read", "space", *"text.0", "enter", "Y")
        assert "this script is in no file" in lines(pilot.app)[-1]
