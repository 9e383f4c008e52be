"""A person's own settings: the theme and keys, from a file, the environment or the command line.

The file is TOML: `theme = "light"`, and a table `keys` with a key, or several, for an action's id.
What is wrong with it is told with its place, and everything else in it holds.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from attrs import Factory, define, frozen

from luf_tui.errors import InputError, LufError, Problem, Span, nearest
from luf_tui.ui import actions, keymap
from luf_tui.view.palette import PALETTES

FILE = "config.toml"
KEYS = "LUF_TUI_KEYS"
"""Environment variable with keys, `id=key key;id=key`: it goes before the file."""
DEFAULT, IN_FILE, ENVIRONMENT = "default", "file", "environment"
"""Where a setting may come from."""
SETTINGS = ("theme", "keys")
MOST_BYTES = 1 << 20
"""A file larger than this is none of settings."""

_AT = re.compile(r" ?\(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$")
"""Where tomllib says that something is wrong."""
_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([\w.\"'-]+(?:\s*\.\s*[\w\"'-]+)*)\s*=")


@frozen
class Setting:
    """What holds, and where it is from."""

    value: str | tuple[str, ...]
    source: str = DEFAULT


@define
class Config:
    """The settings in use, and what was wrong with those wished for."""

    path: Path | None = None
    """The file; None for settings that are kept nowhere."""
    settings: dict[str, Setting] = Factory(dict)
    """`theme`, and `keys.ID` for every action."""
    errors: tuple[InputError, ...] = ()
    """What is wrong with the file, and with the environment variable."""
    _told: bool = False

    @property
    def theme(self) -> str:
        """The theme; empty where none is chosen."""
        return str(self.settings["theme"].value) if "theme" in self.settings else ""

    @property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """The keys that are not the default ones, by action."""
        return {
            name.removeprefix("keys."): tuple(one.value)
            for name, one in self.settings.items()
            if name.startswith("keys.") and one.source != DEFAULT
        }

    def keep_theme(self, theme: str) -> str:
        """Remember a theme in the file, all else in it as it was. Answers with why it cannot be,
        once.
        """
        try:
            if self.path is not None:
                write_theme(self.path, theme)
        except (OSError, LufError) as error:
            before, self._told = self._told, True
            why = error.strerror if isinstance(error, OSError) else str(error)
            return "" if before else f"not remembered: {self.path}: {why}"
        return ""


def config_path() -> Path:
    """Where a person's settings are: in the folder that XDG_CONFIG_HOME names."""
    import platformdirs  # noqa: PLC0415 - only where settings are asked for

    return platformdirs.user_config_path("luf-tui", appauthor=False) / FILE


def load(path: Path | None = None, environment: str | None = None) -> Config:
    """The settings of the file at `path`, or at its usual place, and what the environment variable
    says. Nothing is raised: what is wrong is among the problems.
    """
    path = config_path() if path is None else path
    asked = os.environ.get(KEYS, "") if environment is None else environment
    text, problems = _read(path)
    data, unread = _parsed(text)
    source = tuple(text.splitlines())
    reader = _Reader(source, [*problems, *unread])
    reader.read(data, asked)
    errors = []
    if reader.in_file:
        in_order = sorted(reader.in_file, key=lambda one: one.span.line if one.span else 0)
        errors.append(InputError(str(path), tuple(in_order), source))
    if reader.in_environment:
        errors.append(InputError(KEYS, tuple(reader.in_environment)))
    return Config(path, reader.settings, tuple(errors))


