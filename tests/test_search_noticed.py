"""What is broken before anybody reads a byte: how soon an access notices it, if one ever does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load, parse
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.noticed import Noticed
from luf_tui.search.result import UNSAFE
from tests.races import FOLDER

Run = Callable[..., "subprocess.CompletedProcess[str]"]

HEAD = """\
machine  cpus 3, dram 1, max-order 0, tlb 3, key-bits 2, swap 2
policy   batched without flush-before-free
kswapd   on cpu0
process  app, heap 1 page
process  thief, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
cpu2     run thief
cpu1     read text.0
{kind}
  kswapd   reclaim text.0
  cpu2     write heap.0 secret
{lines}
end
expect   no violation
"""
READ = "  cpu1     read text.0"


def explored(lines: str, kind: str = "race", *, notice: bool = True) -> Report:
    program = parse(HEAD.format(kind=kind, lines=lines))
    policy = make_policy("batched", ("flush-before-free",))
    return Exploration(program, policy, notice=notice).run()


def test_the_earliest_access_is_told() -> None:
    found = explored(READ).noticed
    assert found is not None
    assert found.turns == 2
    assert "cpu1 read zero as app's text.0" in found.message
    assert found.sentence().startswith("an access notices it 2 turns later at the earliest: cpu1 ")


def test_nobody_may_be_left_who_notices() -> None:
    found = explored("").noticed
    assert found == Noticed(whole=True)
    assert found.sentence() == "no access notices it in any order of what is left"


def test_in_a_forever_block_any_line_may_notice() -> None:
    found = explored(READ, "forever").noticed
    assert found is not None
    assert found.turns


def test_an_access_that_breaks_something_is_its_own_notice() -> None:
    program = load(str(FOLDER / "flush-before-pte.luf"))
    report = Exploration(program, make_policy("luf", ("flush-before-pte",)), notice=True).run()
    assert report.verdict == UNSAFE
    assert report.noticed is None


def test_the_command_tells_it(luf_tui: Run) -> None:
    words = ("explore", FOLDER / "flush-before-reuse.luf", "--without", "flush-before-reuse")
    assert "\nan access notices it 2 turns later at the earliest: cpu1 " in luf_tui(*words).stdout
    told = json.loads(luf_tui(*words, "--json").stdout)["noticed"]
    assert (2, False) == (told["turns"], told["whole"])
    assert told["message"].startswith("cpu1 read zero as app's text.0")


def test_who_does_not_ask_is_not_told() -> None:
    assert explored(READ, notice=False).noticed is None
