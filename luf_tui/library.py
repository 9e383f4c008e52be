"""The scenarios that ship with luf-tui: where they are and what their first lines say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

from luf_tui.errors import LufError, nearest

SUFFIX = ".luf"
_HERE = Path(__file__).resolve().parent
_HEAD_LINES = 40


@frozen
class Entry:
    """A scenario file, known by its first lines only."""

    path: Path
    folder: str
    """The folder inside the library, `/` between its parts; empty at the top."""
    title: str
    about: str

    @property
    def name(self) -> str:
        """What it is called on the command line: folder and file name, without the suffix."""
        return f"{self.folder}/{self.path.stem}" if self.folder else self.path.stem


def scenarios_dir() -> Path:
    """The folder of shipped scenarios: inside an installed package, beside it in a checkout."""
    inside = _HERE / "scenarios"
    return inside if inside.is_dir() else _HERE.parent / "scenarios"


def entry(path: Path, root: Path) -> Entry:
    """Read the `title` and `about` lines of a scenario, without parsing the rest.

    A file that cannot be read has neither; the parser says why when it is opened.
    """
    title, about = "", []
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for _, line in zip(range(_HEAD_LINES), file, strict=False):
                word, _, rest = line.strip().partition(" ")
                if word == "title":
                    title = rest.strip()
                elif word == "about":
                    about.append(rest.strip())
    except OSError:
        pass
    folder = path.parent.relative_to(root).as_posix()
    return Entry(path, "" if folder == "." else folder, title or path.stem, " ".join(about))


def scenario_files(folder: Path) -> list[Path]:
    """All scenario files under a folder, in the order of their names."""
    return sorted(path for path in folder.rglob(f"*{SUFFIX}") if path.is_file())


def shipped(root: Path | None = None) -> list[Entry]:
    """All shipped scenarios (or all under `root`), by folder, then by file name."""
    root = scenarios_dir() if root is None else root
    found = [entry(path, root) for path in scenario_files(root)]
    return sorted(found, key=lambda one: (one.folder, one.path.name))


def recordings(root: Path | None = None) -> list[Path]:
    """All shipped recordings of a real kernel, in the order of their names."""
    root = scenarios_dir() if root is None else root
    return sorted(path for path in (root / "traces").glob("*.trace*") if path.is_file())


def locate(word: str, known: Iterable[Entry] | None = None) -> Path:
    """The file a person means: a path, or the name of a shipped scenario with or without folder.

    Raises LufError with the nearest name when there is no such thing.
    """
    path = Path(word)
    if path.exists():
        return path
    entries = shipped() if known is None else list(known)
    named = [one for one in entries if word in (one.name, one.path.stem)]
    if len(named) == 1:
        return named[0].path
    if named:
        raise LufError(f"'{word}' could be " + " or ".join(one.name for one in named))
    names = {one.name for one in entries} | {one.path.stem for one in entries}
    stem = path.name.removesuffix(SUFFIX)
    hint = nearest(stem, names) if len(names) > 12 or nearest(stem, names)[:3] == "did" else ""
    raise LufError(f"{word}: no such file" + (f"; {hint}" if hint else ""))


def exists(word: str) -> bool:
    """Whether `locate` would find something."""
    try:
        locate(word)
    except LufError:
        return False
    return True
