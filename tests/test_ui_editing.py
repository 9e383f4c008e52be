"""V: the script in the person's own editor, at the line one stands at, and read again."""

from __future__ import annotations

import os
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.ui.app import LufApp
from luf_tui.ui.features import editing
from tests.ui_driver import driven, path, shown_run, text

__all__ = ["path"]

APPEND = """\
#!/bin/sh
echo "$@" > called
for last; do :; done
echo 'note    by hand' >> "$last"
"""


@pytest.fixture
def own_editor(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor called vi that writes down how it is called, and a line into the file."""
    made = path.parent / "bin" / "vi"
    made.parent.mkdir()
    made.write_text(APPEND, "utf-8")
    made.chmod(made.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("EDITOR", str(made))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr(LufApp, "suspend", lambda app: nullcontext())
    return made


@driven
async def test_the_file_is_edited_at_the_line_and_read_again(path: Path, own_editor: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press(*["down"] * 8)
        before = shown_run(pilot.app).session
        line, step = before.line, before.position
        await pilot.press("V")
        await pilot.pause()
        session = shown_run(pilot.app).session

        assert f"+{line} {path}\n" == (path.parent / "called").read_text("utf-8")
        assert (line, step) == (session.line, session.position)
        assert "note    by hand" == session.timeline.program.source[-2]


@driven
async def test_a_shipped_file_is_copied_and_the_copy_is_edited(
    path: Path, own_editor: Path
) -> None:
    shipped = library.locate("tiering/demotion")
    text_before = shipped.read_text("utf-8")
    async with LufApp(shipped).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press(*["down"] * 5)
        line = shown_run(pilot.app).session.line
        await pilot.press("V")
        await pilot.pause()
        session = shown_run(pilot.app).session

        assert "demotion.luf is yours" in text(pilot.app)
        assert (line, Path("demotion.luf")) == (session.line, session.path)
        assert text_before == shipped.read_text("utf-8")
        assert f"{text_before}note    by hand\n" == Path("demotion.luf").read_text("utf-8")


@driven
async def test_what_was_edited_badly_is_shown_and_can_be_mended(
    path: Path, own_editor: Path
) -> None:
    own_editor.write_text(APPEND.replace("note    by hand", "xyzzy"), "utf-8")
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("V")
        await pilot.pause()

        assert "xyzzy" in text(pilot.app)
        assert shown_run(pilot.app).session.timeline.steps


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("", "no editor is set: `export EDITOR=nano`"),
        ("/nosuch/editor", "/nosuch/editor: No such file or directory"),
        ("false", "false ended with 1"),
        ("'vi", "EDITOR cannot be read"),
    ],
)
@driven
async def test_an_editor_that_does_not_run_is_told(
    path: Path, own_editor: Path, value: str, told: str
) -> None:
    os.environ["EDITOR"] = value
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("V")

        assert told in text(pilot.app)


@driven
async def test_a_copy_that_nobody_wrote_to_does_not_stay(path: Path, own_editor: Path) -> None:
    os.environ["EDITOR"] = "false"
    async with LufApp(library.locate("tiering/demotion")).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("V")

        assert "false ended with 1" in text(pilot.app)
        assert not Path("demotion.luf").exists()


@driven
async def test_a_terminal_that_cannot_be_handed_over_is_told(
    path: Path, own_editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("EDITOR", "vi")
    async with LufApp(path).run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        await pilot.press("V")

        assert "this terminal cannot be handed to an editor" in text(pilot.app)


@driven
async def test_a_script_in_no_file_and_a_recording_are_not_edited(
    path: Path, own_editor: Path
) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press(*["down"] * 8, "a", *"cpu1 read text.0", "enter")
        await pilot.pause()
        await pilot.press("V")

        assert "this script is in no file: W saves it" in text(pilot.app)
    async with LufApp(library.locate("llm-excerpt")).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("V")

        assert "a recording has no script to edit" in text(pilot.app)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["nano"], ("+7", "a.luf")),
        (["/usr/bin/vim", "-u", "NONE"], ("+7", "a.luf")),
        (["hx"], ("a.luf:7",)),
        (["code"], ("--wait", "--goto", "a.luf:7")),
        (["mine"], ("a.luf",)),
    ],
)
def test_editors_begin_at_the_line_where_they_know_how(
    command: list[str], expected: tuple[str, ...]
) -> None:
    assert expected == editing.arguments(command, Path("a.luf"), 7)


def test_visual_comes_before_editor() -> None:
    assert ["b", "-n"] == editing.editor({"EDITOR": "a", "VISUAL": "b -n"})
    with pytest.raises(LufError, match="no editor is set"):
        editing.editor({"EDITOR": " "})
