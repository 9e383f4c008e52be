"""The command line: exit codes, what goes to stdout and stderr, and the keys of the JSON."""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.cli import COMMANDS, YOUNG, main

ROOT = Path(__file__).resolve().parent.parent

Run = Callable[..., "subprocess.CompletedProcess[str]"]

GOOD = """\
title    Flush before reuse
about    A stale entry is harmless until its frame gets a new owner.
machine  cpus 3, dram 8, cxl 8, pcp-batch 1
policy   luf
process  app
file     lib, 2 pages
app      mmap lib read-only as text
cpu1     run app
cpu1     read text.0
kswapd   reclaim text.0
expect   stale cpu1 text.0
process  thief
cpu0     run thief
cpu0     write thief.heap.0 secret
cpu1     read text.0
expect   no violation
"""
FIVE_MISTAKES = """\
title    Five mistakes
machine  cpus 3, dramm 8
process  app
file     lib, 2 pages
app      mmap lbi read-only as text
cpu1     run app
cpu9     run app
cpu1     raed heap.0
expect   no violatoin
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.luf"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_an_unknown_command_names_the_nearest_and_exits_2(luf_tui: Run) -> None:
    done = luf_tui("chek")

    assert (2, "") == (done.returncode, done.stdout)
    assert "did you mean 'check'?" in done.stderr


def test_bad_usage_exits_2_without_a_traceback(luf_tui: Run) -> None:
    done = luf_tui("list", "--nonsense")

    assert (2, "") == (done.returncode, done.stdout)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(luf_tui: Run, name: str) -> None:
    done = luf_tui(name, "--help")

    assert 0 == done.returncode, done.stderr
    assert f"luf-tui {name}" in done.stdout


def test_an_unexpected_error_is_one_honest_line() -> None:
    code = (
        "import luf_tui.commands.list as command, luf_tui.cli as cli, sys\n"
        "command.run = lambda args: {}['nowhere']\n"
        "sys.exit(cli.main(['list']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert 1 == len(done.stderr.splitlines())
    assert "defect of luf-tui" in done.stderr
    assert "LUF_TUI_DEBUG=1" in done.stderr


@pytest.mark.parametrize("words", ["--help", "guards --json", "list"])
def test_a_reader_that_leaves_early_gets_no_complaint(words: str) -> None:
    command = f"{sys.executable} -m luf_tui {words} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stdout.strip() in ("0", "141")


def test_a_missing_file_is_told_and_exits_2(luf_tui_process: Run) -> None:
    for command in ("run", "check", "compare"):
        done = luf_tui_process(command, "nowhere.luf")
        assert (2, "") == (done.returncode, done.stdout)
        assert "nowhere.luf" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_folder_is_no_scenario(luf_tui: Run, tmp_path: Path) -> None:
    done = luf_tui("run", tmp_path)

    assert (2, "") == (done.returncode, done.stdout)
    assert "folder" in done.stderr


def test_a_folder_without_scenarios_has_nothing_to_check(luf_tui: Run, tmp_path: Path) -> None:
    done = luf_tui("check", tmp_path)

    assert 2 == done.returncode
    assert "no scenarios" in done.stderr


def test_all_problems_of_a_file_are_told_at_once(luf_tui: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.luf"
    path.write_text(FIVE_MISTAKES, encoding="utf-8")
    done = luf_tui("run", path)
    told = [line for line in done.stderr.splitlines() if line.startswith(f"{path}:")]

    assert (2, "") == (done.returncode, done.stdout)
    assert [2, 5, 7, 8, 9] == [int(line.split(":")[1]) for line in told]
    assert done.stderr.count("^") >= 5


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [("--policy", "lof", "luf"), ("--without", "flush-before-ruse", "flush-before-reuse")],
)
def test_an_unknown_policy_or_guard_names_the_nearest(
    luf_tui: Run, good: Path, option: str, value: str, hint: str
) -> None:
    done = luf_tui("run", good, option, value)

    assert (2, "") == (done.returncode, done.stdout)
    assert f"did you mean '{hint}'?" in done.stderr


def test_a_scenario_that_holds_exits_0(luf_tui_process: Run, good: Path) -> None:
    done = luf_tui_process("run", good)

    assert (0, "") == (done.returncode, done.stderr)
    assert "2 held, 0 failed" in done.stdout


def test_a_violation_exits_1(luf_tui_process: Run, good: Path) -> None:
    done = luf_tui_process("run", good, "--without", "flush-before-reuse")

    assert 1 == done.returncode
    assert "violation of O2" in done.stdout


def test_check_prints_a_line_for_each_scenario_and_a_total(luf_tui: Run, good: Path) -> None:
    good.with_name("worse.luf").write_text(GOOD.replace("policy   luf", "policy   eager"))
    done = luf_tui("check", good.parent)

    assert 1 == done.returncode
    words = [line.split()[0] for line in done.stdout.splitlines()]
    assert ["held", "failed", "2"] == words
    assert "worse.luf:11" in done.stderr


def test_check_keeps_going_after_a_file_it_cannot_read(luf_tui: Run, good: Path) -> None:
    good.with_name("a.luf").write_text(FIVE_MISTAKES)
    done = luf_tui("check", good.parent)

    assert 2 == done.returncode
    assert "2 scenarios: 1 held, 1 unreadable" in done.stdout


def test_an_awaited_violation_is_no_failure(luf_tui: Run, good: Path) -> None:
    text = GOOD.replace("policy   luf", "policy   luf without flush-before-reuse")
    good.write_text(text.replace("expect   no violation", "expect   violation"))
    done = luf_tui("run", good)

    assert 0 == done.returncode


def test_a_violation_after_the_last_expectation_still_fails(luf_tui: Run, good: Path) -> None:
    text = GOOD.replace("policy   luf", "policy   luf without flush-before-reuse")
    good.write_text(text.replace("expect   no violation", ""))
    done = luf_tui("check", good)

    assert 1 == done.returncode
    assert "good.luf:14: violation of O2" in done.stderr


def test_run_json_has_the_documented_keys(luf_tui: Run, good: Path) -> None:
    said = json.loads(luf_tui("run", good, "--json").stdout)

    assert [
        "version",
        "scenario",
        "policy",
        "without",
        "steps",
        "events",
        "ipis",
        "interrupted_cpus",
        "flushes",
        "debts",
        "lasting",
        "refused",
        "expectations",
        "violations",
        "deviations",
        "asked",
        "digest",
    ] == list(said)
    assert {"owed": 0, "paid": 1, "saved": 0} == said["flushes"]
    assert {"held": 2, "failed": 0} == said["expectations"]


def test_findings_in_json_say_who_read_what(luf_tui: Run, good: Path) -> None:
    said = json.loads(luf_tui("run", good, "--json", "--without", "flush-before-reuse").stdout)
    keys = {"obligation", "step", "line", "cpu", "read", "expected"}

    assert said["violations"]
    assert all(keys <= set(one) for one in said["violations"])
    assert {"secret"} == {one["read"] for one in said["violations"] if one["line"] == 15}


def test_compare_json_has_the_documented_keys(luf_tui: Run, good: Path) -> None:
    done = luf_tui("compare", good, "--policies", "eager,luf", "--json")
    said = json.loads(done.stdout)

    assert 0 == done.returncode
    assert ["version", "scenario", "policies", "first_divergence"] == list(said)
    assert ["eager", "luf"] == list(said["policies"])
    costs = said["policies"]["eager"]["costs"]
    assert ["waiting", "interrupted", "total", "cpus", "actors"] == list(costs)
    assert costs["waiting"] == sum(cpu["waiting"] for cpu in costs["cpus"]) > 0
    assert costs["interrupted"] == costs["actors"]["irq"]["interrupted"] > 0
    assert 10 == said["first_divergence"]["line"]


def test_the_first_difference_says_which_run_did_what(luf_tui: Run, good: Path) -> None:
    done = luf_tui("compare", good, "--policies", "luf,luf-v12,eager")

    assert "\n  eager: The flush for f0 cannot wait" in done.stdout
    assert "\n  luf: " in done.stdout


def test_the_same_run_has_the_same_digest_whatever_the_hash_seed(luf_tui: Run, good: Path) -> None:
    said = {
        json.loads(luf_tui("run", good, "--json", PYTHONHASHSEED=seed).stdout)["digest"]
        for seed in ("0", "1", "4242")
    }

    assert 1 == len(said)


def test_a_policy_of_ones_own_is_run_when_named(luf_tui: Run, good: Path) -> None:
    good.with_name("mine.py").write_text(
        "from luf_tui.policy import guards\n"
        "from luf_tui.policy.luf import Luf\n"
        "class Mine(Luf):\n"
        "    NAME = 'mine'\n"
        "    SUMMARY = 'never pays'\n"
        "    GUARDS = Luf.GUARDS - {guards.FLUSH_BEFORE_REUSE}\n"
        "    API = 2\n",
        encoding="utf-8",
    )
    done = luf_tui("run", good, "--policy", "mine.py:Mine", "--json")

    assert 1 == done.returncode
    assert "mine" == json.loads(done.stdout)["policy"]


@pytest.mark.parametrize("what", ["nowhere.py:Mine", "mine.py:Yours"])
def test_a_policy_file_that_cannot_be_used_is_told(luf_tui: Run, good: Path, what: str) -> None:
    good.with_name("mine.py").write_text("from luf_tui.policy.luf import Luf\n")
    done = luf_tui("run", good, "--policy", what)

    assert (2, "") == (done.returncode, done.stdout)
    assert "Traceback" not in done.stderr


def test_text_of_a_file_never_reaches_the_terminal_raw(luf_tui: Run, good: Path) -> None:
    good.write_text(GOOD.replace("Flush before reuse", "\x1b]0;owned\x07\x1b[2J[/][bold]"))
    done = luf_tui("run", good)

    assert 0 == done.returncode
    assert "\x1b" not in done.stdout + done.stderr
    assert "[/][bold]" in done.stdout


def test_output_survives_a_terminal_without_our_glyphs(luf_tui: Run, good: Path) -> None:
    done = luf_tui("run", good, PYTHONIOENCODING="ascii")

    assert 0 == done.returncode
    assert "\\u25c6" in done.stdout


def test_fmt_changes_a_file_once(luf_tui: Run, good: Path) -> None:
    good.write_text(GOOD.replace("cpu1     run app", "cpu1 run   app"), encoding="utf-8")
    first, second = luf_tui("fmt", good), luf_tui("fmt", good)

    assert (0, 0) == (first.returncode, second.returncode)
    assert f"formatted  {good}\n" == first.stdout
    assert "" == second.stdout
    assert 0 == luf_tui("check", good).returncode


def test_fmt_check_changes_nothing_and_exits_1(luf_tui: Run, good: Path) -> None:
    text = GOOD.replace("cpu1     run app", "cpu1 run   app")
    good.write_text(text, encoding="utf-8")

    assert 1 == luf_tui("fmt", "--check", good).returncode
    assert text == good.read_text(encoding="utf-8")


def test_fmt_leaves_alone_what_it_cannot_read(luf_tui: Run, good: Path) -> None:
    good.write_text("cpu1 raed text.0\n", encoding="utf-8")
    done = luf_tui("fmt", good)

    assert 2 == done.returncode
    assert "cpu1 raed text.0\n" == good.read_text(encoding="utf-8")


def test_matrix_names_the_scenario_that_catches_a_missing_guard(luf_tui: Run, good: Path) -> None:
    done = luf_tui("matrix", good, "--json")
    said = json.loads(done.stdout)

    assert 0 == done.returncode
    found = {"obligations": ["O2"], "killed_by": [str(good)], "asked_by": [str(good)]}
    assert found == said["guards"]["flush-before-reuse"]
    assert [] == said["guards"]["no-shootdown"]["killed_by"]
    assert [] == said["policies"]["luf"]["violations"]


def test_plain_prints_the_screen_at_a_step(luf_tui: Run, good: Path) -> None:
    first = luf_tui("run", f"{good}@0", "--plain", "--size", "80x24").stdout.splitlines()
    end = luf_tui("run", f"{good}@end", "--plain", "--size", "80x24").stdout

    assert 24 == len(first)
    assert ["step", "0"] == re.findall(r"step|\d+(?=/)", first[0])
    assert end == luf_tui("run", good, "--plain", "--size", "80x24").stdout


@pytest.mark.parametrize("word", ["x", "100000x5", "80x", "59x20", "60x19"])
def test_a_size_that_is_none_is_told(luf_tui: Run, good: Path, word: str) -> None:
    done = luf_tui("run", good, "--plain", "--size", word)

    assert (2, "") == (done.returncode, done.stdout)


def test_a_step_that_is_none_is_told(luf_tui: Run, good: Path) -> None:
    done = luf_tui("run", f"{good}@soon")

    assert 2 == done.returncode
    assert "'soon' is no step" in done.stderr


def test_a_run_is_reported_up_to_a_place_and_judged_as_a_whole(luf_tui: Run, good: Path) -> None:
    failing = good.with_name("failing.luf")
    failing.write_text(f"{GOOD}expect deferred = 77\n", encoding="utf-8")
    part, whole = luf_tui("run", f"{failing}@1"), luf_tui("run", failing)
    data, same = luf_tui("run", f"{good}@1", "--json"), luf_tui("run", good, "--json")

    assert "at step 1 of " in part.stdout
    assert "FAILS" not in part.stdout
    assert part.returncode == whole.returncode == 1
    assert (0, data.stdout) == (data.returncode, same.stdout)
    assert "about the whole run" in data.stderr
    assert "" == same.stderr


def test_the_app_needs_a_terminal(luf_tui_process: Run, good: Path) -> None:
    for words in ([], [good], [f"{good}@3"]):
        done = luf_tui_process(*words)
        assert (2, "") == (done.returncode, done.stdout)
        assert "needs a terminal" in done.stderr
    words = ("--policy", "luf", "--without", "flush-before-reuse")
    assert f"`luf-tui run {good} {' '.join(words)} --plain`" in luf_tui_process(good, *words).stderr


def test_a_bad_scenario_is_told_before_the_app_opens(luf_tui: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.luf"
    path.write_text(FIVE_MISTAKES, encoding="utf-8")
    done = luf_tui(path)

    assert 2 == done.returncode
    assert "bad.luf:2:" in done.stderr


def test_record_prints_shell_commands(luf_tui: Run) -> None:
    done = luf_tui("record", "--pid", "42")

    assert 0 == done.returncode
    assert 0 == subprocess.run(["sh", "-n"], input=done.stdout, text=True, check=False).returncode


def test_ctrl_c_leaves_quietly() -> None:
    code = (
        "import luf_tui.commands.list as command, luf_tui.cli as cli, sys\n"
        "def run(args): raise KeyboardInterrupt\n"
        "command.run = run\n"
        "sys.exit(cli.main(['list']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert (130, "luf-tui: interrupted\n") == (done.returncode, done.stderr)


JSON = [
    "run FILE",
    "check FILE",
    "compare FILE",
    "matrix FILE",
    "explore RACE --no-shrink",
    "explore RACE --all-guards --max-states 100",
    "replay llm-excerpt",
    "list",
    "policies",
    "guards",
]


@pytest.mark.parametrize("words", JSON)
def test_every_json_object_says_its_version_first(luf_tui: Run, good: Path, words: str) -> None:
    race = ROOT / "scenarios" / "races" / "flush-before-reuse.luf"
    named = {"FILE": good, "RACE": race}
    done = luf_tui(*(named.get(word, word) for word in words.split()), "--json")

    assert ("version", 1) == next(iter(json.loads(done.stdout).items()))


WRONG = [
    ("run scenarios/tour/flush-before-reuse.luf", "'tour/flush-before-reuse'"),
    ("run flush-before-ruse", "'races/flush-before-reuse' or 'tour/flush-before-reuse'"),
    ("run tour", "`luf-tui list"),
    ("run zzz", "`luf-tui list`"),
    ("check touur", "`luf-tui list`"),
    ("run tour/flush-before-reuse --without nosuch", "`luf-tui guards`"),
    ("check llm-excerpt", "`luf-tui run llm-excerpt`"),
    ("matrix llm-excerpt", "`luf-tui run llm-excerpt`"),
    ("fmt llm-excerpt", "`luf-tui run llm-excerpt`"),
    ("list llm-excerpt", "`luf-tui show llm-excerpt`"),
    ("list tour/who-pays", "`luf-tui show tour/who-pays`"),
    ("show tour", "`luf-tui list tour`"),
    ("show who-pyas", "'tiering/who-pays' or 'tour/who-pays'"),
    ("new x --from tour", "`luf-tui list tour`"),
    ("new x --from llm-excerpt", "`luf-tui run llm-excerpt`"),
    ("zzz", "`luf-tui --help`"),
    ("help zzz", "`luf-tui help`"),
    ("guards zzz", "`luf-tui guards`"),
    ("explore llm-excerpt", "`luf-tui replay llm-excerpt`"),
    ("replay tour/flush-before-reuse", "`luf-tui compare tour/flush-before-reuse`"),
]


@pytest.mark.parametrize(("words", "hint"), WRONG)
def test_a_hint_works_when_it_is_typed(luf_tui: Run, words: str, hint: str) -> None:
    done = luf_tui(*words.split())
    said = done.stderr.strip()

    assert (2, "") == (done.returncode, done.stdout)
    assert hint in said
    for command in re.findall(r"`luf-tui ([^`]+)`", said):
        assert 0 == luf_tui(*command.split()).returncode, command
    for name in re.findall(r"'([^' ]+/[^' ]+)'", said.partition(";")[2]):
        assert 0 == luf_tui("run", name).returncode, name


@pytest.mark.parametrize(
    "words",
    ["run NAME", "run NAME@3 --plain", "compare NAME", "replay NAME", "export NAME --format svg"],
)
def test_a_recording_opens_by_its_name(luf_tui: Run, words: str) -> None:
    said = words.replace("NAME", "llm-excerpt").split()
    done = luf_tui(*said, *(["-o", "-"] if said[0] == "export" else []))

    assert (0, "") == (done.returncode, done.stderr)
    assert "llm-excerpt" in done.stdout


def test_the_listing_of_a_folder_names_what_opens_it(luf_tui: Run, good: Path) -> None:
    for folder, names in (
        ("tour", 6),
        ("traces", 1),
        (good.parent, 1),
    ):
        listed = json.loads(luf_tui("list", folder, "--json").stdout)
        named = [one["name"] for one in (*listed["scenarios"], *listed["recordings"])]

        assert names == len(named)
        assert 0 == luf_tui("run", named[0]).returncode, named[0]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("9999", "this run has"),
        ("L9999", "this scenario has 16 lines"),
        ("L7+999", "is past the end of line 7"),
        ("L2", "something does in line 5"),
        ("1...5", "is no step or line"),
    ],
)
def test_a_place_that_a_run_does_not_have_is_told(
    luf_tui: Run, good: Path, at: str, told: str
) -> None:
    for command in ("run", "export --format txt -o -"):
        done = luf_tui(*command.split(), f"{good}@{at}")

        assert (2, "") == (done.returncode, done.stdout)
        assert told in done.stderr


@pytest.mark.parametrize("word", ["--jobs", "--random"])
def test_a_matrix_of_no_programs_or_processes_is_refused(luf_tui: Run, word: str) -> None:
    done = luf_tui("matrix", word, "0")

    assert 2 == done.returncode
    assert "'0' is no number above 0" in done.stderr


def test_a_guard_like_no_other_leads_to_the_list_of_them(luf_tui: Run) -> None:
    assert "`luf-tui guards` lists them" in luf_tui("guards", "nosuch").stderr


def test_the_plain_screen_shows_the_lanes_of_another_policy_beside(luf_tui: Run) -> None:
    words = ("run", "tour/who-pays", "--plain", "--size", "120x40")
    beside = luf_tui(*words, "--beside", "eager").stdout

    assert "eager all" in beside
    assert "eager all" not in luf_tui(*words).stdout


@pytest.mark.parametrize(("words", "seldom"), [(["list"], True), (["--version"], False)])
def test_a_command_seldom_looks_for_garbage(
    monkeypatch: pytest.MonkeyPatch, words: list[str], seldom: bool
) -> None:
    """The app decides of that by itself."""
    asked: list[int] = []
    monkeypatch.setattr(gc, "set_threshold", asked.append)
    monkeypatch.setattr(sys, "argv", ["luf-tui", *words])
    assert 0 == main()
    assert seldom == (asked == [YOUNG])
