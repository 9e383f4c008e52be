"""Which policy a program is played under."""

from __future__ import annotations

from collections.abc import Iterable

from luf_tui.errors import InputError
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy, problems_of
from luf_tui.script.program import Program


def chosen_policy(program: Program, name: str | None, without: Iterable[str] = ()) -> Policy:
    """The policy to play a program under, its own or the one named, less some guards.

    Raises InputError with the places of unknown names in the program's own file, LufError for
    those that are given here.
    """
    chosen = name or program.policy
    if chosen != program.policy:
        return make_policy(chosen, without)
    places = (program.policy_span, program.without_spans)
    if problems := problems_of(program.policy, program.without, *places):
        raise InputError(program.path, tuple(problems), program.source)
    return make_policy(chosen, (*program.without, *without))