def _read(path: Path) -> tuple[str, list[Problem]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            return "", [Problem(f"too large for a file of settings: at most {MOST_BYTES:,} bytes")]
        return path.read_text("utf-8"), []
    except FileNotFoundError:
        return "", []
    except UnicodeDecodeError:
        return "", [Problem("this is no text in UTF-8")]
    except OSError as error:
        return "", [Problem(f"cannot be read: {error.strerror}")]


def _parsed(text: str) -> tuple[dict[str, object], list[Problem]]:
    try:
        return tomllib.loads(text), []
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _AT.search(said)
        line, column = (int(found[1] or 0), int(found[2] or 0)) if found else (0, 0)
        place = Span(line, column) if line else Span(max(1, len(text.splitlines())))
        told = _AT.sub("", said)
        hint = "nothing of this file is used until it is TOML again"
        return {}, [Problem(f"this is no TOML: {told[:1].lower()}{told[1:]}", place, hint)]


class _Reader:
    """Puts settings together, and remembers what is wrong."""

    def __init__(self, source: tuple[str, ...], problems: list[Problem]) -> None:
        self.source = source
        self.in_file = problems
        self.in_environment: list[Problem] = []
        self.settings: dict[str, Setting] = {"theme": Setting(next(iter(PALETTES)))}
        self.defaults = {action.id: action for action in actions.DEFAULTS}

    def read(self, data: Mapping[str, object], environment: str) -> None:
        """Take the file, then the environment, which goes before it."""
        for name in data:
            if name not in SETTINGS:
                self._wrong(name, f"there is no setting '{name}'", nearest(name, SETTINGS))
        if "theme" in data:
            self._theme(data["theme"])
        table = data.get("keys", {})
        if not isinstance(table, Mapping):
            self._wrong("keys", "keys is a table", '[keys], then a line an action: back = "f5"')
            table = {}
        named, broken = keymap.wishes_of(environment)
        for wish in broken:
            told = f"'{wish}' is no action and keys"
            self._wrong(KEYS, told, "as in `forward=F6 right;back=F5`")
        wishes = {f"{KEYS}.{name}": keys for name, keys in named.items()}
        wishes |= {f"keys.{name}": keys for name, keys in table.items() if name not in named}
        self._keys(dict(self._wishes(wishes)))

    def _theme(self, value: object) -> None:
        if isinstance(value, str) and value in PALETTES:
            self.settings["theme"] = Setting(value, IN_FILE)
            return
        hint = nearest(str(value), PALETTES) or f"there are {', '.join(PALETTES)}"
        self._wrong("theme", f"no theme is called '{value}'", hint)

    def _wishes(self, wishes: Mapping[str, object]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Wishes for actions there are, with keys there are. A wish is called by where it is from,
        and the action.
        """
        for place, value in wishes.items():
            name = _action(place)
            said = [value] if isinstance(value, str) else value
            if name not in self.defaults:
                hint = nearest(name, self.defaults) or "`luf-tui config` lists the actions"
                self._wrong(place, f"there is no action '{name}'", hint)
            elif not isinstance(said, list | tuple) or not all(isinstance(k, str) for k in said):
                example = (self.defaults[name].keys or ("f5",))[0]
                told = f"{name} takes a key in quotes, or a list of such"
                self._wrong(place, told, f'as in {name} = ["{example}"]')
            else:
                keys = {key: keymap.key_name(key) for key in said}
                fit = [self._fit(place, key, known) for key, known in keys.items()]
                if all(fit):
                    yield place, tuple(dict.fromkeys(keys.values()))

    def _fit(self, place: str, said: str, known: str) -> bool:
        """Whether a key can be had."""
        if not known:
            hint = nearest(said, keymap.known_names()) or "letters, signs, or names as in shift+f5"
            self._wrong(place, f"there is no key '{said}'", hint)
        elif known in keymap.RESERVED:
            self._wrong(place, f"{known} is the app's own key", "take another")
        return bool(known) and known not in keymap.RESERVED

    def _keys(self, wishes: Mapping[str, tuple[str, ...]]) -> None:
        places = {_action(place): place for place in wishes}
        by_name = {name: wishes[place] for name, place in places.items()}
        table, refused = keymap.rebound(actions.DEFAULTS, by_name)
        for name, (key, other) in refused.items():
            told = f"{name}: {actions.key_sign(key)} is the key of {other}"
            self._wrong(places.pop(name), told, f"give {other} another one, too")
        for action in table:
            place = places.get(action.id, "")
            source = DEFAULT
            if place:
                source = ENVIRONMENT if place.startswith(KEYS) else IN_FILE
            self.settings[f"keys.{action.id}"] = Setting(action.keys, source)

    def _wrong(self, place: str, message: str, hint: str) -> None:
        """Remember what is wrong with the setting of a place."""
        if place.startswith(KEYS):
            self.in_environment.append(Problem(message, None, hint))
        else:
            self.in_file.append(Problem(message, _place(place, self.source), hint))


def _action(place: str) -> str:
    """The action that a wish is for."""
    return place.partition(".")[2]


def _place(name: str, source: tuple[str, ...]) -> Span | None:
    """Where a setting is in the file: `keys.back` is `back` under `[keys]`, or that very word."""
    table = ""
    for number, line in enumerate(source, start=1):
        heading = _TABLE.match(line)
        if heading:
            table = f"{_bare(heading[1])}."
            if _bare(heading[1]) == name:
                return Span(number, line.index("[") + 1, len(line.rstrip()) + 1)
        found = _KEY.match(line)
        if found and f"{table}{_bare(found[1])}" == name:
            return Span(number, found.start(1) + 1, found.end(1) + 1)
    return None


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def write_theme(path: Path, theme: str) -> None:
    """Write the theme to a file of settings, and nothing else. Raises OSError, and LufError for a
    file that cannot be read as settings.
    """
    import tomlkit  # noqa: PLC0415 - only when something is written
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    real = path.resolve()
    text, problems = _read(real)
    if problems:
        raise LufError(problems[0].message)
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise LufError("it is no TOML") from error
    if document.get("theme") != theme:
        document["theme"] = theme
        _write(real, tomlkit.dumps(document))


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def write_default(path: Path) -> None:
    """Write a file that says everything that can be said in it, as comments. Raises LufError for
    one that is there, or cannot be written.
    """
    if path.exists():
        raise LufError(f"{path} is there already; `luf-tui config --check` says if it is right")
    try:
        _write(path, default_text())
    except OSError as error:
        raise LufError(f"{path}: {error.strerror}") from error


def default_text() -> str:
    """A file of settings in which every line is the default, commented out."""
    rows = [
        "# Settings of luf-tui. Every line here is a default: take its `#` away to change it.",
        "# `luf-tui config --check` says what is wrong, `luf-tui config` what holds.",
        "",
        f"# Themes: {', '.join(PALETTES)}. Choosing one in the app writes it here.",
        f'# theme = "{next(iter(PALETTES))}"',
        "",
        "# A key in quotes, or several in brackets; none in empty ones. Keys are letters, digits,",
        "# signs, and names: space, enter, tab, escape, backspace, home, f5, shift+left, ctrl+x.",
        "[keys]",
    ]
    group = ""
    for action in actions.DEFAULTS:
        if action.group != group:
            group = action.group
            rows += ["", f"# {group}"]
        rows.append(f"# {action.id} = {_listed(action.keys)}  # {action.description}")
    return "\n".join(rows) + "\n"


def _listed(keys: Iterable[str]) -> str:
    quoted = ", ".join(f'"{key}"' for key in keys)
    return f"[{quoted}]"
