"""What the glyphs and letters mean."""

from __future__ import annotations

from luf_tui.view.marks import ROLES, Mark, Row

LETTERS: tuple[tuple[str, str], ...] = (
    ("r", "read-only"),
    ("w", "writable"),
    ("W", "a TLB entry writable and dirty: a store goes straight to the frame"),
    ("A", "a PTE that was accessed"),
    ("D", "a PTE that is dirty"),
    ("↯ →", "a TLB entry whose invalidate is on its way (arm64): used until that is done"),
    ("▤ ⇒", "a page-table page, and what a CPU remembers of where it is"),
    ("?", "a PTE writable where the mapping is not"),
    ("f4-7", "a block of frames 4 to 7"),
    ("f3◆2", "frame 3, free, with the flush of key 2 owed"),
    ("f3◆g2", "the same in buddy, where a zone's generation stands for the key"),
    ("f3△2", "the same after everybody has flushed for some other reason"),
)
"""What stands beside the names of pages and frames."""


def legend() -> tuple[Row, ...]:
    """One row per role that has a glyph, and per letter."""
    glyphs = ((name, role.glyph, role.about) for name, role in ROLES.items() if role.glyph)
    letters = (("text", sign, about) for sign, about in LETTERS)
    return tuple(
        (Mark(f"{sign:<5}", name), Mark(about)) for name, sign, about in (*glyphs, *letters)
    )
