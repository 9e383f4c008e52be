"""A sample of `tests.pairs`; run by hand, that goes through all of them."""

from __future__ import annotations

import pytest

from luf_tui.search.result import UNSAFE
from tests.pairs import POLICIES, SETS, Set, every, pair_of, searched

STATES = 500


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("policy", POLICIES)
def test_two_operations_a_store_and_a_read_break_nothing(name: str, policy: str) -> None:
    """Two other pairs of each set under each policy."""
    scripts, of = every(name), len(POLICIES)
    for part in (POLICIES.index(policy), POLICIES.index(policy) + of):
        text = scripts[(2 * part + 1) * len(scripts) // (4 * of)]
        report = searched(text, policy, states=STATES)
        assert not report.went_wrong, f"{pair_of(text)}: {report.message}"


def test_each_set_has_every_pair_once() -> None:
    for kind in SETS.values():
        pairs = [frozenset(pair) for pair in kind.pairs()]
        assert len({*pairs}) == len(pairs) > 20


def test_a_pair_shows_a_rule_that_is_missing() -> None:
    text = Set(()).text("T fork app as kidN", "kswapd reclaim app.heap.0")
    assert not searched(text, "batched", states=STATES).went_wrong
    assert UNSAFE == searched(text, "batched", "flush-on-fork", states=STATES).verdict
