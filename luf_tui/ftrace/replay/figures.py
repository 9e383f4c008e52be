"""A recording and its replays in figures: what every form of the report is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, wraps
from typing import TypeVar, cast

from luf_tui.ftrace.replay.bounds import Bounds, bounds_of
from luf_tui.ftrace.replay.flush_bill import FlushBill, bill_of
from luf_tui.ftrace.replay.flushes import Flushes, Recorded, follow
from luf_tui.ftrace.replay.outcome import PolicyOutcome
from luf_tui.ftrace.replay.replay import Agreement
from luf_tui.ftrace.trace import Trace
from luf_tui.machine.config import Costs

RECORDED = "recorded"


class Under:
    """What happened in the recording, or would have under one policy."""

    def __init__(
        self,
        name: str,
        flushes: Flushes,
        costs: Costs,
        outcome: PolicyOutcome | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.name = name
        self.flushes = flushes
        self.outcome = outcome
        """The replay; None of what was recorded."""
        self.bounds = bounds
        """Where they are narrow, both are what the replay found."""
        self.bill: FlushBill = bill_of(flushes, costs)

    @property
    def defers(self) -> bool:
        """Whether the policy can put flushes off."""
        return self.outcome is not None and self.outcome.defers


T = TypeVar("T")


def once(make: Callable[[Figures], T]) -> Callable[[Figures], T]:
    """Something that is made of figures once, however often it is asked for."""

    @wraps(make)
    def kept(figures: Figures) -> T:
        found = figures.kept.get(make)
        if found is None:
            found = figures.kept[make] = make(figures)
        return cast("T", found)

    return kept


class Figures:
    """What was recorded beside what each policy would have done."""

    def __init__(
        self,
        trace: Trace,
        outcomes: Sequence[PolicyOutcome],
        read_only: Mapping[str, PolicyOutcome] | None = None,
        costs: Costs | None = None,
        recorded: Recorded | None = None,
    ) -> None:
        """`read_only` are replays with PTEs of unknown rights counted as read-only, by policy."""
        self.trace = trace
        self.outcomes = tuple(outcomes)
        self.costs = costs or Costs()
        self._read_only = dict(read_only or {})
        self._recorded = recorded or follow(trace)
        self.kept: dict[object, object] = {}
        """What was made of them already, by the function that makes it."""

    @cached_property
    def recorded(self) -> Under:
        """What the recorded kernel did."""
        return Under(RECORDED, self._recorded.flushes, self.costs)

    @cached_property
    def policies(self) -> tuple[Under, ...]:
        """What each policy would have done; the one that the recorded kernel follows comes first,
        the others in the order they were asked for.
        """
        first = sorted(self.outcomes, key=lambda one: one.policy != self.baseline)
        return tuple(self._under(one) for one in first)

    def _under(self, one: PolicyOutcome) -> Under:
        bounds = bounds_of(one, self._read_only.get(one.policy), self.costs)
        return Under(one.policy, one.flushes, self.costs, one, bounds)

    def read_only(self, one: Under) -> Under | None:
        """The replay of a policy with PTEs of unknown rights counted as read-only, if it is one."""
        other = self._read_only.get(one.name)
        return Under(other.policy, other.flushes, self.costs, other) if other else None

    @property
    def columns(self) -> tuple[Under, ...]:
        """The recording, then the policies."""
        return (self.recorded, *self.policies)

    @property
    def baseline(self) -> str:
        """The policy that the recorded kernel follows, and that should equal it; or empty."""
        return self.trace.survey.baseline

    @property
    def agreement(self) -> Agreement | None:
        """How far that policy's flushes for unmaps are the recorded ones, if it was replayed."""
        own = (one for one in self.policies if one.name == self.baseline)
        return next((one.outcome.agreement for one in own if one.outcome), None)

    @cached_property
    def decides(self) -> Under | None:
        """The first policy that defers: the one that the decision is about."""
        return next((one for one in self.policies if one.defers), None)

    @property
    def can_tell(self) -> bool:
        """Whether anything was unmapped whose flush could be deferred."""
        return self.trace.survey.recorded.unmaps > 0

    @property
    def unsure_matters(self) -> bool:
        """Whether PTEs of unknown rights were counted both ways."""
        return bool(self._read_only)

    @property
    def chosen(self) -> tuple[Under, ...]:
        """What is set side by side where there is little room: the recording, the policy that
        should equal it, and the one that the decision is about.
        """
        wanted = (self.baseline, self.decides.name if self.decides else "")
        found = tuple(one for one in self.policies if one.name in wanted)
        return (self.recorded, *(found or self.policies[:2]))

    def beside_kernel(self, name: str) -> str:
        """What a policy is beside the recorded kernel: `as before 6.3`; or empty."""
        if name == self.baseline:
            return "this kernel's"
        if name == "batched":
            return "as from 6.3" if self.baseline else ""
        return "as before 6.3" if (name, self.baseline) == ("eager", "batched") else ""
