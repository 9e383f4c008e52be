"""Which policies there are, and how one is made by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat

from luf_tui.errors import LufError, Problem, Span, nearest, with_hint
from luf_tui.policy.as_posted import LufV10, LufV11, LufV12
from luf_tui.policy.base import Policy
from luf_tui.policy.batched import Batched
from luf_tui.policy.eager import Eager
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.luf import Luf

POLICIES: dict[str, type[Policy]] = {
    kind.NAME: kind for kind in (Eager, Batched, Luf, LufV10, LufV11, LufV12)
}
"""Every policy by name; `NAME`, `SUMMARY` and `GUARDS` describe it."""


def make_policy(name: str, without: Iterable[str] = ()) -> Policy:
    """The policy `name`, with the guards in `without` taken away.

    Raises LufError for an unknown policy or guard, and for one the policy does not have.
    """
    gone = tuple(without)
    for problem in problems_of(name, gone):
        raise LufError(with_hint(problem.message, problem.hint))
    return POLICIES[name](gone)


def problems_of(
    name: str, without: Sequence[str], at: Span | None = None, places: Sequence[Span] = ()
) -> list[Problem]:
    """What is wrong with the names of a policy and of guards to take away, and where they stand."""
    if name not in POLICIES:
        return [Problem(f"no policy is called '{name}'", at, nearest(name, POLICIES))]
    own = {guard.name for guard in POLICIES[name].GUARDS}
    found = []
    for guard, place in zip(without, chain(places, repeat(None)), strict=False):
        if guard not in GUARDS and guard not in own:
            hint = nearest(guard, {*GUARDS, *own}) or "`luf-tui guards` lists them"
            found.append(Problem(f"no guard is called '{guard}'", place, hint))
        elif guard not in own:
            found.append(Problem(f"policy '{name}' does not have the guard '{guard}'", place))
    return found
