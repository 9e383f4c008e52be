"""What ships with luf-tui: scenarios and recordings, what they are called, and where they are."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from attrs import frozen

from luf_tui.errors import LufError, nearest, with_hint

SUFFIX = ".luf"
POLICY = ".py"
"""The end of the name of a file with a policy of one's own, of which one ships."""
RECORDED = (
    "A recording of a real kernel, replayed: it decided who unmaps, frees and allocates what; "
    "the policy decides what is flushed and when. What the CPUs read is not known."
)
"""What every recording is about, beside what is said of it in its own file of notes."""
NOTES = ".about"
"""The end of the name of a file beside a recording that has its `title` and `about`."""
LISTS = "`luf-tui list` names what is shipped"
Unread = Callable[[OSError], None]
"""Called with what kept a folder from being looked into; it has the folder's name."""
_KIND = re.compile(r"\.luf$|\.trace(\.\w+)?$")
"""The end of a file's name that says of what kind it is."""
_RECORDING = re.compile(r"\.trace(\.\w+)?$")
"""The end of a recording's name."""
_STOP = re.compile(r"([0-9]+)\s+(\S.*)")
"""What follows `tour`: which stop this is, and what the tour is called."""
_HERE = Path(__file__).resolve().parent
_HEAD_LINES = 40
_MOST_MEANT = 3
"""Names that one hint offers."""
_MOST_QUOTED = 60
"""Characters of a name too long for a file that a message repeats."""


@frozen
class Entry:
    """A scenario or a recording, known by its name and its first lines only."""

    path: Path
    name: str
    """What opens it: of what is shipped, its folder and its file's name without the end that says
    of what kind it is; of other files, the path.
    """
    title: str
    about: str
    stop: int = 0
    """Which stop of a tour it is, from 1 on; 0 for what belongs to none."""
    tour: str = ""
    """What the tour is called."""

    @property
    def folder(self) -> str:
        """The part of the name before the last `/`; empty where there is none."""
        return self.name.rpartition("/")[0]


@frozen
class Tour:
    """The scenarios of a folder that are to be seen one after the other."""

    title: str
    stops: tuple[Entry, ...]

    def after(self, path: Path) -> Entry | None:
        """The stop that follows a file; None after the last one."""
        files = [one.path.resolve() for one in self.stops]
        here = path.resolve()
        next_one = files.index(here) + 1 if here in files else 0
        return self.stops[next_one] if 0 < next_one < len(files) else None


def scenarios_dir() -> Path:
    """The folder of shipped scenarios: inside an installed package, beside it in a checkout."""
    inside = _HERE / "scenarios"
    return inside if inside.is_dir() else _HERE.parent / "scenarios"


def entry(path: Path) -> Entry:
    """Read the `title`, `tour` and `about` lines of a scenario, without parsing the rest.

    A file that cannot be read has none; the parser says why when it is opened.
    """
    title, about, stop, tour = "", [], 0, ""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for _, line in zip(range(_HEAD_LINES), file, strict=False):
                word, _, rest = line.strip().partition(" ")
                if word == "title":
                    title = rest.strip()
                elif word == "about":
                    about.append(rest.strip())
                elif word == "tour" and (said := _STOP.fullmatch(rest.strip())):
                    stop, tour = int(said[1]), said[2]
    except OSError:
        pass
    return Entry(path, name_of(path), title or path.stem, " ".join(about), stop, tour)


def scenario_files(folder: Path, unread: Unread | None = None) -> list[Path]:
    """All scenario files under a folder, in the order of their names; `unread` is told of folders
    that could not be looked into.
    """
    return sorted(_files(folder, lambda name: name.endswith(SUFFIX), unread))


def _files(
    folder: Path, wanted: Callable[[str], object], unread: Unread | None = None
) -> Iterator[Path]:
    """Files under a folder whose names are wanted; what cannot be looked at is no file."""
    for here, _, found in os.walk(folder, onerror=unread):
        for name in filter(wanted, found):
            path = Path(here) / name
            if os.path.isfile(path):  # noqa: PTH113 - a path's own raises where nothing can be seen
                yield path


def shipped(folder: Path | None = None) -> list[Entry]:
    """All shipped scenarios, or all under a folder, by folder; those of a tour in its order, then
    the others by file name.
    """
    found = [entry(path) for path in scenario_files(folder or scenarios_dir())]
    return sorted(found, key=lambda one: (one.folder, not one.stop, one.stop, one.path.name))


def tours() -> list[Tour]:
    """The shipped tours, by the names of their folders; a recording may be a stop of one, too."""
    recorded = recordings()
    found = []
    for _, stops in groupby((one for one in shipped() if one.stop), key=lambda one: one.folder):
        scripts = list(stops)
        title = scripts[0].tour
        found.append(Tour(title, _in_order([*scripts, *_of_tour(title, recorded)])))
    return found


