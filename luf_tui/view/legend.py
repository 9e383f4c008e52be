"""What the glyphs mean."""

from __future__ import annotations

from luf_tui.view.marks import ROLES, Mark, Row


def legend() -> tuple[Row, ...]:
    """One row per role that has a glyph."""
    return tuple(
        (Mark(f"{role.glyph} ", name), Mark(role.about))
        for name, role in ROLES.items()
        if role.glyph
    )
