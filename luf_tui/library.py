"""What ships with luf-tui: scenarios and recordings, what they are called, and where they are."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from attrs import frozen

from luf_tui.errors import LufError, with_hint

SUFFIX = ".luf"
RECORDED = (
    "A recording of a real kernel, replayed: it decided who unmaps, frees and allocates what; "
    "the policy decides what is flushed and when. What the CPUs read is not known."
)
"""What a recording is about: nothing in it says so."""
LISTS = "`luf-tui list` names what is shipped"
_KIND = re.compile(r"\.luf$|\.trace(\.\w+)?$")
"""The end of a file's name that says of what kind it is."""
_HERE = Path(__file__).resolve().parent
_HEAD_LINES = 40
_MOST_MEANT = 3
"""Names that one hint offers."""


@frozen
class Entry:
    """A scenario or a recording, known by its name and its first lines only."""

    path: Path
    folder: str
    """The folder inside the library, `/` between its parts; empty at the top."""
    title: str
    about: str

    @property
    def stem(self) -> str:
        """The file's name without the end that says of what kind it is."""
        return _KIND.sub("", self.path.name)

    @property
    def name(self) -> str:
        """What it is called on the command line: folder and `stem`."""
        return f"{self.folder}/{self.stem}" if self.folder else self.stem


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
    return Entry(path, _folder(path, root), title or path.stem, " ".join(about))


def scenario_files(folder: Path) -> list[Path]:
    """All scenario files under a folder, in the order of their names."""
    return sorted(path for path in folder.rglob(f"*{SUFFIX}") if path.is_file())


def shipped(root: Path | None = None) -> list[Entry]:
    """All shipped scenarios (or all under `root`), by folder, then by file name."""
    root = scenarios_dir() if root is None else root
    found = [entry(path, root) for path in scenario_files(root)]
    return sorted(found, key=lambda one: (one.folder, one.path.name))


def recordings(root: Path | None = None) -> list[Entry]:
    """All shipped recordings of a real kernel (or all under `root`), in the order of their names.

    A recording has no title of its own: it is the file's name.
    """
    root = scenarios_dir() if root is None else root
    found = sorted(path for path in root.rglob("*.trace*") if path.is_file())
    return [Entry(path, _folder(path, root), path.name, RECORDED) for path in found]


def locate(word: str) -> Path:
    """The file or folder a person means: a path, or the name of what is shipped.

    A scenario or a recording is named with or without its folder; `~` is the home folder. Raises
    LufError when there is no such thing, with names that can be typed in its place.
    """
    path = _expanded(word)
    if path.exists():
        return path
    entries = [*shipped(), *recordings()]
    named = [one for one in entries if word in (one.name, one.stem)]
    if len(named) == 1:
        return named[0].path
    if named:
        raise LufError(f"'{word}' could be " + " or ".join(one.name for one in named))
    folder = word.rstrip("/")
    if folder in {one.folder for one in entries}:
        return scenarios_dir() / folder
    raise LufError(with_hint(f"{word}: no such file", _meant(word, entries)))


def exists(word: str) -> bool:
    """Whether `locate` would find something."""
    try:
        locate(word)
    except LufError:
        return False
    return True


def _folder(path: Path, root: Path) -> str:
    folder = path.parent.relative_to(root).as_posix()
    return "" if folder == "." else folder


def _expanded(word: str) -> Path:
    """The path, `~` replaced where it names a home."""
    try:
        return Path(word).expanduser()
    except RuntimeError:
        return Path(word)


def _meant(word: str, entries: list[Entry]) -> str:
    """What to type in the place of a word that names nothing."""
    said = _KIND.sub("", word)
    stem = said.rpartition("/")[2]
    found = [one.name for one in entries if f"/{said}".endswith(f"/{one.name}")]
    found = found or [one.name for one in entries if one.stem == stem]
    if not found:
        by_word = {one.stem: one.name for one in entries} | {one.name: one.name for one in entries}
        close = difflib.get_close_matches(said, by_word, n=1, cutoff=0.6)
        close = close or difflib.get_close_matches(stem, by_word, n=1, cutoff=0.6)
        by_stem = [one.name for name in close for one in entries if one.stem == name]
        found = by_stem or [by_word[name] for name in close]
    if not found or len(found) > _MOST_MEANT:
        return LISTS
    return "did you mean " + " or ".join(f"'{name}'" for name in found) + "?"
