"""What the screens of the app share: the theme in use, lines typed before, runs sketched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.timeline.tell.narrate import LEVELS
from luf_tui.ui.background.sketches import Sketches
from luf_tui.ui.config_file import Config
from luf_tui.ui.drawing.paint import Styles
from luf_tui.view.guesses import Score


class Preferences:
    """Shared by all screens of one app."""

    def __init__(
        self,
        names: Sequence[str],
        styles_of: Callable[[str], Styles],
        theme: str = "",
        config: Config | None = None,
    ) -> None:
        """`names` are the themes there are and `styles_of` makes the styles of one. Without a
        `theme`, the one of `config` is used, which remembers the theme chosen last.

        Raises LufError for a theme there is not.
        """
        self.config = config or Config()
        self._told_wrong = False
        theme = theme or self.config.theme
        self.names = tuple(names)
        if theme and theme not in self.names:
            raise LufError(with_hint(f"no theme is called '{theme}'", nearest(theme, names)))
        self._styles_of = styles_of
        self._styles: dict[str, Styles] = {}
        self.theme = theme or self.names[0]
        self.sketches = Sketches()
        self.typed: dict[str, list[str]] = {}
        self.level = LEVELS[0]
        """In whose words the next run that is opened is told."""
        self.scores: dict[Path, Score] = {}
        """How well each script was guessed, by its file."""

    @property
    def styles(self) -> Styles:
        """The styles of the theme in use."""
        if self.theme not in self._styles:
            self._styles[self.theme] = self._styles_of(self.theme)
        return self._styles[self.theme]

    def next_theme(self) -> str:
        """Use the next theme, and remember it. Says which it is."""
        self.theme = self.names[(self.names.index(self.theme) + 1) % len(self.names)]
        trouble = self.config.keep_theme(self.theme)
        return f"theme {self.theme}" + (f"; {trouble}" if trouble else "")

    def wrong(self) -> str:
        """What is wrong with a person's settings, in a line; empty from the second time on."""
        errors = () if self._told_wrong else self.config.errors
        self._told_wrong = True
        problems = [(error, problem) for error in errors for problem in error.problems]
        if not problems:
            return ""
        error, first = problems[0]
        line = f":{first.span.line}" if first.span else ""
        told = f"{Path(error.path).name}{line}: {with_hint(first.message, first.hint)}"
        if len(problems) > 1:
            told = f"{told} ({len(problems) - 1} more: `luf-tui config --check`)"
        return told

    def remember(self, kind: str, line: str) -> None:
        """Keep a line typed into a prompt."""
        kept = self.typed.setdefault(kind, [])
        if line.strip() and kept[-1:] != [line]:
            kept.append(line)
