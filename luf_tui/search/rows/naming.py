"""What gives states that differ in nothing that matters one name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from luf_tui.search.rows.cell_columns import CellColumns


class Naming(Protocol):
    """Renames states. Any two that come to the same name lead to states that do, turn by turn, and
    break the same obligations; how many such pairs it misses costs states, and nothing else.
    """

    def rename(self, columns: CellColumns) -> None:
        """Put each of these states under its name."""
