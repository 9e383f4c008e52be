"""All the tables of a report."""

from __future__ import annotations

from luf_tui.ftrace.replay.debt_tables import debt_ends, lives, not_deferred, waits
from luf_tui.ftrace.replay.figures import Figures
from luf_tui.ftrace.replay.flush_tables import by_cpu, by_policy, by_process, by_reason
from luf_tui.ftrace.replay.table import Table
from luf_tui.ftrace.replay.window_tables import by_window, worst_seconds

WINDOWS = 200
"""As many as a file has at most."""


def all_tables(figures: Figures) -> list[Table]:
    """Every table, those too in which there is nothing."""
    return [
        by_policy(figures),
        by_process(figures),
        by_cpu(figures),
        by_reason(figures),
        by_window(figures, WINDOWS),
        worst_seconds(figures),
        waits(figures),
        lives(figures),
        debt_ends(figures),
        not_deferred(figures),
    ]
