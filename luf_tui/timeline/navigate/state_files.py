"""Where a person's own state is kept, and files of it that are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def state_folder() -> Path:
    """The person's own state folder, which XDG_STATE_HOME names."""
    import platformdirs  # noqa: PLC0415 - only where something is kept

    return platformdirs.user_state_path("luf-tui", appauthor=False)


def numbered(words: str | bytes) -> str:
    """A short name that stands for some words and for no others."""
    told = words.encode("utf-8", "surrogateescape") if isinstance(words, str) else words
    return hashlib.sha256(told).hexdigest()[:16]


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all; in the state folder its folder is made. Raises OSError."""
    if path.is_relative_to(state_folder()):
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    draft.write_text(text, "utf-8")
    draft.replace(path)
