"""Whether a run did what its scenario says."""

from __future__ import annotations

from attrs import frozen

from luf_tui.commands import terminal
from luf_tui.timeline.ask.failing import awaits_violation
from luf_tui.timeline.timeline import Timeline


@frozen
class Verdict:
    """How a run came out, for the line of `check` and the exit code."""

    code: int
    word: str
    """`held`, `failed`, `refused` or `interrupted`."""
    reasons: tuple[str, ...]
    """What went wrong, a line each, with the script line."""


def judged(run: Timeline) -> Verdict:
    """Judge a run: what was refused, which expectations failed, which violations none awaits."""
    path, items = run.program.path, run.program.items
    refused = [f"{path}:{items[one.item].span.line}: refused: {one.reason}" for one in run.refusals]
    failed = [
        f"{path}:{items[one.item].span.line}: {items[one.item].text}: {one.detail}"
        for one in run.outcomes
        if not one.held
    ]
    if not awaits_violation(run.program):
        for found, event in zip(run.findings, run.finding_events, strict=True):
            if found.weight == "violation":
                line = run.line_at(run.step_of_event(event))
                failed.append(f"{path}:{line}: violation of {found.obligation}: {found.message}")
    if run.incomplete:
        failed.append(f"{path}: {run.incomplete}; judged up to there")
    if run.incomplete.startswith("interrupted"):
        return Verdict(terminal.INTERRUPTED, "interrupted", (*refused, *failed))
    if refused:
        return Verdict(terminal.BAD_INPUT, "refused", (*refused, *failed))
    if failed:
        return Verdict(terminal.FAILED, "failed", tuple(failed))
    return Verdict(terminal.HELD, "held", ())