def tour_of(path: Path) -> Tour | None:
    """The tour that a file is a stop of, with the other files of its folder; None for others."""
    here = _recording(path) if _RECORDING.search(path.name) else entry(path)
    if not here.stop:
        return None
    if shipped_name(path):
        return next((tour for tour in tours() if tour.title == here.tour), None)
    beside = [entry(one) for one in path.parent.glob(f"*{SUFFIX}") if one.is_file()]
    return Tour(here.tour, _in_order([one for one in beside if one.stop]))


def _of_tour(title: str, found: list[Entry]) -> list[Entry]:
    return [one for one in found if one.stop and one.tour == title]


def _in_order(stops: list[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(stops, key=lambda one: (one.stop, one.path.name)))


def recordings(folder: Path | None = None) -> list[Entry]:
    """All shipped recordings of a real kernel, or all under a folder, in the order of their names.

    What one shows is said in a file beside it, `NAME.about` beside `NAME.trace.xz`, with the lines
    `title`, `tour` and `about` of a scenario; without one its title is the file's name.
    """
    return [_recording(path) for path in _recording_files(folder or scenarios_dir())]


def locate(word: str, *, folders: bool = False) -> Path:
    """The file or folder a person means: a path, or the name of what is shipped.

    A scenario or a recording is named with or without its folder; `~` is the home folder. Raises
    LufError when there is no such thing, with names that can be typed in its place, of `folders`
    where one is wanted.
    """
    path = _expanded(word)
    try:
        if path.exists():
            return path
    except OSError as error:
        said = word if len(word) <= _MOST_QUOTED else f"{word[:_MOST_QUOTED]}…"
        raise LufError(f"{said}: {error.strerror or error}") from None
    if path.is_symlink():
        raise LufError(f"{word}: a link that leads to no file")
    inside = scenarios_dir() / word.removeprefix("scenarios/")
    if path.suffix == POLICY and ".." not in path.parts and inside.is_file():
        return inside
    known = _known()
    named = [name for name in known if word in (name, _stem(name))]
    if len(named) == 1:
        return known[named[0]]
    if named:
        raise LufError(f"'{word}' could be " + " or ".join(named))
    folder = word.rstrip("/")
    if any(name.startswith(f"{folder}/") for name in known):
        return scenarios_dir() / folder
    if folders:
        hint = nearest(folder, {name.rpartition("/")[0] for name in known})
        raise LufError(with_hint(f"{word}: no such folder", hint))
    raise LufError(with_hint(f"{word}: no such file", _meant(word, known)))


def exists(word: str) -> bool:
    """Whether `locate` would find something."""
    try:
        locate(word)
    except LufError:
        return False
    return True


def shipped_name(path: Path) -> str:
    """Where a shipped file is among them, as `tour/who-pays.luf`; empty for any other file."""
    top, whole = scenarios_dir().resolve(), path.resolve()
    return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else ""


def _recording(path: Path) -> Entry:
    beside = path.with_name(_KIND.sub("", path.name) + NOTES)
    if not beside.is_file():
        return Entry(path, name_of(path), path.name, RECORDED)
    said = entry(beside)
    about = f"{said.about} {RECORDED}"
    return Entry(path, name_of(path), said.title, about, said.stop, said.tour)


def _recording_files(folder: Path) -> list[Path]:
    # Bookmarks in a recording are kept beside it, under its name and one more suffix.
    return sorted(_files(folder, _RECORDING.search))


def name_of(path: Path) -> str:
    """What opens a file: of what is shipped its name, as `tour/who-pays`, else its path."""
    shipped = shipped_name(path)
    return _KIND.sub("", shipped) if shipped else str(path)


def _expanded(word: str) -> Path:
    """The path, `~` replaced where it names a home."""
    try:
        return Path(word).expanduser()
    except RuntimeError:
        return Path(word)


def _known() -> dict[str, Path]:
    """Every shipped scenario and recording by its name."""
    top = scenarios_dir()
    files = (*scenario_files(top), *_recording_files(top))
    return {_KIND.sub("", path.relative_to(top).as_posix()): path for path in files}


def _stem(name: str) -> str:
    return name.rpartition("/")[2]


def _meant(word: str, known: Iterable[str]) -> str:
    """What to type in the place of a word that names nothing."""
    said = _KIND.sub("", word)
    found = [name for name in known if f"/{said}".endswith(f"/{name}")]
    found = found or [name for name in known if _stem(name) == _stem(said)]
    if not found:
        by_word = {_stem(name): name for name in known} | {name: name for name in known}
        close = [
            *difflib.get_close_matches(said, by_word, n=1, cutoff=0.6),
            *difflib.get_close_matches(_stem(said), by_word, n=1, cutoff=0.6),
        ][:1]
        found = [name for name in known for one in close if one in (name, _stem(name))]
    if not found or len(found) > _MOST_MEANT:
        return LISTS
    return "did you mean " + " or ".join(f"'{name}'" for name in found) + "?"
