"""Each guard is declared once, asked for as what was declared, and named by people."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from luf_tui.policy import guards
from luf_tui.policy.guard import Guard, Level
from luf_tui.policy.guards import GUARDS, LUF_GUARDS
from luf_tui.policy.luf import Luf
from luf_tui.policy.registry import POLICIES
from tests.stories import MUTANTS

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize("name", GUARDS)
def test_a_guards_constant_is_called_as_the_guard_is(name: str) -> None:
    assert GUARDS[name] is getattr(guards, name.upper().replace("-", "_"))


def test_a_level_has_the_guards_of_those_below() -> None:
    kernel, batch = POLICIES["eager"].GUARDS, POLICIES["batched"].GUARDS

    assert kernel < batch < POLICIES["luf"].GUARDS == LUF_GUARDS == frozenset(GUARDS.values())
    assert {Level.KERNEL} == {guard.level for guard in kernel}
    assert {Level.BATCH} == {guard.level for guard in batch - kernel}
    assert {Level.LUF} == {guard.level for guard in LUF_GUARDS - batch}


def test_a_policy_has_the_guards_that_were_not_taken_away() -> None:
    policy = Luf(["refuse-kasan"])

    assert not policy.has(guards.REFUSE_KASAN)
    assert policy.has(guards.REFUSE_WRITABLE)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("flush-befor-reuse", "no guard .* did you mean 'flush-before-reuse'"),
        ("flush-before-reuse", "write luf_tui.policy.guards.FLUSH_BEFORE_REUSE"),
        (Guard("mine", Level.LUF, "Something.", "O1"), "'mine' is not declared"),
    ],
    ids=["a name of none", "the name of one", "another's"],
)
def test_a_policy_refuses_what_is_no_guard(asked: Guard, told: str) -> None:
    with pytest.raises(LookupError, match=told):
        Luf().has(asked)


def test_a_policy_of_ones_own_may_have_a_guard_of_its_own() -> None:
    own = Guard("mine", Level.LUF, "Something.", "O1")
    kind = type("Mine", (Luf,), {"GUARDS": LUF_GUARDS | {own}})

    assert kind().has(own)
    assert not kind(["mine"]).has(own)


def test_every_mutant_of_the_reference_is_the_removal_of_guards() -> None:
    assert all(MUTANTS.values())
    assert {guard.mutant for guard in GUARDS.values() if guard.mutant} == set(MUTANTS)


def test_the_table_of_guards_shows_the_mutants(luf_tui: Run) -> None:
    """As `--json` has them, and a guard that is no mutant has none."""
    shown = {line.split()[0]: line for line in luf_tui("guards").stdout.splitlines()}
    listed = json.loads(luf_tui("guards", "--json").stdout)["guards"]

    assert ["O6", "M8", "A"] == shown["flush-on-write-fault"].split()[1:4]
    assert {name: said["mutants"] for name, said in listed.items()} == {
        name: [word for word in line.split() if word in MUTANTS] for name, line in shown.items()
    }


def test_a_guard_is_told_with_its_level_and_who_lacks_it(luf_tui: Run) -> None:
    done = luf_tui("guards", "hook-every-filesystem", "--json")
    listed = json.loads(done.stdout)["guards"]
    told = luf_tui("guards", "hook-every-filesystem").stdout

    assert ["hook-every-filesystem"] == list(listed)
    said = listed["hook-every-filesystem"]
    assert ("luf", ["luf"]) == (said["level"], said["policies"])
    assert ["luf-v10", "luf-v11", "luf-v12"] == [one["policy"] for one in said["lacks"]]
    reading = "only users of ->write_begin() are hooked"
    assert {
        "policy": "luf-v12",
        "patch": "15/26",
        "defect": "D8",
        "reading": reading,
    } == said["lacks"][-1]
    assert f"luf-v12   lacks it, as we read it: {reading} (D8, patch 15/26)" in told
    assert "luf-v10   lacks it, as we read it: no hook (O8a)" in told


def test_a_guard_that_is_not_there_is_told_with_the_nearest_name(luf_tui: Run) -> None:
    done = luf_tui("guards", "hook-every-filesytem")

    assert (2, "") == (done.returncode, done.stdout)
    assert "did you mean 'hook-every-filesystem'?" in done.stderr
