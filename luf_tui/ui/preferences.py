"""What the screens of the app share: the theme in use, and lines typed before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.ui.drawing.paint import Styles


class Preferences:
    """Shared by all screens of one app."""

    def __init__(
        self, names: Sequence[str], styles_of: Callable[[str], Styles], theme: str = ""
    ) -> None:
        """`names` are the themes there are and `styles_of` makes the styles of one.

        Raises LufError for a theme there is not.
        """
        self.names = tuple(names)
        if theme and theme not in self.names:
            told = f"no theme is called '{theme}'; there are {', '.join(names)}"
            raise LufError(with_hint(told, nearest(theme, names)))
        self._styles_of = styles_of
        self._styles: dict[str, Styles] = {}
        self.theme = theme or self.names[0]
        self.typed: dict[str, list[str]] = {}

    @property
    def styles(self) -> Styles:
        """The styles of the theme in use."""
        if self.theme not in self._styles:
            self._styles[self.theme] = self._styles_of(self.theme)
        return self._styles[self.theme]

    def next_theme(self) -> str:
        """Use the next theme, and say which it is."""
        self.theme = self.names[(self.names.index(self.theme) + 1) % len(self.names)]
        return self.theme

    def remember(self, kind: str, line: str) -> None:
        """Keep a line typed into a prompt."""
        kept = self.typed.setdefault(kind, [])
        if line.strip() and kept[-1:] != [line]:
            kept.append(line)
