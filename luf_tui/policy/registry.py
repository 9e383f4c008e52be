"""Which policies there are, and how one is made by name."""

from __future__ import annotations

from collections.abc import Iterable

from luf_tui.errors import LufError, nearest
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
    if name not in POLICIES:
        raise LufError(f"no policy is called '{name}'; {nearest(name, POLICIES)}")
    kind = POLICIES[name]
    for guard in without:
        if guard not in GUARDS:
            raise LufError(f"no guard is called '{guard}'; {nearest(guard, GUARDS)}")
        if guard not in kind.GUARDS:
            raise LufError(f"policy '{name}' does not have the guard '{guard}'")
    return kind(without)
