"""No flag is ignored: said alone, or beside any other, it changes what comes out or is refused."""

from __future__ import annotations

import importlib
import inspect
import itertools
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from luf_tui import cli, library
from luf_tui.commands.all_commands import APP, COMMANDS, arguments, parser_of

TOUR = "tour/flush-before-reuse"
RACE = "races/flush-before-reuse"
GUARD = "flush-before-reuse"

TWO_RACES = """\
machine  cpus 2, dram 2, max-order 0, tlb 8, key-bits 2, swap 1
policy   luf
kswapd   on cpu0
process  app, heap 1 page
process  thief, heap 1 page
process  nobody
file     lib, 1 page
app      mmap lib read-only as text
cpu0     run thief
cpu1     run app
cpu1     read text.0
race
  cpu0     read heap.0
  cpu1     read text.0
end
race
  kswapd   reclaim text.0
  cpu0     write heap.0 secret
  cpu1     read text.0
end
"""

Outcome = tuple[int, str, str, tuple[tuple[str, bytes], ...]]
"""Exit code, stdout, stderr and the files that are there."""

SAID: dict[str, dict[str, str]] = {
    "run": {
        "--policy": "luf-v12",
        "--without": GUARD,
        "--plain": "",
        "--size": "80x24",
        "--beside": "eager",
        "--json": "",
    },
    "check": {"--policy": "eager", "--without": GUARD, "--json": ""},
    "compare": {
        "--policy": "luf-v12",
        "--policies": "luf,batched",
        "--without": GUARD,
        "--against": "dram 4",
        "--json": "",
        "--side-by-side": "",
        "--at": "L20",
        "--html": "out.html",
        "--force": "",
        "--size": "80x24",
        "--theme": "light",
    },
    "list": {"--json": ""},
    "new": {"--from": TOUR},
    "show": {},
    "matrix": {"--search": "", "--random": "2", "--jobs": "2", "--json": ""},
    "explore": {
        "--policy": "luf-v12",
        "--without": GUARD,
        "--all-guards": "",
        "--jobs": "2",
        "--write": "out.luf",
        "--force": "",
        "--diagram": "",
        "--race": "2",
        "--max-states": "3",
        "--max-seconds": "0.000001",
        "--max-memory": "1M",
        "--save": "kept.search",
        "--resume": "left.search",
        "--random-walks": "40",
        "--no-symmetry": "",
        "--no-shrink": "",
        "--json": "",
    },
    "replay": {
        "--policies": "luf,luf-v12",
        "--lazy-drops": "",
        "--jobs": "2",
        "--cost-ipi": "5000",
        "--cost-ipi-per-target": "5000",
        "--cost-handler": "5000",
        "--cost-invlpg": "5000",
        "--cost-full-flush": "5000",
        "--csv": "out",
        "--html": "out.html",
        "--force": "",
        "--json": "",
    },
    "record": {"--pid": "42", "--cgroup": "app.slice", "--variant": "trace-cmd"},
    "export": {
        "--policy": "batched",
        "--without": GUARD,
        "--format": "jsonl",
        "--output": "-",
        "--force": "",
        "--size": "80x24",
        "--theme": "light",
        "--beside": "eager",
        "--map": "",
    },
    "fmt": {"--check": ""},
    "help": {},
    "config": {"--check": "", "--write-default": "", "--json": ""},
    "policies": {"--json": ""},
    "guards": {"--json": ""},
    "explain": {"--json": ""},
    "completion": {},
    "man": {},
    APP: {"--policy": "eager", "--without": GUARD, "--theme": "light"},
}
"""Every flag of every command, with what is said after it."""

