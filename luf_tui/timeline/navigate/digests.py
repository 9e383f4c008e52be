"""What a permalink remembers of the run that it was made of, to tell later what has changed.

Three short digests: of the script, of the policy and the guards, and of the event log up to the
place. Where the first two are as they were and the third is not, luf-tui plays the script
otherwise.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from luf_tui.errors import LufError
from luf_tui.policy.base import Policy
from luf_tui.script.program import Program

if TYPE_CHECKING:
    from luf_tui.timeline.timeline import Timeline

LONG, SHORT = 8, 4
"""Hexadecimal digits of the digests of a script and of an event log, and of a policy."""
FORM = re.compile(rf"([0-9a-f]{{{LONG}}})(?:-([0-9a-f]{{{SHORT}}})-([0-9a-f]{{{LONG}}}))?")


@frozen
class Digest:
    """What a run was made of, and what it did up to a place."""

    script: str
    policy: str = ""
    """Empty, as `events`, where only the script is remembered."""
    events: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.script, self.policy, self.events)))

    def is_under(self, policy: Policy) -> bool:
        """Whether it was taken under a policy with these guards."""
        return self.policy == policy_digest(policy)

    def drift(self, timeline: Timeline, position: int) -> str:
        """What is another about a run than when this was taken; empty where nothing is."""
        now = digest_at(timeline, position)
        if self.script != now.script:
            what = "script" if timeline.program.recorded is None else "recording"
            return f"the {what} has changed since this link was made: its place is kept by line"
        if self.policy and self.policy != now.policy:
            return "this link was made under another policy, or with other guards"
        if self.events and self.events != now.events:
            return "luf-tui has changed since this link was made: it plays this script otherwise"
        return ""


def digest_at(timeline: Timeline, position: int) -> Digest:
    """The digest of a run up to a position."""
    return Digest(
        script_digest(timeline.program),
        policy_digest(timeline.policy),
        timeline.digest(position)[:LONG],
    )


def policy_digest(policy: Policy) -> str:
    """The digest of a policy's name and of the guards taken from it."""
    named = "\n".join((policy.name, *policy.without))
    return hashlib.sha256(named.encode()).hexdigest()[:SHORT]


def script_digest(program: Program) -> str:
    """The digest of a script's text, or of a recording's file."""
    return source_digest(program.source) if program.recorded is None else file_digest(program.path)


def source_digest(source: Sequence[str]) -> str:
    """The digest of the lines of a script."""
    text = "\n".join(line.rstrip() for line in source).rstrip()
    return hashlib.sha256(text.encode()).hexdigest()[:LONG]


def file_digest(path: str) -> str:
    """The digest of a file as it is; zeros where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:LONG]
    except OSError:
        return "0" * LONG


def read(word: str) -> Digest:
    """The digest that a word says. Raises LufError when it says none."""
    found = FORM.fullmatch(word)
    if found is None:
        shape = f"{'0' * LONG}-{'0' * SHORT}-{'0' * LONG}"
        raise LufError(f"'#{word}' is no digest of a permalink; one looks like #{shape}")
    return Digest(found[1], found[2] or "", found[3] or "")
