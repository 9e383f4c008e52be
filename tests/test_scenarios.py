"""The shipped scenarios: they hold, every guard is needed by one, and the posted versions fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from luf_tui.oracle.play_and_judge import violations
from luf_tui.policy.guards import BATCH_GUARDS, GUARDS, in_order
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load
from luf_tui.script.program import Note, Program
from luf_tui.timeline.recorder import record
from luf_tui.view.columns import wrap
from tests.conftest import ROOT

PATHS = sorted((ROOT / "scenarios").rglob("*.luf"))
PROGRAMS = {f"{path.parent.name}/{path.stem}": load(str(path)) for path in PATHS}
WHOLE = {name: said for name, said in PROGRAMS.items() if not said.without}
"""Scenarios that take no guard away themselves."""


def broken(program: Program, policy: str, *without: str) -> Iterator[str]:
    """The obligations a run breaks, as it breaks them."""
    return (found.obligation for found in violations(program, make_policy(policy, without)))


def likeliest(guard: str) -> list[Program]:
    """The scenarios, those first that name a guard; clients last, which are played once a line."""
    return [
        WHOLE[name]
        for name in sorted(
            WHOLE,
            key=lambda one: (guard not in "\n".join(WHOLE[one].source), "clients/" in one),
        )
    ]


@pytest.mark.parametrize("name", PROGRAMS)
def test_its_expectations_hold(name: str) -> None:
    """What a scenario says of itself is so, and nothing in it is refused."""
    run = record(PROGRAMS[name])

    assert [] == [outcome for outcome in run.outcomes if not outcome.held]
    assert () == run.refusals
    assert run.outcomes


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_says_what_to_look_at(name: str) -> None:
    """A title and an about, in a few words, and a line of narration at least."""
    said = PROGRAMS[name]
    assert 10 < len(said.about)
    assert len(said.title) < 60
    assert any(isinstance(item, Note) for item in said.items)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name.startswith("tour")])
def test_a_stop_of_a_tour_says_whole_what_to_do_in_the_smallest_usual_terminal(name: str) -> None:
    """In the four rows of narration that 80x24 has; what to switch off stands in the last."""
    assert len(wrap(PROGRAMS[name].about, 80 - 2)) <= 4


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
@pytest.mark.parametrize("name", WHOLE)
def test_no_sound_policy_breaks_anything(name: str, policy: str) -> None:
    """The kernel of today and LUF as intended keep every promise in every scenario."""
    assert [] == list(broken(WHOLE[name], policy))


@pytest.mark.parametrize("guard", GUARDS)
def test_every_guard_earns_its_place(guard: str) -> None:
    """Without it some scenario breaks an obligation that holds with it."""
    assert any(any(broken(said, "luf", guard)) for said in likeliest(guard))


@pytest.mark.parametrize("guard", [guard.name for guard in in_order(BATCH_GUARDS)])
def test_todays_kernel_needs_its_guards_too(guard: str) -> None:
    """The kernel's rules are guards like LUF's."""
    assert any(any(broken(said, "batched", guard)) for said in likeliest(guard))


@pytest.mark.parametrize(
    ("policy", "name", "obligation"),
    [
        ("luf-v10", "allocator/merge-keeps-the-debt", "O2"),
        ("luf-v10", "races/two-takers", "O2"),
        ("luf-v10", "hazards/kept-folio", "O2"),
        ("luf-v12", "hazards/write-syscall", "O8"),
        ("luf-v12", "hazards/shared-file-store", "O7"),
        ("luf-v12", "races/reclaimer-switched-out", "O4"),
        ("luf-v12", "races/other-mm", "O2"),
        ("luf-v12", "hazards/page-poison", "O1"),
        ("luf-v12", "hazards/pending-wrprotect", "O3"),
    ],
)
def test_a_posted_version_fails_as_predicted(policy: str, name: str, obligation: str) -> None:
    """Our reading of the posted text predicts the damage; `luf` does not have it."""
    assert obligation in broken(WHOLE[name], policy)
    assert [] == list(broken(WHOLE[name], "luf"))
