"""Every pane at the places that matter, as text with roles.

Set LUF_UPDATE_GOLDENS=1 to write them anew, and read what changed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from luf_tui.view.screen import PANES
from luf_tui.view.state import ViewState
from tests.view_runs import NAMES, pane_text, places, run

GOLDENS = Path(__file__).parent / "goldens"
SIZES = {"header": (160, 1), "strip": (160, 1), "narration": (160, 2), "script": (60, 30)}
OTHERS = (100, 12)


def told(name: str, position: int) -> str:
    timeline = run(name)
    timeline.seek(position)
    state = ViewState(breakpoints=frozenset({3}))
    shown = (
        f"== {pane} ==\n{pane_text(PANES[pane](timeline, state, *SIZES.get(pane, OTHERS)))}"
        for pane in PANES
        if pane != "too-small"
    )
    return "\n".join(shown)


CASES = [(name, place) for name in NAMES for place in places(run(name))]


@pytest.mark.parametrize(("name", "place"), CASES)
def test_panes_look_as_they_did(name, place):
    file = GOLDENS / f"{name.replace('/', '-')}-{place}.txt"
    now = told(name, places(run(name))[place])
    if os.environ.get("LUF_UPDATE_GOLDENS"):
        GOLDENS.mkdir(exist_ok=True)
        file.write_text(now, encoding="utf-8", newline="\n")

    assert file.read_text(encoding="utf-8") == now


def test_no_golden_is_left_over():
    known = {f"{name.replace('/', '-')}-{place}.txt" for name, place in CASES}

    assert known == {file.name for file in GOLDENS.iterdir()}
