"""luf-tui: a visual stepper for Lazy Unmap Flush (LUF). Importing it loads nothing else.

    run = luf_tui.open("tour/flush-before-reuse")  # a path, or the name of what ships with it
    run.seek(40)
    print(run.screen(), run.why("cpu1 text.0"))

`open` gives a run, `explore` tries every order of a race, `replay` asks what a recorded kernel
would have flushed, and `parse` reads a scenario's text. What goes wrong is a `LufError`.
"""

from __future__ import annotations

import importlib

# What checkers of types take for true; the module `typing` would be most of what is loaded here.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from luf_tui.errors import InputError, LufError
    from luf_tui.runs.explored import Explored, explore
    from luf_tui.runs.opening import open_run as open  # noqa: A004
    from luf_tui.runs.replayed import Replayed, replay
    from luf_tui.runs.run import Run
    from luf_tui.script.parse import parse

__all__ = [
    "Explored",
    "InputError",
    "LufError",
    "Replayed",
    "Run",
    "explore",
    "open",
    "parse",
    "replay",
]
__version__ = "0.1.0"

_HOME = {
    "Explored": ("luf_tui.runs.explored", "Explored"),
    "InputError": ("luf_tui.errors", "InputError"),
    "LufError": ("luf_tui.errors", "LufError"),
    "Replayed": ("luf_tui.runs.replayed", "Replayed"),
    "Run": ("luf_tui.runs.run", "Run"),
    "explore": ("luf_tui.runs.explored", "explore"),
    "open": ("luf_tui.runs.opening", "open_run"),
    "parse": ("luf_tui.script.parse", "parse"),
    "replay": ("luf_tui.runs.replayed", "replay"),
}
"""Where each name of the public face lives: loaded when it is first asked for."""


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module 'luf_tui' has no attribute '{name}'")
        module, attribute = _HOME[name]
        value = globals()[name] = getattr(importlib.import_module(module), attribute)
        return value


def __dir__() -> list[str]:
    return sorted((*__all__, "__version__"))
