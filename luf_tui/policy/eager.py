"""Every unmap is followed by its flush before anything else (Linux 6.1 migration)."""

from __future__ import annotations

from luf_tui.policy.base import Policy
from luf_tui.policy.guards import KERNEL_GUARDS


class Eager(Policy):
    """The answers of the base: nothing is batched, nothing deferred, nothing owed."""

    NAME = "eager"
    SUMMARY = "every unmap is flushed before anything else happens (Linux 6.1 migration)"
    GUARDS = KERNEL_GUARDS
