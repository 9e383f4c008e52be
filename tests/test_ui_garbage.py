"""Collections of garbage do not go through a run that is open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from luf_tui.ui import garbage
from luf_tui.ui.app import LufApp
from luf_tui.ui.messages import OpenScenario
from tests.ui_driver import driven, path

__all__ = ["path"]


KEPT = """
import gc, weakref
from luf_tui.ui import garbage

class Ring:
    def __init__(self):
        self.itself = self

ring = Ring()
freed = weakref.ref(ring)
garbage.keep()
del ring
gc.collect()
assert freed()
garbage.keep()
assert freed() is None
"""
"""A ring, which nothing but a collection frees."""


def test_what_was_kept_is_looked_at_when_more_is_kept() -> None:
    """In a process of its own: what is garbage is a matter of the whole process."""
    subprocess.run([sys.executable, "-c", KEPT], check=True, timeout=60)


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