NAMED = {
    (
        "compare",
        "--force",
    ): "test_cli_writing.test_an_own_file_is_written_again_and_another_one_is_not",
    (
        "explore",
        "--force",
    ): "test_cli_writing.test_an_own_file_is_written_again_and_another_one_is_not",
    (
        "export",
        "--force",
    ): "test_cli_writing.test_an_own_file_is_written_again_and_another_one_is_not",
    (
        "export",
        "--output",
    ): "test_cli_writing.test_an_own_file_is_written_again_and_another_one_is_not",
    (
        "explore",
        "--jobs",
    ): "test_cli_flags.test_the_processes_asked_for_are_those_that_search",
    **{
        (
            "replay",
            f"--cost-{price}",
        ): "test_ftrace_replay_report.test_the_prices_that_are_said_are_those_of_the_model"
        for price in ("ipi", "ipi-per-target", "handler", "invlpg", "full-flush")
    },
    (
        "replay",
        "--csv",
    ): "test_cli_replay_files.test_every_table_is_a_file_and_says_what_the_object_says",
    (
        "replay",
        "--html",
    ): "test_cli_replay_files.test_the_page_is_written_again_and_over_no_other_file",
    (
        "replay",
        "--force",
    ): "test_cli_replay_files.test_the_page_is_written_again_and_over_no_other_file",
    ("explore", "--no-symmetry"): "test_cli_explore.test_without_symmetry_no_state_is_renamed",
    ("replay", "--jobs"): "test_replay_at_once.test_each_policy_has_a_process_of_its_own",
    ("matrix", "--jobs"): "test_cli_flags.test_the_processes_asked_for_are_those_that_search",
    (APP, "--policy"): "test_cli_flags.test_the_app_is_given_what_is_said",
    (APP, "--without"): "test_cli_flags.test_the_app_is_given_what_is_said",
    (APP, "--theme"): "test_cli_flags.test_the_app_is_given_what_is_said",
}
"""Flags whose effect is held elsewhere, by a test of that name."""

GOES_WITH = {
    ("run", "--size"): ["--plain"],
    ("run", "--beside"): ["--plain"],
    ("compare", "--at"): ["--side-by-side"],
    ("compare", "--html"): ["--side-by-side"],
    ("compare", "--size"): ["--side-by-side"],
    ("compare", "--theme"): ["--side-by-side", "--html"],
    ("explore", "--no-shrink"): ["--without"],
    ("explore", "--without"): ["--no-shrink"],
    ("explore", "--diagram"): ["--without"],
    ("explore", "--write"): ["--without"],
    ("explore", "--race"): ["--without"],
    ("explore", "--all-guards"): ["--max-states"],
    ("explore", "--save"): ["--race", "--max-states"],
    ("explore", "--resume"): ["--race"],
    ("replay", "--lazy-drops"): ["--policies"],
}
"""What a flag needs, to mean anything, to show, or not to take long."""

LIMITS = ("--no-symmetry", "--max-states", "--max-seconds", "--max-memory")
"""Flags that change how far a search goes, which another flag may make irrelevant."""

