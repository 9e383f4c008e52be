"""Every mutant of the mechanism reference is a guard's removal."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from luf_tui.policy.guards import GUARDS
from luf_tui.policy.mutants import MUTANTS, mutants_of


def test_every_mutant_has_a_guard() -> None:
    assert [f"M{number}" for number in range(1, 39)] == list(MUTANTS)


def test_the_guards_exist_and_know_their_mutants() -> None:
    for name, guards in MUTANTS.items():
        assert set(guards) <= set(GUARDS)
        assert all(name in mutants_of(guard) for guard in guards)


def test_the_table_of_guards_shows_them(
    luf_tui: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """As `--json` has them, and a guard that is no mutant has none."""
    shown = {line.split()[0]: line for line in luf_tui("guards").stdout.splitlines()}
    listed = json.loads(luf_tui("guards", "--json").stdout)["guards"]

    assert ["O6", "M8", "A"] == shown["flush-on-write-fault"].split()[1:4]
    assert {name: said["mutants"] for name, said in listed.items()} == {
        name: [word for word in line.split() if word in MUTANTS] for name, line in shown.items()
    }
