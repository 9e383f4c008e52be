"""A failing policy of one's own and a line that is refused: the message tells the place."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SCENARIO = (
    "machine cpus 2, dram 3\nprocess app\nfile lib, 1 page\napp mmap lib read-only as text\n"
    "cpu1 run app\ncpu1 read text.0\nkswapd reclaim text.0\n"
)
BASE = "from luf_tui.policy.base import Policy\nimport sys\nclass Mine(Policy):\n API = 2\n"
FAILING = {
    "syntax": ("class Mine(:\n", "SyntaxError: invalid syntax", ""),
    "import": ("\nimport nosuchmodule\n", "No module named 'nosuchmodule'", ":2"),
    "exit": ("import sys\nsys.exit(0)\n", "SystemExit: 0", ":2"),
    "no class": ("x = 3\n", "'Mine'; it derives from luf_tui.policy.base.Policy", ""),
    "init": (f"{BASE} def __init__(self, without):\n  raise ValueError('no')\n", "no", ":6"),
    "signature": (f"{BASE} def __init__(self, a, b):\n  pass\n", "may not fit", ""),
    "super": (f"{BASE} def __init__(self, without):\n  pass\n", "may not fit", ""),
    "hook": (f"{BASE} def pays(self, *a):\n  return 1 / 0\n", "division by zero", ":6"),
    "endless": (f"{BASE} def owed(self, m, f):\n  return self.owed(m, f)\n", "recursion", ":6"),
    "leaves": (f"{BASE} def pays(self, *a):\n  sys.exit(0)\n", "SystemExit: 0", ":6"),
    "stops": ("raise GeneratorExit\n", "GeneratorExit", ":1"),
    "stops a hook": (f"{BASE} def pays(self, *a):\n  raise GeneratorExit\n", "GeneratorExit", ":6"),
    "answer": (f"{BASE} def pays(self, *a):\n  return 'later'\n", "may not fit", ""),
    "mask": (f"{BASE} def takeoff_end(self, *a):\n  return 1 << 70\n", "may not fit", ""),
    "regions": (f"{BASE} def regions(self, config):\n  return 3\n", "may not fit", ""),
}
"""What stands in the file, what is told of it, and where."""


@pytest.mark.parametrize("kind", FAILING)
def test_a_failing_policy_is_told_with_its_place(luf_tui: Run, tmp_path: Path, kind: str) -> None:
    code, said, where = FAILING[kind]
    (tmp_path / "one.luf").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    done = luf_tui("run", tmp_path / "one.luf", "--policy", f"{tmp_path / 'mine.py'}:Mine")

    assert 2 == done.returncode
    assert done.stderr.startswith(f"luf-tui: {tmp_path / 'mine.py'}{where}: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "defect of luf-tui" not in done.stderr


@pytest.mark.parametrize("command", ["check", "explore"])
def test_every_command_that_plays_it_tells_the_same(
    luf_tui: Run, tmp_path: Path, command: str
) -> None:
    (tmp_path / "one.luf").write_text(
        SCENARIO.replace("kswapd", "race\nkswapd") + "cpu1 read text.0\nend\n", encoding="utf-8"
    )
    (tmp_path / "mine.py").write_text(FAILING["hook"][0], encoding="utf-8")
    done = luf_tui(command, tmp_path / "one.luf", "--policy", f"{tmp_path / 'mine.py'}:Mine")

    assert 2 == done.returncode
    assert f"{tmp_path / 'mine.py'}:6: this policy failed" in done.stderr


def test_compare_tells_a_refusal_once_and_where(luf_tui: Run, tmp_path: Path) -> None:
    """Every policy is refused the same line; one message says it."""
    text = SCENARIO + "race\ncpu1 read text.0\nschedule kswapdd\nend\n"
    (tmp_path / "one.luf").write_text(text, encoding="utf-8")
    done = luf_tui("compare", tmp_path / "one.luf")

    said = "refused: schedule: nobody here is called 'kswapdd'; did you mean 'kswapd'?\n"
    assert (2, f"{tmp_path / 'one.luf'}:8: {said}") == (done.returncode, done.stderr)


REFUSED = {
    "no version": ("", "Mine does not say `API = 2`; since then methods get "),
    "another": (" API = 1\n", "write `API = 2` in the class"),
    "newer": (" API = 3\n", "Mine says `API = 3`, and this luf-tui knows 2"),
    "no guard": (" API = 2\n GUARDS = {'nosuch'}\n", "GUARDS of Mine: no guard is called 'nosuch'"),
    "a name": (
        " API = 2\n GUARDS = {'skip-offline'}\n",
        "write luf_tui.policy.guards.SKIP_OFFLINE",
    ),
    "no set": (" API = 2\n GUARDS = 3\n", "GUARDS of Mine is no set of guards"),
    "a guard's name": (
        " API = 2\n GUARDS = {Guard('skip-offline', Level.LUF, 'Mine.', 'O1')}\n",
        "a guard called 'skip-offline' ships with luf-tui",
    ),
}
"""What stands in the class, and what is told of it before anything is played."""


@pytest.mark.parametrize("kind", REFUSED)
def test_a_policy_that_does_not_fit_is_refused_in_a_sentence(
    luf_tui: Run, tmp_path: Path, kind: str
) -> None:
    """Even one whose base says the version: it may have been written before."""
    code, said = REFUSED[kind]
    head = "from luf_tui.policy.guards import Guard, Level\nfrom luf_tui.policy.luf import Luf\n"
    mine = tmp_path / "mine.py"
    mine.write_text(f"{head}class Mine(Luf):\n NAME = 'mine'\n{code}", encoding="utf-8")
    (tmp_path / "one.luf").write_text(SCENARIO, encoding="utf-8")
    done = luf_tui("run", tmp_path / "one.luf", "--policy", f"{mine}:Mine")

    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert done.stderr.startswith(f"luf-tui: {mine}: ")
    assert said in done.stderr


NAMES = {
    "lfu": ("policy lfu", 1, 8, "no policy is called 'lfu'", "did you mean 'luf'?"),
    "a guard": (
        "policy luf without skip-offline, flush-befor-reuse",
        1,
        34,
        "no guard is called 'flush-befor-reuse'",
        "did you mean 'flush-before-reuse'?",
    ),
    "not its own": (
        "policy eager without refuse-kasan",
        1,
        22,
        "policy 'eager' does not have the guard 'refuse-kasan'",
        "policy eager without refuse-kasan",
    ),
}
"""A line with a name that is wrong, where the name stands, and what is told of it."""


@pytest.mark.parametrize("kind", NAMES)
def test_a_scenario_with_a_wrong_name_is_unreadable_and_the_others_are_checked(
    luf_tui: Run, tmp_path: Path, kind: str
) -> None:
    text, line, column, said, also = NAMES[kind]
    (tmp_path / "a.luf").write_text(f"{text}\n{SCENARIO}", encoding="utf-8")
    (tmp_path / "b.luf").write_text(SCENARIO, encoding="utf-8")
    done = luf_tui("check", tmp_path)

    assert 2 == done.returncode
    assert "2 scenarios: 1 held, 1 unreadable" in done.stdout
    assert done.stderr.startswith(f"{tmp_path / 'a.luf'}:{line}:{column}: {said}\n")
    assert also in done.stderr
