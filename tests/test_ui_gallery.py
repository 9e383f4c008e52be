"""The gallery: its list is narrowed while one types, and tells what each scenario shows."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.ui.app import LufApp
from luf_tui.ui.background import sketches
from luf_tui.ui.background.sketches import NARROW, Sketches, sketch
from luf_tui.ui.screens import gallery
from luf_tui.ui.screens.gallery import AFTER, Gallery
from luf_tui.ui.screens.run_screen import RunScreen
from tests.ui_driver import SCENARIO, driven, text

MPROTECT = {one.name for one in library.shipped() if "mprotect" in one.path.read_text("utf-8")}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found out in the background."""
    monkeypatch.setattr(Gallery, "on_mount", lambda screen: None)


def listed(pilot: Pilot[None]) -> list[str]:
    """The names of the scenarios in the list."""
    screen = pilot.app.screen
    assert isinstance(screen, Gallery)
    values = (item.value for item in screen.list.items)
    return [value.name for value in values if isinstance(value, library.Entry)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@driven
async def test_the_list_is_narrowed_with_every_letter(still: None, size: tuple[int, int]) -> None:
    async with LufApp().run_test(size=size) as pilot:
        await pilot.pause()
        counts = [len(listed(pilot))]
        await pilot.press("slash")
        for letter in "mprotect":
            await pilot.press(letter)
            counts.append(len(listed(pilot)))

        assert sorted(counts, reverse=True) == counts
        assert MPROTECT == set(listed(pilot))
        assert "/ mprotect" in text(pilot.app)
        await pilot.press("backspace")
        assert len(MPROTECT) <= len(listed(pilot))
        await pilot.press("escape")
        assert counts[0] == len(listed(pilot))


@driven
async def test_arrows_move_while_one_types_and_enter_opens(still: None) -> None:
    async with LufApp().run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"mprotect", "down")
        second = listed(pilot)[1]
        await pilot.press("enter")
        await pilot.pause()

        assert isinstance(pilot.app.screen, RunScreen)
        assert library.locate(second) == pilot.app.screen.session.path


@driven
async def test_letters_that_are_keys_elsewhere_belong_to_the_filter(still: None) -> None:
    async with LufApp().run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"qtjk?")

        assert isinstance(pilot.app.screen, Gallery)
        assert "no scenario matches 'qtjk?'" in text(pilot.app)
        await pilot.press("ctrl+u", *"zzz")
        assert "no scenario matches 'zzz'" in text(pilot.app)


@driven
async def test_a_row_tells_of_races_violations_and_events_once_they_are_known(
    folder: Path,
) -> None:
    (folder / "mine.luf").write_text(SCENARIO.replace("Flush before reuse", "Mine"), "utf-8")
    async with LufApp().run_test(size=(160, 50)) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, Gallery)
        known = await until_known(screen, Path("mine.luf"))
        await pilot.pause()
        (row,) = [row for row in text(pilot.app).splitlines() if "▸ Mine" in row]

        assert "".join(mark.text for mark in known.narrow) in row
        assert f" {known.steps} " in row
        assert known.told in text(pilot.app)
        assert ("luf", 0, 0, 3, 0) == (
            known.policy, known.races, known.violations, known.expected, known.failed,
        )  # fmt: skip


async def until_known(screen: Gallery, path: Path) -> sketches.Sketch:
    """The sketch of a file, which comes from another thread."""
    for _ in range(600):
        known = screen.sketches.of(path)
        if known is not None:
            return known
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} is never looked at")


@driven
async def test_what_is_wrong_with_a_script_fits_beside_the_list(still: None, folder: Path) -> None:
    (folder / "bad.luf").write_text("proces app\ncpu1 run app\n", "utf-8")
    async with LufApp().run_test(size=(60, 20)) as pilot:
        await pilot.pause(AFTER * 4)
        shown = " ".join(
            row.rpartition("││")[2].strip("│ ") for row in text(pilot.app).splitlines()
        )

        assert "no line begins with 'proces'" in " ".join(shown.split())
        assert "did you mean 'process'?" in " ".join(shown.split())
        assert "press r" not in shown


@driven
async def test_nothing_is_found_out_while_keys_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "QUIET", 3600)
    begun = Gallery.on_mount

    def mounted(screen: Gallery) -> None:
        screen.in_list("down")
        begun(screen)

    monkeypatch.setattr(Gallery, "on_mount", mounted)
    async with LufApp().run_test(size=(120, 40)) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, Gallery)
        await asyncio.sleep(AFTER * 20)

        assert [] == [entry.path for entry in screen.entries if not screen.sketches.due(entry.path)]


def test_a_sketch_is_made_once_and_again_when_the_file_has_changed(folder: Path) -> None:
    path, known = folder / "mine.luf", Sketches()
    path.write_text(SCENARIO, "utf-8")
    known.look(path)
    first = known.of(path)
    assert first is not None
    assert not known.due(path)

    path.write_text(SCENARIO + "race\n  cpu1 read text.0\n  cpu2 read text.0\nend\n", "utf-8")
    assert known.due(path)
    known.look(path)
    second = known.of(path)
    assert second is not None
    assert (0, 1) == (first.races, second.races)
    assert NARROW == len(first.narrow)


def test_what_is_wrong_with_a_file_is_raised_and_asked_once(folder: Path) -> None:
    path, known = folder / "mine.luf", Sketches()
    path.write_text("xyzzy\n", "utf-8")
    with pytest.raises(LufError):
        known.look(path)

    assert not known.due(path)
    assert known.of(path) is None


def test_a_long_run_is_sketched_as_far_as_it_comes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sketches, "MOST_SECONDS", 0.05)
    path = folder / "long.luf"
    path.write_text(
        "process app\ncpu1 run app\n" + "cpu1 read heap.0\ncpu1 evict heap.0\n" * 4000, "utf-8"
    )
    began = time.monotonic()
    made = sketch(path)

    assert made.stopped.startswith("it goes on after micro-step")
    assert made.told.endswith(made.stopped)
    assert time.monotonic() - began < 30


def test_a_large_file_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketches, "LARGEST", 10)
    path, known = folder / "mine.luf", Sketches()
    path.write_text(SCENARIO, "utf-8")
    known.look(path)

    assert known.of(path) is None


def test_the_recording_is_sketched_like_a_scenario() -> None:
    made = sketch(library.locate("llm-excerpt"))

    assert 0 == made.races
    assert {"◆", "▲"} <= {mark.text for mark in made.wide}
