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
BASE = "from luf_tui.policy.base import Policy\nimport sys\nclass Mine(Policy):\n"
FAILING = {
    "syntax": ("class Mine(:\n", "SyntaxError: invalid syntax", ""),
    "import": ("\nimport nosuchmodule\n", "No module named 'nosuchmodule'", ":2"),
    "exit": ("import sys\nsys.exit(0)\n", "SystemExit: 0", ":2"),
    "no class": ("x = 3\n", "'Mine'; it derives from luf_tui.policy.base.Policy", ""),
    "init": (f"{BASE} def __init__(self, without):\n  raise ValueError('no')\n", "no", ":5"),
    "signature": (f"{BASE} def __init__(self, a, b):\n  pass\n", "may not fit", ""),
    "super": (f"{BASE} def __init__(self, without):\n  pass\n", "may not fit", ""),
    "hook": (f"{BASE} def pays(self, *a):\n  return 1 / 0\n", "division by zero", ":5"),
    "endless": (f"{BASE} def owed(self, m, f):\n  return self.owed(m, f)\n", "recursion", ":5"),
    "leaves": (f"{BASE} def pays(self, *a):\n  sys.exit(0)\n", "SystemExit: 0", ":5"),
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
    assert f"{tmp_path / 'mine.py'}:5: this policy failed" in done.stderr


def test_compare_tells_a_refusal_once_and_where(luf_tui: Run, tmp_path: Path) -> None:
    """Every policy is refused the same line; one message says it."""
    text = SCENARIO + "race\ncpu1 read text.0\nschedule kswapdd\nend\n"
    (tmp_path / "one.luf").write_text(text, encoding="utf-8")
    done = luf_tui("compare", tmp_path / "one.luf")

    said = "refused: schedule: nobody here is called 'kswapdd'; did you mean 'kswapd'?\n"
    assert (2, f"{tmp_path / 'one.luf'}:8: {said}") == (done.returncode, done.stderr)
