"""What is known of a check that a policy performs: who needs it, what it upholds, who lacks it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from attrs import frozen


class Level(StrEnum):
    """Who needs a guard; each level is of use to the policies of the next as well."""

    KERNEL = "kernel"
    """A rule of Linux that every policy of this machine keeps. Many were written after a bug;
    `scenarios/museum` shows those bugs."""
    BATCH = "batch"
    """A rule of the kernel that batches flushes."""
    LUF = "luf"
    """A rule of deferred flushes."""


KERNEL, BATCH, LUF = Level

Version = Literal["v10", "v11", "v12"]
V10: Version = "v10"
V11: Version = "v11"
V12: Version = "v12"


@frozen
class Lacks:
    """That posted versions of LUF lack a guard: our reading of their text (D1 to D17), not a
    fact that anyone confirmed.
    """

    versions: tuple[Version, ...]
    defect: str
    """The possible defect (D1 to D17), or the obligation that stayed open."""
    patch: str
    """The patches of the posting where it shows; a dash where no patch has such a check."""
    reading: str


@frozen(eq=False)
class Guard:
    """One named check. Each is an object of its own, so that a name cannot be misspelt."""

    name: str
    level: Level
    checks: str
    """What it checks, in a sentence."""
    obligation: str
    """The obligations it upholds."""
    v10: str = "-"
    """The function or place in LUF v10; a dash when v10 has no such check."""
    v12: str = "-"
    """The function or place in LUF v12, or in mainline for the kernel's own guards."""
    mutant: str = ""
    """The mutant that its removal is; empty when none has a number for it."""
    lacks: tuple[Lacks, ...] = ()
    """The posted versions without it, and why we read them so."""

    def lacked_by(self, version: Version) -> Lacks | None:
        """Why a posted version is without it, as we read it; None when it has it."""
        return next((one for one in self.lacks if version in one.versions), None)
