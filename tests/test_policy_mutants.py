"""Every mutant of the mechanism reference is a guard's removal, or it is said why not."""

from __future__ import annotations

from luf_tui.policy.guards import GUARDS
from luf_tui.policy.mutants import MUTANTS, NO_GUARD, mutants_of


def test_every_mutant_has_a_guard_or_a_reason() -> None:
    known = {f"M{number}" for number in range(1, 39)}
    assert known == set(MUTANTS) | set(NO_GUARD)
    assert not set(MUTANTS) & set(NO_GUARD)


def test_the_guards_exist_and_know_their_mutants() -> None:
    for name, guards in MUTANTS.items():
        assert set(guards) <= set(GUARDS)
        assert all(name in mutants_of(guard) for guard in guards)
