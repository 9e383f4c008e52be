"""The shipped clients: small machines on which anything may happen, any number of times."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from luf_tui.policy.guard import Version
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load
from luf_tui.script.program import Expect, Op, Program, Race
from luf_tui.script.verbs import VERBS
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.result import SAFE, UNSAFE
from luf_tui.timeline.recorder import record
from tests.clients import (
    CLIENTS,
    FINDINGS,
    GUARDED,
    NAMES,
    POLICIES,
    POSTED,
    QUICK,
    VERSIONS,
    put_right_by,
    read,
    searched,
)

MOST_CPUS, MOST_FRAMES = 4, 4


def explored(name: str, policy: str, *without: str) -> Report:
    return Exploration(CLIENTS[name], make_policy(policy, without)).run()


def block(program: Program) -> Race:
    (race,) = program.races
    return race


def verbs(programs: Iterable[Program]) -> set[type]:
    """The verbs of all lines of some programs."""
    ops = [item for one in programs for item in one.items if isinstance(item, Op)]
    ops += [op for one in programs for branch in block(one).branches for op in branch.ops]
    return {type(op.args) for op in ops}


def test_every_verb_of_the_language_is_in_a_client() -> None:
    assert set(VERBS.values()) == verbs(CLIENTS.values())


def test_a_verb_that_no_client_has_is_missed() -> None:
    without = [one for name, one in CLIENTS.items() if name != "probe"]
    missing = set(VERBS.values()) - verbs(without)
    assert ["probe"] == [kind.verb.word for kind in missing]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_one_forever_block_on_a_small_machine(name: str) -> None:
    program = CLIENTS[name]
    assert block(program).forever
    assert program.title.startswith("Client: ")
    assert "luf" == program.policy
    assert program.config.cpus <= MOST_CPUS
    assert program.config.frames <= MOST_FRAMES
    assert program.config.pcp_high == (2 if name == "keys" else 0)
    last = program.items[-1]
    assert isinstance(last, Expect)
    assert "no violation" in last.text


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
@pytest.mark.parametrize("name", QUICK)
def test_no_program_of_any_length_breaks_a_quick_one(name: str, policy: str) -> None:
    report = explored(name, policy)
    assert SAFE == report.verdict
    assert report.happened.reused
    assert not report.vacuous
    assert () == report.happened.never


@pytest.mark.parametrize("guard", GUARDED)
def test_without_its_guard_a_program_breaks_it(guard: str) -> None:
    name, obligation = GUARDED[guard]
    report = explored(name, "luf", guard)
    assert (UNSAFE, obligation) == (report.verdict, report.obligation)


FOUND = {
    f"{name}-{policy}": (policy, one["obligation"])
    for name, under in read()["clients"].items()
    for policy, one in under.items()
    if one["verdict"] == UNSAFE
}
"""What was found, by the name of its smallest script: the policy, and the obligation broken."""


def test_the_data_file_has_every_client_and_every_guard() -> None:
    found = read()
    assert set(NAMES) == set(found["clients"])
    assert all(set(POLICIES) == set(one) for one in found["clients"].values())
    assert list(GUARDS) == sorted(found["guards"], key=list(GUARDS).index)


def test_each_finding_has_a_script_and_each_script_is_of_a_finding() -> None:
    assert sorted(FOUND) == sorted(path.stem for path in FINDINGS.glob("*.luf"))


def test_a_finding_tells_today_what_it_told() -> None:
    for name, (policy, obligation) in FOUND.items():
        run = record(load(str(FINDINGS / f"{name}.luf")), policy)
        broken = [one.obligation for one in run.findings if one.weight == "violation"]
        assert (name, obligation) == (name, broken[0])
        assert () == run.refusals


@pytest.mark.parametrize("version", VERSIONS)
def test_a_posting_breaks_what_the_table_says(version: Version) -> None:
    """The client that shows it in the fewest turns."""
    found = read()["posted"][version]
    name = min(found, key=lambda one: (found[one]["turns"], one))
    report = searched(name, f"luf-{version}", limits=POSTED)
    assert (found[name]["obligation"], found[name]["turns"]) == (
        report.obligation,
        len(report.schedule),
    )
    assert found[name]["guards"] == put_right_by(name, version, report.happened.asked)
