"""A person's own keys and theme: from one file, told where they are wrong, and remembered."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from luf_tui.ui import actions, config_file, keymap
from luf_tui.ui.app import LufApp
from luf_tui.ui.config_file import Config, default_text, load
from luf_tui.ui.key_names import as_bound
from luf_tui.ui.panels.glossary import EntryPanel
from luf_tui.view.palette import PALETTES
from tests.ui_driver import do, driven, lines, path, screen_of, shown_run, text

__all__ = ["path"]

Run = Callable[..., "CompletedProcess[str]"]
FILE = """\
# mine
theme = "light"  # by day

[keys]
forward = ["L", "right"]
"back" = "H"
"""


@pytest.fixture(autouse=True)
def default_keys() -> Iterator[None]:
    """What a test has the keys changed to does not outlive it."""
    yield
    actions.use_keys({})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "luf-tui" / "config.toml"
    made.parent.mkdir()
    made.write_text(FILE, "utf-8")
    return made


def told(config: Config) -> str:
    return "\n".join(map(str, config.errors))


# -- keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("l", "l"),
        ("L", "L"),
        ("?", "question_mark"),
        ("%", "percent_sign"),
        ("_", "underscore"),
        ("+", "plus"),
        ("→", "right"),
        ("⇧→", "shift+right"),
        ("ctrl+x", "ctrl+x"),
        ("pgdn", "pagedown"),
        ("question_mark", "question_mark"),
        ("F5", "f5"),
        ("ö", "ö"),
        ("frobnicate", ""),
        ("hyper+x", ""),
        ("", ""),
        ("F99", ""),
    ],
)
def test_a_key_may_be_written_as_it_is_said_or_named(said: str, name: str) -> None:
    assert name == keymap.key_name(said)


def test_every_key_of_the_table_can_be_written_as_it_is_shown() -> None:
    keys = {key for action in actions.DEFAULTS for key in action.keys}

    assert [] == [key for key in keys if keymap.key_name(key) != key]
    assert [] == [key for key in keys if keymap.key_name(actions.key_sign(key)) != key]


def bound(wishes: Mapping[str, tuple[str, ...]]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    table, refused = keymap.rebound(actions.DEFAULTS, wishes)
    return {action.id: action.keys for action in table}, list(refused)


def test_two_actions_can_swap_their_keys() -> None:
    keys, refused = bound({"forward": ("left",), "back": ("right",)})

    assert [] == refused
    assert (("left",), ("right",)) == (keys["forward"], keys["back"])


def test_a_key_that_another_action_has_is_refused_and_nothing_else() -> None:
    keys, refused = bound({"forward": ("left",), "play": ("f5",)})

    assert ["forward"] == refused
    assert (("right",), ("f5",)) == (keys["forward"], keys["play"])


def test_of_two_wishes_for_one_key_the_first_counts() -> None:
    keys, refused = bound({"forward": ("f5",), "back": ("f5",)})

    assert ["back"] == refused
    assert (("f5",), ("left",)) == (keys["forward"], keys["back"])


# -- the file -----------------------------------------------------------------------------------


def test_a_file_says_theme_and_keys_and_everything_else_is_the_default(file: Path) -> None:
    config = load(file, "")

    assert "" == told(config)
    assert "light" == config.theme
    assert {"forward": ("L", "right"), "back": ("H",)} == config.keys
    assert "default" == config.settings["keys.why"].source


def test_the_environment_goes_before_the_file(file: Path) -> None:
    config = load(file, "forward=f6")

    assert ("f6",) == config.keys["forward"]
    assert ("H",) == config.keys["back"]
    assert "environment" == config.settings["keys.forward"].source


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config = load(tmp_path / "none.toml", "")

    assert (() == config.errors) and ({} == config.keys)
    assert next(iter(PALETTES)) == config.theme


@pytest.mark.parametrize(
    ("line", "where", "said"),
    [
        ('theme = "drak"', ":1:1: ", "no theme is called 'drak'|did you mean 'dark'?"),
        ("colour = 1", ":1:1: ", "there is no setting 'colour'|known: keys, theme"),
        ("[keys]\nforwad = 'x'", ":2:1: ", "no action 'forwad'|did you mean 'forward'?"),
        ("[keys]\nback = 'pagedwn'", ":2:1: ", "no key 'pagedwn'|did you mean 'pagedown'?"),
        ("[keys]\nback = 'ctrl+q'", ":2:1: ", "ctrl+q is the app's own key"),
        ("[keys]\nback = '?'", ":2:1: ", "back: ? is the key of help|give help another"),
        ("[keys]\nback = 4", ":2:1: ", "takes a key in quotes|back = "),
        ("keys = 4", ":1:1: ", "keys is a table"),
        ("[kees]\nback = 'x'", ":1:1: ", "there is no setting 'kees'"),
        ("keys.forwad = 'x'", ":1:1: ", "no action 'forwad'"),
        ("theme = ", ":1:9: ", "this is no TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_is_near_and_the_rest_holds(
    line: str, where: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(line + "\n", "utf-8")
    config = load(path, "")

    assert f"config.toml{where}" in told(config)
    assert all(part in told(config) for part in said.split("|"))
    assert {} == config.keys
    assert next(iter(PALETTES)) == config.theme


def test_a_wrong_line_leaves_the_other_lines_as_they_are(file: Path) -> None:
    file.write_text(FILE + "nosuch = 'x'\n", "utf-8")
    config = load(file, "")

    assert "no action 'nosuch'" in told(config)
    assert ("light", ("H",)) == (config.theme, config.keys["back"])


@pytest.mark.parametrize("data", [b"\xff\xfe", b"theme = 'dark'\n" * 100_000])
def test_a_file_that_is_no_settings_is_told(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(data)

    assert told(load(path, "")).startswith(str(path))


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in told(load(tmp_path, ""))


def test_the_default_file_is_right_and_has_every_action() -> None:
    written = default_text()
    used = written.replace("# theme", "theme")
    for action in actions.DEFAULTS:
        used = used.replace(f"# {action.id} = [", f"{action.id} = [")
    data = tomllib.loads(used)

    assert {} == tomllib.loads(written)["keys"]
    assert {action.id: list(action.keys) for action in actions.DEFAULTS} == data["keys"]
    assert next(iter(PALETTES)) == data["theme"]


def test_no_test_reads_a_persons_own_settings(state_home: Path) -> None:
    assert config_file.config_path().is_relative_to(state_home)
    assert "default" == load().settings["keys.forward"].source


# -- remembered -----------------------------------------------------------------------------------


def test_a_theme_is_written_and_everything_else_in_the_file_stays(file: Path) -> None:
    config_file.write_theme(file, "dark")

    assert FILE.replace('"light"', '"dark"') == file.read_text("utf-8")


def test_a_theme_is_written_to_a_file_and_a_folder_that_there_were_not(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "config.toml"
    config_file.write_theme(path, "light")

    assert 'theme = "light"\n' == path.read_text("utf-8")


def test_a_link_to_the_file_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    config_file.write_theme(link, "dark")

    assert link.is_symlink()
    assert "dark" == load(file, "").theme


@driven
async def test_the_theme_chosen_last_is_there_the_next_time(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    async with LufApp(path, config=load(file, "")).run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        chosen = screen_of(pilot.app).preferences.theme
        assert f"theme {chosen}" in text(pilot.app)

    assert chosen == list(PALETTES)[1]
    async with LufApp(path, config=load(file, "")).run_test(size=(80, 24)) as pilot:
        assert chosen == screen_of(pilot.app).preferences.theme


@driven
async def test_a_theme_that_cannot_be_remembered_is_told_once(path: Path, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("", "utf-8")
    config = load(tmp_path / "blocked" / "config.toml", "")
    async with LufApp(path, config=config).run_test(size=(160, 50)) as pilot:
        do(pilot.app, "theme")
        assert "not remembered" in text(pilot.app)
        do(pilot.app, "theme")
        assert "not remembered" not in text(pilot.app)
        assert list(PALETTES)[2] == screen_of(pilot.app).preferences.theme


@driven
async def test_a_file_with_a_mistake_is_never_written_over(path: Path, file: Path) -> None:
    file.write_text("theme = \n# precious", "utf-8")
    async with LufApp(path, config=load(file, "")).run_test(size=(160, 50)) as pilot:
        do(pilot.app, "theme")
        assert "not remembered" in text(pilot.app)

    assert "theme = \n# precious" == file.read_text("utf-8")


@driven
async def test_nothing_is_remembered_of_an_app_without_settings(path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        do(pilot.app, "theme")

    assert not config_file.config_path().exists()


# -- in the app -----------------------------------------------------------------------------------


@driven
async def test_a_persons_keys_do_what_the_hints_and_the_help_say(path: Path, file: Path) -> None:
    async with LufApp(path, config=load(file, "")).run_test(size=(160, 50)) as pilot:
        await pilot.press("L", "L", "H")
        run = shown_run(pilot.app)
        assert 1 == run.session.position
        assert "H L step" in lines(pilot.app)[-1]

        await pilot.press("left")
        assert 1 == run.session.position
        await pilot.press("question_mark")
        await pilot.pause()
        assert any("L →" in line and "One micro-step on" in line for line in lines(pilot.app))


@driven
async def test_what_is_wrong_is_told_in_the_apps_line_once(path: Path, file: Path) -> None:
    file.write_text('theme = "drak"\n[keys]\nnosuch = "x"\n', "utf-8")
    async with LufApp(path, config=load(file, "")).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        assert "config.toml:1: no theme is called 'drak'; did you mean 'dark'?" in text(pilot.app)
        assert "1 more: `luf-tui config --check`" in text(pilot.app)
        await pilot.press("o")
        await pilot.pause()
        assert "drak" not in text(pilot.app)


@driven
async def test_the_theme_of_the_command_line_goes_before_the_file(path: Path, file: Path) -> None:
    app = LufApp(path, theme_name="high-contrast", config=load(file, ""))
    async with app.run_test(size=(80, 24)):
        assert "high-contrast" == screen_of(app).preferences.theme


# -- the command ----------------------------------------------------------------------------------


def test_config_says_where_and_what_holds_and_where_that_is_from(
    luf_tui: Run, file: Path, tmp_path: Path
) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path), "LUF_TUI_KEYS": "why=f7"}
    plain = luf_tui("config", **home)
    shown = [line.split() for line in plain.stdout.splitlines()]

    assert (0, "") == (plain.returncode, plain.stderr)
    assert [str(file)] == shown[0]
    assert ["theme", "light", "file"] == shown[1]
    assert ["keys.forward", "L", "→", "file"] in shown
    assert ["keys.why", "f7", "environment"] in shown
    assert ["keys.play", "space", "default"] in shown


def test_config_as_json_says_the_same(luf_tui: Run, file: Path, tmp_path: Path) -> None:
    file.write_text(FILE + "nosuch = 'x'\n", "utf-8")
    data = json.loads(luf_tui("config", "--json", XDG_CONFIG_HOME=str(tmp_path)).stdout)

    assert (1, True, str(file)) == (data["version"], data["exists"], data["path"])
    assert {"value": ["L", "right"], "source": "file"} == data["settings"]["keys.forward"]
    assert [(str(file), 7)] == [(one["of"], one["line"]) for one in data["problems"]]


def test_config_check_exits_2_with_a_mistake_and_0_without(
    luf_tui: Run, file: Path, tmp_path: Path
) -> None:
    right = luf_tui("config", "--check", XDG_CONFIG_HOME=str(tmp_path))
    file.write_text("[keys]\nnosuch = 'x'\n", "utf-8")
    wrong = luf_tui("config", "--check", XDG_CONFIG_HOME=str(tmp_path))

    assert (0, "") == (right.returncode, right.stdout)
    assert (2, "") == (wrong.returncode, wrong.stdout)
    assert f"{file}:2:1: there is no action 'nosuch'" in wrong.stderr


def test_config_writes_a_default_file_that_is_right_and_none_over_another(
    luf_tui: Run, tmp_path: Path
) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    first = luf_tui("config", "--write-default", **home)
    written = tmp_path / "luf-tui" / "config.toml"
    assert (0, f"{written}\n") == (first.returncode, first.stdout)
    assert 0 == luf_tui("config", "--check", **home).returncode

    written.write_text("# mine\n", "utf-8")
    assert 2 == luf_tui("config", "--write-default", **home).returncode
    assert "# mine\n" == written.read_text("utf-8")


@driven
async def test_texts_that_ship_name_a_persons_own_keys(tmp_path: Path) -> None:
    script = "title t\nabout Take it away (g, note-pending).\nprocess app\ncpu1 run app\n"
    made = tmp_path / "n.luf"
    made.write_text(f"{script}note Ask why (w), not (q).\ncpu1 read heap.0\n", "utf-8")
    config = load(tmp_path / "none.toml", "guards=f6;why=e;export=f7")
    async with LufApp(made, config=config).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "Take it away (f6, note-pending)." in text(pilot.app)
        do(pilot.app, "next-line", "next-line")
        shown_run(pilot.app).open(EntryPanel("guard"))
        do(pilot.app)
        assert "key `f6`" in text(pilot.app)


def test_only_keys_that_were_changed_are_called_otherwise() -> None:
    said = "Ask why (w), search (E), or see rule (A), key `g`."
    assert said == as_bound(said)

    actions.use_keys({"why": ("e",), "export": (), "guards": ("f6",)})
    assert "Ask why (e), search (E), or see rule (A), key `f6`." == as_bound(said)
