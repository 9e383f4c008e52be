"""What a recorded kernel would have flushed: the question, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.ftrace.reading.source import STDIN
from luf_tui.ftrace.replay.before_batches import BeforeBatches
from luf_tui.ftrace.replay.bounds import hinges_on_rights, read_only
from luf_tui.ftrace.replay.figures import Figures
from luf_tui.ftrace.replay.flushes import follow
from luf_tui.ftrace.replay.layout import lay_out
from luf_tui.ftrace.replay.outcome import PolicyOutcome, Progress, play
from luf_tui.ftrace.replay.report import lines
from luf_tui.ftrace.replay.report_json import as_json
from luf_tui.ftrace.trace import Trace, read_trace
from luf_tui.json_object import VERSION, versioned
from luf_tui.machine.config import Costs
from luf_tui.policy import own
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy
from luf_tui.runs.at_once import all_done, can_fork
from luf_tui.runs.opening import Reading, Say, named, names, whole

Replaying = Callable[[str, int, int], None]
"""Called with the policies at work, and facts replayed and facts in all under all policies."""
COMPARED = ("eager", "batched", "luf")
"""Policies that are set side by side unless others are said."""


class Replayed:
    """What a recorded kernel would have flushed under some policies. As text it is the report."""

    version = VERSION
    """The version of the object that `summary` gives."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        """What every form of the report is made of."""
        self.trace = figures.trace
        """What was recorded, and what of the file could not be used."""
        self.outcomes = figures.outcomes
        """Each policy's replay in numbers, in the order they were named."""

    def __repr__(self) -> str:
        policies = ", ".join(one.policy for one in self.outcomes)
        return f"<Replayed {self.trace.path} under {policies}>"

    def __str__(self) -> str:
        return "\n".join(lines(self.figures))

    def summary(self) -> dict[str, Any]:
        """The object that `luf-tui replay --json` prints."""
        return versioned(as_json(self.figures))


def replay(
    trace: str | PathLike[str],
    policies: str | Iterable[str] = COMPARED,
    *,
    lazy_drops: bool = False,
    costs: Costs | None = None,
    jobs: int = 1,
    reading: Reading | None = None,
    replaying: Replaying | None = None,
    say: Say = lambda _: None,
) -> Replayed:
    """Ask what a recorded kernel would have flushed under other policies.

    `trace` is a path, the name of a shipped recording, or `-` for standard input. `lazy_drops`
    counts what v12 pays when a kernel thread hands a borrowed address space back. `costs` are those
    of the model that milliseconds are told by. A policy that might have deferred more, had the
    recording told what PTEs allowed, is replayed a second time, with those read-only. So many
    `jobs`, processes, share the policies; what is found does not depend on it. `reading` and
    `replaying` are told how far it is, `say` of a place that is said in vain. Raises LufError for
    what cannot be read, and for a policy that does not exist.
    """
    asked = [make_policy(own.known(name)) for name in dict.fromkeys(names(policies))]
    if not asked:
        raise LufError("name at least one policy: eager, luf")
    word = named(trace)
    path = Path(word) if word == STDIN else whole(word, "all of it is replayed", say)
    if path.suffix == library.SUFFIX:
        raise LufError(f"{word} is a scenario; `luf-tui compare {word}` asks other policies")
    read = read_trace(str(path), reading)
    if read.survey.baseline == BeforeBatches.NAME:
        asked.append(BeforeBatches())
    layout = lay_out(read)
    recorded = follow(read)

    if jobs > 1 and not can_fork():
        say("--jobs: processes cannot share a recording on this system; one does it all")
        jobs = 1

    def played(of: Trace, policies: Sequence[Policy]) -> list[PolicyOutcome]:
        def one(number: int, told: Progress | None) -> PolicyOutcome:
            return play(
                of, layout, policies[number], told, lazy_drops=lazy_drops, recorded=recorded
            )

        tell = _told(replaying, [policy.name for policy in policies]) if replaying else None
        return all_done(one, len(policies), jobs, tell)

    outcomes = played(read, asked)
    hinges = [one.policy for one in outcomes if hinges_on_rights(read, one)]
    other = [make_policy(own.known(name)) for name in hinges]
    again = played(read_only(read), other) if hinges else []
    return Replayed(Figures(read, outcomes, dict(zip(hinges, again, strict=True)), costs, recorded))


def _told(replaying: Replaying, policies: Sequence[str]) -> Callable[[int, int, int], None]:
    """What hears how far one of several plays is, and tells how far all of them are."""
    so_far = [0] * len(policies)

    def tell(number: int, done: int, total: int) -> None:
        so_far[number] = done
        begun = [name for name, part in zip(policies, so_far, strict=True) if 0 < part < total - 1]
        replaying(", ".join(begun), sum(so_far), total * len(policies))

    return tell
