"""A permalink of where one stands: copied, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luf_tui.timeline.navigate import permalinks
from luf_tui.ui.session import Reply

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen


def copy(screen: RunScreen) -> Reply:
    """Copy the command line that opens this place again."""
    screen.navigation.pause()
    session = screen.session
    if not (session.filed and screen.branches.current.filed):
        told = (
            "this script is in no file: {save-script} writes one, which can be opened and linked to"
        )
        return Reply(told, moved=False)
    said = permalinks.command(session.timeline, session.position)
    screen.app.copy_to_clipboard(said)
    return Reply(f"copied: {said}")
