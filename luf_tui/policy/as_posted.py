"""LUF v10, v11 and v12 as posted: `luf` without the guards that they are declared to lack.

Which guards a posting lacks is our reading of its text (D1 to D17), not a
fact that anyone confirmed. Their structures are those of `luf` (v12's); v10's one global batch
is not modelled beyond the guards it lacks.
"""

from __future__ import annotations

import re

from luf_tui.policy.guard import V10, V11, V12, Guard, Version
from luf_tui.policy.guards import GUARDS, LUF_GUARDS
from luf_tui.policy.luf import Luf


def guards_of(version: Version) -> frozenset[Guard]:
    """The guards that a posting has."""
    return frozenset(guard for guard in LUF_GUARDS if not guard.lacked_by(version))


def summary(version: Version) -> str:
    """A posting by the defects that come from the guards it lacks."""
    lacks = [guard.lacked_by(version) for guard in GUARDS.values()]
    defects = sorted({one.defect for one in lacks if one}, key=_by_number)
    return f"LUF {version} as posted (our reading), with the defects {', '.join(defects)}"


def _by_number(code: str) -> tuple[str, int, str]:
    """A code such as O8a as people sort it: O, 8, a."""
    _, letters, digits, rest = re.split(r"^(\D+)(\d+)", code)
    return letters, int(digits), rest


class LufV10(Luf):
    """LUF as posted in May 2024."""

    NAME = "luf-v10"
    SUMMARY = summary(V10)
    GUARDS = guards_of(V10)


class LufV11(Luf):
    """LUF as posted at the end of May 2024."""

    NAME = "luf-v11"
    SUMMARY = summary(V11)
    GUARDS = guards_of(V11)


class LufV12(Luf):
    """LUF as posted in February 2025."""

    NAME = "luf-v12"
    SUMMARY = summary(V12)
    GUARDS = guards_of(V12)
