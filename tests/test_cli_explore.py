"""`luf-tui explore`: exit codes, the keys of its JSON, the scenario it writes."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.commands import terminal
from luf_tui.commands.explore import SearchProgress
from luf_tui.search import search
from tests.forever import TWO_ACTORS
from tests.races import FOLDER, TINY

Run = Callable[..., "subprocess.CompletedProcess[str]"]
KEYS = [
    "version",
    "verdict",
    "states",
    "transitions",
    "seconds",
    "obligation",
    "message",
    "line",
    "before",
    "schedule",
    "counterexample",
    "vacuous",
    "never",
    "refused",
    "asked",
    "finals",
    "ipis",
    "collision",
    "learnt",
    "checked",
    "renamed",
    "permuted",
    "forever",
    "lasting",
    "expectations",
    "noticed",
]
RACE = FOLDER / "pending-wrprotect.luf"


def test_orders_that_end_alike_are_told_as_such(luf_tui: Run, tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.luf"
    quiet.write_text(TINY.format(more="").replace("munmap text", "read text.0"), encoding="utf-8")
    assert "\nevery order ends in the same state, 0 IPIs\n" in luf_tui("explore", quiet).stdout


def test_a_safe_race_exits_0(luf_tui: Run) -> None:
    done = luf_tui("explore", FOLDER / "flush-before-reuse.luf", "--json")
    found = json.loads(done.stdout)
    assert (0, "safe", KEYS) == (done.returncode, found["verdict"], list(found))
    assert (None, [], None) == (found["obligation"], found["schedule"], found["counterexample"])


def test_an_unsafe_race_exits_1_and_what_it_writes_runs_to_the_same_obligation(
    luf_tui: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out.luf"
    done = luf_tui("explore", RACE, "--without", "pending-wrprotect", "--write", out, "--json")
    found = json.loads(done.stdout)
    assert (1, "unsafe", "O3") == (done.returncode, found["verdict"], found["obligation"])
    assert out.read_text(encoding="utf-8") == found["counterexample"]
    run = luf_tui("run", out, "--json")
    assert 1 == run.returncode
    assert "O3" in [one["obligation"] for one in json.loads(run.stdout)["violations"]]


def test_the_diagram_is_shown_under_the_verdict(luf_tui: Run) -> None:
    """Without the flag there is none; a race that is safe has none."""
    race = FOLDER / "flush-before-reuse.luf"
    words = ("explore", race, "--without", "flush-before-reuse")
    drawn, plain = luf_tui(*words, "--diagram"), luf_tui(*words)
    safe = luf_tui("explore", race, "--diagram", "--json")

    assert (1, 1) == (drawn.returncode, plain.returncode)
    rows = drawn.stdout.splitlines()
    assert rows[1].startswith("unsafe")
    heads = ["CPU0", "(thief)", "CPU1", "(app)"]
    assert heads in [row.split() for row in rows]
    assert any("*** f0 reused" in row for row in rows)
    assert "CPU0 (kswapd)" not in plain.stdout
    assert [*KEYS, "diagram"] == list(json.loads(safe.stdout))
    assert json.loads(safe.stdout)["diagram"] is None
    every = luf_tui("explore", "--all-guards", race, "--diagram")
    assert (2, "") == (every.returncode, every.stdout)
    assert "--all-guards" in every.stderr


def test_without_write_the_counterexample_is_printed_and_can_be_played(
    luf_tui: Run, tmp_path: Path
) -> None:
    done = luf_tui("explore", RACE, "--without", "pending-wrprotect", "--no-shrink")
    head, _, scenario = done.stdout.partition("\n\n")
    assert "unsafe: O3 after" in head
    out = tmp_path / "out.luf"
    out.write_text(scenario, encoding="utf-8")
    assert 1 == luf_tui("run", out).returncode


def test_another_policy_can_be_named(luf_tui: Run) -> None:
    done = luf_tui("explore", RACE, "--policy", "luf-v12", "--no-shrink", "--json")
    assert (1, "O3") == (done.returncode, json.loads(done.stdout)["obligation"])


@pytest.mark.parametrize(
    ("name", "policy", "obligation"),
    [
        ("write-syscall", "luf-v12", "O8"),  # D1
        ("flush-before-pte", "luf-v12", "O7"),  # D1, D6
        ("split", "luf-v10", "O2"),
        ("switched-out", "luf-v12", "O5"),
        ("wait-zone-generation", "luf-v10", "O2"),  # D9
    ],
)
def test_what_a_posted_version_breaks_is_written_and_runs_to_the_same_obligation(
    luf_tui: Run, tmp_path: Path, name: str, policy: str, obligation: str
) -> None:
    out = tmp_path / "out.luf"
    words = ("--policy", policy, "--no-shrink", "--write", out)
    assert 1 == luf_tui("explore", FOLDER / f"{name}.luf", *words).returncode
    run = luf_tui("run", out, "--json")
    assert 1 == run.returncode
    assert obligation in [one["obligation"] for one in json.loads(run.stdout)["violations"]]


def test_that_states_were_renamed_is_said(luf_tui: Run) -> None:
    for name, renamed in (("clients/tiers", True), ("races/munmap", False)):
        words = ("explore", name, "--max-states", 6000)
        told = luf_tui(*words)
        assert renamed == ("or fresh bytes alone count as one" in told.stdout)
        assert renamed == json.loads(luf_tui(*words, "--json").stdout)["renamed"]


def test_who_has_changed_places_is_said(
    luf_tui: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "two.luf"
    text = TWO_ACTORS.replace("  cpu1 ", "  any cpu ").replace("cpus 2", "cpus 3")
    path.write_text(text.replace("forever\n", "cpu2 run app\nforever\n"), encoding="utf-8")
    words = ("explore", path, "--max-states", 5500)
    for at, who in ((4200, ["cpu1 cpu2"]), (9000, [])):
        monkeypatch.setattr(search, "PERMUTE_AT", at)
        told = luf_tui(*words).stdout
        assert bool(who) == ("those change places that may do the same: cpu1 cpu2" in told)
        assert who == json.loads(luf_tui(*words, "--json").stdout)["permuted"]


def test_without_symmetry_no_state_is_renamed(luf_tui: Run) -> None:
    words = ("explore", "clients/tiers", "--json", "--max-states", "6000")
    usual, plain = luf_tui(*words), luf_tui(*words, "--no-symmetry")
    assert [3, 3] == [usual.returncode, plain.returncode]
    assert [True, False] == [json.loads(one.stdout)["renamed"] for one in (usual, plain)]


def test_a_bounded_search_says_so_and_exits_3(luf_tui: Run) -> None:
    done = luf_tui("explore", RACE, "--max-states", 100, "--json")
    found = json.loads(done.stdout)
    assert (3, "bounded") == (done.returncode, found["verdict"])
    assert "stopped at 100 states" in found["message"]


def test_what_never_came_to_pass_is_told_as_that(luf_tui: Run, tmp_path: Path) -> None:
    found = luf_tui("explore", "museum/second-gather").stdout
    assert "\nthe orders end in 7 different states, 1 to 2 IPIs\n" in found
    assert "\nno frame got a new owner in any order\n" in found

    broken = luf_tui("explore", "museum/second-gather", "--without", "flush-nested-gather").stdout
    assert "\nno order was played to its end" in broken


def test_one_state_is_no_states(luf_tui: Run) -> None:
    done = luf_tui("explore", RACE, "--max-memory", "1K")
    assert "1 state, 0 transitions, " in done.stdout


def test_random_walks_say_that_they_prove_nothing(luf_tui: Run) -> None:
    words = ("explore", FOLDER / "wait-zone-generation.luf", "--random-walks", 20, "--json")
    safe = luf_tui(*words)
    found = json.loads(safe.stdout)
    assert (3, "bounded", KEYS) == (safe.returncode, found["verdict"], list(found))
    assert "20 random walks" in found["message"]
    unsafe = luf_tui(*words, "--without", "wait-zone-generation")
    found = json.loads(unsafe.stdout)
    assert (1, "unsafe", "O2") == (unsafe.returncode, found["verdict"], found["obligation"])


def test_all_guards_are_searched_for_and_told(luf_tui: Run) -> None:
    names = [FOLDER / f"{name}.luf" for name in ("flush-before-reuse", "wait-zone-generation")]
    done = luf_tui("explore", "--all-guards", *names, "--json")
    found = json.loads(done.stdout)
    assert (0, ["version", "policy", "guards", "races"]) == (done.returncode, list(found))
    waits = found["guards"]["wait-zone-generation"]
    assert ("found", "wait-zone-generation", "O2") == (
        waits["verdict"],
        waits["race"].rpartition("/")[2].removesuffix(".luf"),
        waits["obligation"],
    )
    assert ("not found", None, []) == (
        found["guards"]["refuse-kasan"]["verdict"],
        found["guards"]["refuse-kasan"]["race"],
        found["guards"]["refuse-kasan"]["searched"],
    )
    assert "without flush-before-reuse: found" in done.stderr


def test_all_guards_are_searched_for_by_several_processes_alike(luf_tui: Run) -> None:
    words = ("explore", "--all-guards", RACE, "--max-states", 60)
    alone, shared = luf_tui(*words), luf_tui(*words, "--jobs", 2)
    assert alone.stdout == shared.stdout
    assert (3, 3) == (alone.returncode, shared.returncode)
    assert "refuse-kasan" in shared.stdout
    assert "not everything was seen (stopped at 60 states)" in shared.stdout


def test_all_guards_of_a_policy_that_breaks_in_a_race_exit_1(luf_tui: Run) -> None:
    done = luf_tui("explore", "--all-guards", RACE, "--policy", "luf-v12")
    assert 1 == done.returncode
    assert "O3 with every guard, so it tells nothing" in done.stdout


def test_a_policy_of_ones_own_is_searched_in_several_processes(luf_tui: Run) -> None:
    policy = FOLDER.parent / "policies" / "latr.py"
    words = ("explore", "--all-guards", FOLDER / "munmap.luf", "--policy", f"{policy}:Latr")
    one, two = (
        luf_tui(*words, "--max-states", 300),
        luf_tui(*words, "--max-states", 300, "--jobs", 2),
    )
    assert one.stdout == two.stdout
    assert "flush-batched-pending" in one.stdout


def test_bad_input_exits_2(luf_tui: Run, tmp_path: Path) -> None:
    plain = tmp_path / "plain.luf"
    plain.write_text("process app\ncpu1 run app\ncpu1 read heap.0\n", encoding="utf-8")
    cases = [
        ([plain], "no race to explore"),
        (["nothing.luf"], "nothing.luf"),
        ([], "takes one FILE"),
        ([RACE, RACE], "takes one FILE"),
        ([RACE, "--race", "2"], "no race 2; the file has one race"),
        (["--all-guards", plain], "no race to explore"),
        (["--all-guards", RACE, "--without", "note-pending"], "--without do not go together"),
        ([RACE, "--without", "no-such"], "no guard is called"),
        (["--all-guards", RACE, "--random-walks", "5"], "--random-walks do not go together"),
        ([RACE, "--random-walks", "5", "--jobs", "2"], "--jobs do not go together"),
        ([RACE, "--random-walks", "5", "--no-symmetry"], "--no-symmetry do not go together"),
        ([RACE, "--max-states", "none"], "no number above 0"),
        ([RACE, "--max-memory", "64"], "say 500M or 4G"),
        ([RACE, "--max-seconds", "-1"], "no number of seconds"),
        ([RACE, "--max-seconds", "nan"], "no number of seconds"),
    ]
    for words, told in cases:
        done = luf_tui("explore", *words)
        assert 2 == done.returncode
        assert told in done.stderr
        assert "Traceback" not in done.stderr


def test_a_schedule_is_checked_though_every_order_is_searched(luf_tui: Run, tmp_path: Path) -> None:
    """Who is named there has to be somebody; turns of who is done by then are told."""
    race = tmp_path / "race.luf"
    lines = "race\n  cpu1 write heap.0 a\n  cpu2 write heap.0 b\n{}end\n"
    head = "process app, heap 1 page\ncpu1 run app\ncpu2 run app\n"
    words = "  schedule app/9 bar nobody*3\n"
    for text in (lines.format(words), lines.format("") + lines.format(words)):
        race.write_text(head + text, encoding="utf-8")
        done = luf_tui("explore", race)
        assert (2, "") == (done.returncode, done.stdout)
        assert "schedule: nobody here is called 'app/9'; did you mean" in done.stderr

    race.write_text(head + lines.format("  schedule app/1*300\n"), encoding="utf-8")
    done = luf_tui("explore", race)
    assert 0 == done.returncode
    assert "line 4: the schedule has turns of who is done by then: 285 of app/1" in done.stderr


def test_a_counterexample_that_cannot_be_written_exits_2(luf_tui: Run, tmp_path: Path) -> None:
    out = tmp_path / "no" / "such" / "out.luf"
    words = (RACE, "--without", "pending-wrprotect", "--no-shrink", "--write", out)
    done = luf_tui("explore", *words)
    assert 2 == done.returncode
    assert "such: no such folder; `mkdir -p" in done.stderr


def test_an_interrupt_tells_what_was_seen(
    luf_tui: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes as soon as the search has told how far it is."""
    long = tmp_path / "long.luf"
    more = "\n".join(["  cpu1 read heap.0", "  cpu2 write heap.0"] * 6 + ["  kswapd drain"] * 6)
    long.write_text(TINY.format(more=f"allow evict, prefetch, drain\n{more}"), encoding="utf-8")
    say, told = terminal.say, []

    def interrupting(text: str) -> None:
        say(text)
        told.append(text)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(terminal, "say", interrupting)
    monkeypatch.setattr(SearchProgress, "EVERY", 0.0)
    done = luf_tui("explore", long, "--json")
    found = json.loads(done.stdout)
    assert (130, "bounded") == (done.returncode, found["verdict"])
    assert " states, " in told[0]
    assert 1 == len(told)
    assert found["states"] >= 1000
