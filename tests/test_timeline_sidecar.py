"""What a person keeps of a script: where it lives, and that nothing of it is lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.timeline.navigate import sidecar
from luf_tui.timeline.navigate.bookmarks import Bookmark
from luf_tui.timeline.navigate.sidecar import Sidecar, home

KEPT = Sidecar((Bookmark("here", 1, 2, "op b", "look: ◆"),), ("event defer hit 2",))


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder beside a script can be written."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)


def test_bookmarks_and_breakpoints_survive_a_save(tmp_path: Path) -> None:
    side = home(tmp_path / "a.luf").path
    sidecar.save(side, KEPT)
    assert KEPT == sidecar.load(side)
    assert [side] == list(tmp_path.iterdir())


def test_nothing_to_keep_leaves_no_file(tmp_path: Path) -> None:
    side = tmp_path / "x"
    sidecar.save(side, Sidecar((), ("line 1",)))
    sidecar.save(side, Sidecar())
    assert not side.exists()


@given(st.one_of(st.binary(), st.from_regex(r'\{"bookmarks": *[\[\{].*', fullmatch=True)
                 .map(str.encode)))  # fmt: skip
def test_any_garbage_is_read_as_far_as_it_makes_sense(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes
) -> None:
    side = tmp_path_factory.mktemp("side") / "x"
    side.write_bytes(garbage)
    sidecar.load(side)


def test_the_good_entries_of_a_damaged_file_are_kept(tmp_path: Path) -> None:
    side = tmp_path / "x"
    side.write_text(
        '{"bookmarks": [7, {"name": 1}, {"name": "a", "item": true}, '
        '{"name": "b", "item": 2}], "breakpoints": [null, "line 3"]}'
    )
    assert Sidecar((Bookmark("b", 2, 0),), ("line 3",)) == sidecar.load(side)


def test_a_missing_file_holds_nothing(tmp_path: Path) -> None:
    assert Sidecar() == sidecar.load(tmp_path / "none")


def test_a_place_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(LufError, match="bookmarks not saved"):
        sidecar.save(tmp_path / "no" / "x", Sidecar((), ("line 1",)))


def test_what_is_kept_of_a_shipped_file_is_in_the_persons_state_folder(state_home: Path) -> None:
    scenario = library.scenarios_dir() / "tour" / "who-pays.luf"
    before = set(scenario.parent.iterdir())
    home(scenario).save(KEPT)

    assert KEPT == home(scenario).load()
    assert before == set(scenario.parent.iterdir())
    assert state_home / "luf-tui/marks/shipped/tour/who-pays.luf.marks.json" == home(scenario).path
    assert home(scenario).path.is_file()


def test_what_was_kept_beside_a_shipped_file_is_still_read_until_it_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "scenarios_dir", lambda: tmp_path)
    scenario = tmp_path / "a.luf"
    sidecar.save(tmp_path / ".a.luf.marks.json", KEPT)
    assert KEPT == home(scenario).load()

    home(scenario).save(Sidecar())
    assert Sidecar() == home(scenario).load()


@pytest.mark.usefixtures("read_only")
def test_what_is_kept_of_a_file_in_a_folder_that_cannot_be_written_is_in_the_state_folder(
    tmp_path: Path, state_home: Path
) -> None:
    one, other = tmp_path / "one" / "a.luf", tmp_path / "other" / "a.luf"
    one.parent.mkdir()
    other.parent.mkdir()
    home(one).save(KEPT)

    assert home(one).away
    assert home(one).path.is_relative_to(state_home)
    assert KEPT == home(one).load()
    assert Sidecar() == home(other).load()
    assert [] == list(one.parent.iterdir())


def test_what_an_older_version_wrote_is_read(tmp_path: Path) -> None:
    mark = {"name": "a", "item": 3, "offset": 1, "text": "op b", "note": ""}
    older = {"luf-tui": 1, "bookmarks": [mark], "breakpoints": ["line 7"]}
    (tmp_path / ".a.luf.marks.json").write_text(json.dumps(older), "utf-8")

    assert Sidecar((Bookmark("a", 3, 1, "op b"),), ("line 7",)) == home(tmp_path / "a.luf").load()
