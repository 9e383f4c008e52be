"""The app stays whole whatever is done to it. A few hundred things here, some of every kind;
`python -m tests.monkey 20000` does more of the same.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.monkey import play
from tests.ui_driver import unhurried

COUNT = 180


@pytest.mark.parametrize("seed", range(4))
def test_the_app_stays_whole(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for editor in ("EDITOR", "VISUAL"):
        monkeypatch.setenv(editor, "true")
    with unhurried():
        seen = asyncio.run(play(COUNT, seed, tmp_path))

    assert COUNT <= seen.total()
    assert seen["RunScreen"]
