"""The screen as a picture in a file."""

from __future__ import annotations

from pathlib import Path

from textual.app import App


def save_svg(app: App[None], name: str, folder: Path | None = None) -> tuple[str, bool]:
    """Write the screen as SVG into the working folder under a name that is free.

    Answers with what to tell, and whether it went well.
    """
    folder = folder or Path()
    path = folder / name
    number = 2
    while path.exists():
        path = folder / f"{Path(name).stem}-{number}.svg"
        number += 1
    try:
        path.write_text(app.export_screenshot(title="luf-tui", simplify=True), "utf-8")
    except OSError as error:
        return f"not saved: {path}: {error.strerror}", False
    return f"saved {path}", True
