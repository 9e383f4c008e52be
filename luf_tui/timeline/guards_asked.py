"""Which guards a run asks its policy for. What is not asked for makes no difference to the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from luf_tui.policy.base import Policy
from luf_tui.policy.guard import Guard


@contextmanager
def noted(policy: Policy, now: Callable[[], int]) -> Iterator[dict[str, int]]:
    """While this lasts: each guard that the policy is asked for, by name, and what `now` said when
    it first was. The policy answers as ever.
    """
    first: dict[str, int] = {}
    has = policy.has

    def answer(guard: Guard) -> bool:
        if guard.name not in first:
            first[guard.name] = now()
        return has(guard)

    # In the instance, so that a question costs what it did, and nothing is noted afterwards.
    vars(policy)["has"] = answer
    try:
        yield first
    finally:
        del vars(policy)["has"]
