"""The report of a replay as text: recorded shootdowns beside each policy's, in counts and in
milliseconds of the cost model, what deferring costs and whom, and what the recording does not tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.ftrace.replay.comparison import comparison
from luf_tui.ftrace.replay.figures import Figures, Under
from luf_tui.ftrace.replay.flush_tables import by_process, by_reason
from luf_tui.ftrace.replay.plots import debt_lives, time_line, who_pays
from luf_tui.ftrace.replay.processes import RECORDER
from luf_tui.ftrace.replay.report_words import (
    cost_of_deferring,
    difference,
    head,
    notes,
    waits_under,
)
from luf_tui.ftrace.replay.table import Cell
from luf_tui.ftrace.replay.text_table import (
    TOP,
    aligned,
    counts,
    fitted,
    indented,
    shortened,
    side_by_side,
    wrapped,
)
from luf_tui.ftrace.replay.unknown import NEVER, not_known

_PLOTS = (("who waits, and how long", who_pays), ("how long a debt lives", debt_lives))


def lines(
    figures: Figures, width: int = 80, *, plots: bool = True, colours: bool = False
) -> list[str]:
    """The report for a terminal of so many columns; lines of plots are of a class of their own,
    `Drawn`, and may be coloured.
    """
    trace = figures.trace
    text = min(width, 96)
    said = [trace.path]
    said += [line for one in head(trace) for line in wrapped(one, text, "  ")]
    said += ["", *aligned(comparison(figures)), ""]
    said += [line for one in notes(figures) for line in wrapped(one, text)]
    said += [""]
    drawn = time_line(figures, width, colours=colours) if plots else []
    said += [*drawn, ""] if drawn else []
    said += [*(line for one in difference(figures) for line in wrapped(one, text)), ""]
    for one in figures.policies:
        if one.outcome is not None and one.outcome.deferred:
            said += [*_deferring(figures, one, width), ""]
            for title, plot in _PLOTS if plots else ():
                drawn = plot(figures, one, width, colours=colours)
                said += [f"{title}, under {one.name}", *drawn, ""] if drawn else []
    said += [*_by_process(figures), ""]
    for one in figures.policies:
        if one.outcome is not None and one.outcome.callers:
            said += [f"whose unmaps are flushed at once or in a batch, under {one.name}"]
            said += [*indented(counts(one.outcome.callers)), ""]
    said += wrapped(NEVER, text)
    unknown = not_known(trace, figures.outcomes)
    if unknown:
        said += ["", "not known"]
    for why in unknown:
        said += wrapped(why, text, "  - ")
    return said


def _deferring(figures: Figures, one: Under, width: int) -> list[str]:
    said = [f"what {one.name} costs"]
    for line in cost_of_deferring(figures, one):
        said += wrapped(line, width, "  ")
    rows = waits_under(figures, one)
    if rows:
        names = ["who waits", "order", "for what", "context", "times", "CPUs", "ms"]
        said += ["", *indented(fitted([names, *shortened_waits(rows)], width - 2, left=4, at=2))]
    return said


def shortened_waits(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Those who wait longest, and the sum of the others."""
    kept = [list(row) for row in rows[:TOP]]
    rest = rows[TOP:]
    if rest:
        sums = [sum(float(row[at] or 0) for row in rest) for at in (4, 5, 6)]
        kept.append([f"{len(rest)} others", "", "", "", int(sums[0]), int(sums[1]), sums[2]])
    return kept


def _by_process(figures: Figures) -> list[str]:
    names = [one.name for one in figures.chosen]
    by = side_by_side(
        by_process(figures), ("shootdowns", "interrupted"), names, ("asks", "is interrupted")
    )
    why = side_by_side(by_reason(figures), ("shootdowns", "interrupts"), names, ("asked", "CPUs"))
    return [
        "by process: shootdowns it asks for, and interrupts it takes",
        *indented(aligned([*by[:2], *shortened(by[2:], keep=RECORDER)])),
        "",
        "by reason: shootdowns, and CPUs they interrupt",
        *indented(aligned([*why[:2], *shortened(why[2:])])),
    ]
