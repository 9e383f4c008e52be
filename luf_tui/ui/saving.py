"""Files a person asks for from inside the app: pictures of the screen, and scripts."""

from __future__ import annotations

from pathlib import Path


def free_path(name: str, folder: Path | None = None) -> Path:
    """A path in the working folder (or `folder`) under this name, numbered if it is taken."""
    path = (folder or Path()) / name
    number = 2
    while path.exists():
        path = path.with_name(f"{Path(name).stem}-{number}{Path(name).suffix}")
        number += 1
    return path


def save_text(text: str, path: Path) -> tuple[str, bool]:
    """Write a file. Answers with what to tell, and whether it went well."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        return f"not saved: {path}: {error.strerror}", False
    return f"saved {path}", True