BASES = {
    "run": [TOUR],
    "check": [TOUR],
    "compare": [TOUR],
    "new": ["doubt"],
    "matrix": ["small.luf"],
    "explore": ["race.luf"],
    "replay": ["llm-excerpt"],
    "export": [
        *(f"{TOUR} -o - --format {name}" for name in ("svg", "txt", "jsonl", "diagram")),
        *(f"{TOUR}@3 -o - --format {name} --size 60x20" for name in ("html", "cast")),
    ],
    "fmt": ["messy.luf"],
    "explain": ["TLB"],
    "completion": ["bash"],
}
"""What stands besides the flags; several where it matters."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def flags(command: str) -> list[str]:
    """The flags of a command, each by its longest name."""
    named = [action.option_strings for action in arguments(parser_of(command))]
    return [max(names, key=len) for names in named if names]


def outcome(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, base: str, said: Iterable[str]
) -> Outcome:
    """What comes of a command with some of its flags, in a folder as new."""
    for old in folder.iterdir():
        old.unlink()
    (folder / "messy.luf").write_text("process   app\n", "utf-8")
    shutil.copy(library.locate(TOUR), folder / "small.luf")
    (folder / "race.luf").write_text(TWO_RACES, "utf-8")
    if "--resume" in said:
        left = SAID["explore"]
        cut = ["--race", left["--race"], "--max-states", "2", "--save", left["--resume"]]
        cli.main(["explore", "race.luf", *cut])
        capsys.readouterr()
    words = [command, *base.split()]
    for flag in said:
        value = SAID[command][flag]
        words += [flag, *([value] if value else [])]
    code = cli.main(words)
    told = capsys.readouterr()
    files = tuple(sorted((path.name, path.read_bytes()) for path in folder.iterdir()))
    seconds = re.compile(r"[\d,.]+ s\b|\"seconds\": [\d.e-]+")
    return code, seconds.sub("", told.out), seconds.sub("", told.err), files


def refused(done: Outcome, said: Iterable[str]) -> bool:
    """Whether a combination is refused, in a sentence that names one of its flags."""
    code, out, told, _ = done
    words = [*said, *(GUARD for flag in said if flag == "--without")]
    return (code, out) == (2, "") and any(word in told for word in words)


def closed(command: str, said: Iterable[str]) -> list[str]:
    """Flags with those that they need, in the order of the command."""
    every = set(said)
    for _ in range(2):
        every |= {need for flag in every for need in GOES_WITH.get((command, flag), ())}
    return [flag for flag in SAID[command] if flag in every]


TRIED = [
    (command, base)
    for command in SAID
    if command != APP and SAID[command]
    for base in BASES.get(command, [""])
]


def test_every_flag_of_every_command_is_tried() -> None:
    for command in (*COMMANDS, APP):
        assert set(flags(command)) == set(SAID[command]), command


@pytest.mark.parametrize(("flag", "test"), NAMED.items())
def test_a_test_that_is_named_is_there_and_uses_the_flag(flag: tuple[str, str], test: str) -> None:
    module, _, name = test.partition(".")
    source = inspect.getsource(importlib.import_module(f"tests.{module}"))

    assert f"def {name}(" in source
    assert flag[1] in source or flag[1] == "--output"


@pytest.mark.parametrize(("command", "base"), TRIED)
def test_a_flag_changes_what_comes_out_or_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, base: str
) -> None:
    known: dict[tuple[str, ...], Outcome] = {}

    def of(said: Iterable[str]) -> Outcome:
        key = tuple(said)
        if key not in known:
            known[key] = outcome(folder, capsys, command, base, key)
        return known[key]

    own = [flag for flag in SAID[command] if (command, flag) not in NAMED and flag not in base]
    ignored = []
    paired = [flag for flag in own if flag not in LIMITS]
    for pair in [*((flag,) for flag in own), *itertools.combinations(paired, 2)]:
        both = closed(command, pair)
        if refused(of(both), pair):
            continue
        for flag in pair:
            if not any(flag in GOES_WITH.get((command, other), ()) for other in both):
                without = [other for other in both if other != flag]
                if of(without) == of(both):
                    ignored.append(f"{flag} beside {' '.join(without)}")
    assert "" == "\n".join(ignored)


def test_the_app_is_given_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    class Opened:
        failure, return_code = None, 0

        def __init__(self, *words: object) -> None:
            given.extend(words)

        def run(self) -> None:
            """Nothing is shown."""

    monkeypatch.setattr("luf_tui.ui.app.LufApp", Opened)
    monkeypatch.setenv("TEXTUAL_DRIVER", "none")
    words = [f"{TOUR}@3", "--policy", "luf-v12", "--without", GUARD, "--theme", "light"]

    assert 0 == cli.main(words)
    assert [library.locate(TOUR), "luf-v12", [GUARD], "light"] == [*given[:1], *given[2:5]]


@pytest.mark.parametrize(
    "words", [["matrix", "--search"], ["matrix", "--random", "1"], ["explore", "--all-guards"]]
)
def test_the_processes_asked_for_are_those_that_search(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    asked: list[int] = []
    for place in ("matrix.AllGuards", "matrix.by_random", "explore_guards.AllGuards"):
        monkeypatch.setattr(
            f"luf_tui.commands.{place}", lambda *_, jobs, **__: asked.append(jobs) or _Nothing()
        )
    shutil.copy(library.locate(RACE), folder / "race.luf")
    assert 0 == cli.main([*words, "race.luf", "--jobs", "3"])

    assert [3] == asked


class _Nothing(list[object]):
    """A search that finds nothing."""

    interrupted = False
    unusable: tuple[object, ...] = ()
    guards: tuple[str, ...] = ()
    whole: tuple[object, ...] = ()
    verdicts: tuple[object, ...] = ()

    def run(self) -> list[object]:
        """Nothing is found."""
        return []


@pytest.mark.parametrize(("words", "grey"), [([], True), (["--theme", "light"], False)])
def test_colours_that_are_asked_for_go_before_their_absence(
    monkeypatch: pytest.MonkeyPatch, words: list[str], grey: bool
) -> None:
    seen: list[object] = []
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.headless_driver:HeadlessDriver")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(
        "luf_tui.ui.app.LufApp.run", lambda app: seen.append((app.no_color, os.environ["NO_COLOR"]))
    )

    assert 0 == cli.main([TOUR, *words])
    assert [(grey, "1")] == seen
