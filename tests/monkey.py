"""A monkey at the app: keys, clicks, wheels, resizes and edits of the open file, drawn from a seed.

`python -m tests.monkey N [--seed S]` makes N of them and says what it saw. Keys are those of the
table of actions, so that every new action is tried; what must hold holds after each of them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import OutOfBounds, Pilot

from luf_tui.ui import actions
from luf_tui.ui.app import LufApp
from luf_tui.ui.screens.base_screen import BaseScreen
from luf_tui.ui.screens.run_screen import RunScreen
from luf_tui.view.state import SMALLEST
from tests.ui_driver import SCENARIO, unhurried

ROOT = Path(__file__).resolve().parent.parent
SIZES = ((59, 19), (60, 20), (60, 21), (80, 24), (100, 30), (120, 40), (160, 50), (220, 60))
PANEL_KEYS = (
    "enter", "escape", "up", "down", "left", "right", "tab", "backspace", "pageup", "pagedown",
    "home", "end", "space", "delete", "ctrl+p",
)  # fmt: skip
TYPED = "abcfnwx019 .+-L<>=/'\"[漢é"
WORDS = ("text.0", "cpu1", "f0", "21", "L12", "owed > 0", "stale cpu1 text.0", "read text.0")
ASKED = {
    "X": ("eager", "without flush-before-reuse", "dram 4", "@end"),
    "A": ("owed", "text.0", "stale cpu1 text.0"),
    "a": ("cpu1 read text.0", "kernel drain"),
    ":": ("21", "L12", "end"),
}
"""What may be typed where a key asks for something."""
PATIENCE = 120.0
TOLD = 1000
"""Of so many it says how many are done."""


class Monkey:
    """Does things to an app, and looks whether it is still whole."""

    def __init__(self, pilot: Pilot[Any], path: Path, draw: random.Random) -> None:
        self.pilot, self.path, self.draw = pilot, path, draw
        self.last = ""
        self.seen: Counter[str] = Counter()
        self.keys = [
            *{key for action in actions.BY_ID.values() for key in action.keys}, *PANEL_KEYS,
        ]  # fmt: skip
        self.keys.sort()

    async def act(self) -> None:
        """One thing, and what must hold after it."""
        kinds: tuple[tuple[int, Callable[[], Any]], ...] = (
            (70, self.key), (6, self.type), (14, self.click), (4, self.wheel), (3, self.resize),
            (3, self.edit), (2, self.ask),
        )  # fmt: skip
        weights = [weight for weight, _ in kinds]
        (do,) = self.draw.choices([does for _, does in kinds], weights)
        await do()
        self.look()

    async def key(self) -> None:
        name = self.draw.choice(self.keys)
        self.last = f"key {name}"
        await self.pilot.press(name)

    async def type(self) -> None:
        word = self.draw.choice((*WORDS, "".join(self.draw.choices(TYPED, k=5))))
        self.last = f"type {word!r}"
        await self.pilot.press(*(" " if char == " " else char for char in word))

    async def ask(self) -> None:
        """A key that asks for something, and a line that is one."""
        key = self.draw.choice(sorted(ASKED))
        word = self.draw.choice(ASKED[key])
        self.last = f"ask {key} {word!r}"
        await self.pilot.press("escape", key, *word, "enter")

    async def click(self) -> None:
        width, height = self.pilot.app.size
        spot = (self.draw.randrange(width), self.draw.randrange(height))
        self.last = f"click {spot}"
        with contextlib.suppress(OutOfBounds):
            await self.pilot.click(offset=spot, times=self.draw.choice((1, 1, 2)))

    async def wheel(self) -> None:
        width, height = self.pilot.app.size
        kind = self.draw.choice((MouseScrollDown, MouseScrollUp))
        spot = (self.draw.randrange(width), self.draw.randrange(height))
        self.last = f"{kind.__name__} {spot}"
        await self.pilot._post_mouse_events([kind], offset=spot)

    async def resize(self) -> None:
        size = self.draw.choice(SIZES)
        self.last = f"resize {size}"
        await self.pilot.resize_terminal(*size)

    async def edit(self) -> None:
        """The open file is written, broken, taken away."""
        what = self.draw.choice(("whole", "longer", "broken", "empty", "gone"))
        self.last = f"file {what}"
        if what == "gone":
            self.path.unlink(missing_ok=True)
            return
        text = {"whole": SCENARIO, "longer": SCENARIO + "cpu2     read text.1\n",
                "broken": SCENARIO + "cpu9 runn\n", "empty": ""}[what]  # fmt: skip
        self.path.write_text(text, "utf-8")

    def look(self) -> None:
        """What must hold whatever was done."""
        app = self.pilot.app
        assert isinstance(app, LufApp)
        assert app.failure is None, app.failure
        screen = app.screen
        self.seen[type(screen).__name__] += 1
        if not isinstance(screen, BaseScreen) or not screen.is_attached or not app.is_running:
            return
        screen._paint_if_due()
        width, height = grid = screen.grid.size
        shown = [screen.grid.render_line(y) for y in range(height)]
        assert {width} == {strip.cell_length for strip in shown}, grid
        assert any(strip.text.strip() for strip in shown)
        for panel in screen.panels:
            self.seen[f"panel {panel.name}"] += 1
        if isinstance(screen, RunScreen):
            session = screen.session
            assert 0 <= session.position <= session.timeline.steps
            if width >= SMALLEST[0] and height >= SMALLEST[1]:
                assert session.timeline.position == session.position


def stays(app: LufApp) -> bool:
    """Whether the app is to go on: `q` in a gallery that stands alone leaves it."""
    return app.is_running and app.return_code is None and not app._exit


async def play(count: int, seed: int, folder: Path) -> Counter[str]:
    """So many things from a seed, in that folder. Raises AssertionError with what was done last."""
    draw = random.Random(seed)
    seen: Counter[str] = Counter()
    left = count
    while left > 0:
        path = folder / "reuse.luf"
        path.write_text(SCENARIO, "utf-8")
        race = ROOT / "scenarios" / "races" / "flush-before-reuse.luf"
        opened = draw.choice((path, path, race, None))
        app = LufApp(opened)
        seen["opened"] += 1
        async with app.run_test(size=draw.choice(SIZES[3:])) as pilot:
            monkey = Monkey(pilot, path, draw)
            done: list[str] = []
            while left > 0 and stays(app):
                left -= 1
                if left % TOLD == 0:
                    print(f"{count - left:,} of {count:,}", file=sys.stderr)
                try:
                    async with asyncio.timeout(PATIENCE):
                        await monkey.act()
                except Exception as error:
                    done.append(monkey.last)
                    told = f"seed {seed}, {count - left} done, the last of them {done[-12:]}"
                    raise AssertionError(told) from error
                done.append(monkey.last)
            seen += monkey.seen
    return seen


def main() -> None:
    """As many as are asked for, and what was seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.monkey", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
            os.environ[name] = folder
        os.environ["EDITOR"] = os.environ["VISUAL"] = "true"
        os.chdir(folder)
        with unhurried():
            print(asyncio.run(play(args.count, args.seed, Path(folder))))


if __name__ == "__main__":
    main()
