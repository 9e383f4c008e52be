"""Collections of garbage do not go through a run that is open."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from luf_tui.ui import garbage
from luf_tui.ui.app import LufApp
from luf_tui.ui.messages import OpenScenario
from tests.ui_driver import driven, path

__all__ = ["path"]


class Ring:
    """What nothing but a collection frees."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_kept_is_looked_at_when_more_is_kept() -> None:
    ring = Ring()
    freed = weakref.ref(ring)
    garbage.keep()
    del ring
    gc.collect()
    assert freed()
    garbage.keep()

    assert freed() is None


@driven
async def test_a_run_is_kept_when_it_is_opened(path: Path) -> None:
    kept: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(garbage, "keep", lambda: kept.append(1))
        app = LufApp(path)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            assert [1] == kept
            app.post_message(OpenScenario(path, None, None, ()))
            await pilot.pause()

    assert [1, 1] == kept
