"""What the release of a kernel, such as `6.12.95-amd64`, says of how it flushes."""

from __future__ import annotations

import re

_NUMBERS = re.compile(r"(\d{1,4})\.(\d{1,4})")
_MIGRATION_BATCHES = (6, 3)
"""Since when migration unmaps a batch before it flushes."""
_MASKS_LAG = (6, 13)
"""Since when a CPU stays in mm_cpumask after it has loaded another address space."""


def batches_migration(release: str) -> bool | None:
    """Whether such a kernel flushes once for a batch of migrated pages; None if nothing tells."""
    return _since(release, _MIGRATION_BATCHES)


def masks_lag(release: str) -> bool | None:
    """Whether mm_cpumask also names CPUs that have left; None if nothing tells."""
    return _since(release, _MASKS_LAG)


def _since(release: str, first: tuple[int, int]) -> bool | None:
    match = _NUMBERS.match(release)
    return (int(match[1]), int(match[2])) >= first if match else None
