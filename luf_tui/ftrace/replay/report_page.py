"""The report of a replay as one page that opens offline: plots, tables, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import PurePath

from luf_tui.ftrace.replay.clock import counts_seconds
from luf_tui.ftrace.replay.comparison import comparison
from luf_tui.ftrace.replay.debt_tables import waits
from luf_tui.ftrace.replay.figures import Figures, Under
from luf_tui.ftrace.replay.flush_tables import by_process, by_reason
from luf_tui.ftrace.replay.plot_data import life_bars, payer_bars, time_line_of
from luf_tui.ftrace.replay.report_words import cost_of_deferring, difference, head, notes
from luf_tui.ftrace.replay.svg_charts import Series, area_chart, bar_chart
from luf_tui.ftrace.replay.table import Cell
from luf_tui.ftrace.replay.text_table import shown, side_by_side
from luf_tui.ftrace.replay.unknown import NEVER, not_known
from luf_tui.ftrace.replay.window_tables import worst_seconds

WINDOWS = 400
"""Of the time line."""
_ALLOWED = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2024;--quiet:#60646c;--rule:#d9dde3;--ground:#fff;
--recorded:#c4432b;--policy:#1a7f4b;--owing:#9a6700}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--quiet:#9aa2ad;--rule:#343a43;
--ground:#14171b;--recorded:#ff7b60;--policy:#4cc38a;--owing:#e2a336}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:980px;padding:24px 20px 60px;color:var(--ink);background:var(--ground);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:36px 0 8px}
p,li{max-width:75ch;margin:4px 0}.quiet{color:var(--quiet);font-size:14px}
svg{width:100%;height:auto;display:block;margin:6px 0}
svg text{fill:var(--quiet);font:12px ui-monospace,monospace}svg line{stroke:var(--rule)}
.area{fill-opacity:.75}.recorded{fill:var(--recorded)}.policy{fill:var(--policy)}
.owing{fill:var(--owing)}
.key{display:inline-block;width:12px;height:12px;margin:0 6px 0 14px;vertical-align:-1px}
.key.recorded{background:var(--recorded)}.key.policy{background:var(--policy)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:6px 0}
th,td{padding:3px 12px 3px 0;text-align:right;white-space:nowrap;
border-bottom:1px solid var(--rule)}
th{font-weight:600}td:first-child,th:first-child,td.text,th.text{text-align:left}
td.text{white-space:normal;overflow-wrap:anywhere}p.part{padding-left:20px;color:var(--quiet)}
tr.part td:first-child{padding-left:16px;color:var(--quiet)}
"""


def as_page(figures: Figures) -> str:
    """The whole page."""
    trace = figures.trace
    name = PurePath(trace.path).name
    parts = [
        "<!DOCTYPE html>\n",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="generator" content="luf-tui replay">',
        '<meta name="viewport" content="width=device-width">',
        f'<meta http-equiv="Content-Security-Policy" content="{_ALLOWED}">',
        f"<title>{escape(name)}: shootdowns</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(name)}</h1>",
        *(f'<p class="quiet">{escape(line)}</p>' for line in head(trace)),
        "<h2>Shootdowns</h2>",
        _table(comparison(figures), heads=1),
        *(f'<p class="quiet">{escape(line)}</p>' for line in notes(figures)),
        *(f"<p>{escape(line)}</p>" for line in difference(figures)),
        *_time(figures),
        *(part for one in figures.policies for part in _deferring(figures, one)),
        *_by(figures),
        "<h2>What is not known</h2>",
        f"<p>{escape(NEVER)}</p><ul>",
        *(f"<li>{escape(line)}</li>" for line in not_known(trace, figures.outcomes)),
        "</ul></body></html>\n",
    ]
    return "".join(parts)


def _time(figures: Figures) -> list[str]:
    line = time_line_of(figures, WINDOWS)
    if not line.most:
        return []
    unit = "s" if counts_seconds(figures.trace) else ""
    roles = ("recorded", "policy")
    series = [Series(role, values) for role, (_, values) in zip(roles, line.counts, strict=False)]
    keys = "".join(
        f'<span class="key {role}"></span>{escape(name)}, {sum(values):,}'
        for role, (name, values) in zip(roles, line.counts, strict=False)
    )
    said = [
        "<h2>Over time</h2>",
        f"<p>Shootdowns each {line.each} of the recording:{keys}</p>",
        area_chart(series, line.end, unit, "Shootdowns over time"),
    ]
    if line.owing:
        name = escape(line.counts[-1][0])
        said.append(f"<p>Pages that owe a flush under {name}</p>")
        owing = [Series("owing", line.owing)]
        said.append(area_chart(owing, line.end, unit, "Pages that owe a flush"))
    return said


def _deferring(figures: Figures, one: Under) -> list[str]:
    if one.outcome is None or not one.outcome.deferred:
        return []
    said = [f"<h2>What {escape(one.name)} costs</h2>"]
    for line in cost_of_deferring(figures, one):
        part = ' class="part"' if line.startswith(" ") else ""
        said.append(f"<p{part}>{escape(line)}</p>")
    payers, lived = payer_bars(figures, one), life_bars(figures, one)
    if payers:
        said.append("<p>Who waits at an allocation, and how long</p>")
        said.append(bar_chart(payers, "policy", "Who waits at an allocation"))
        rows: list[Sequence[Cell]] = [
            ("who waits", "order", "for what", "context", "times", "CPUs", "ms")
        ]
        rows += [row[1:] for row in waits(figures).rows if row[0] == one.name][:_MOST]
        said.append(_table(rows, texts=(0, 2, 3)))
    if lived:
        said.append("<p>How long a debt lives that is paid</p>")
        said.append(bar_chart(lived, "owing", "How long a debt lives"))
    return said


_MOST = 20
"""Rows of a table of the page."""


def _by(figures: Figures) -> list[str]:
    names = [one.name for one in figures.chosen]
    process = side_by_side(
        by_process(figures),
        ("shootdowns", "waiting_ms", "interrupted"),
        names,
        ("asks", "waits, ms", "is interrupted"),
    )
    reason = side_by_side(
        by_reason(figures),
        ("shootdowns", "interrupts", "waiting_ms"),
        names,
        ("asked", "CPUs interrupted", "waiting, ms"),
    )
    worst = worst_seconds(figures)
    said = [
        "<h2>By process</h2>",
        _table(process[: _MOST + 2], heads=2),
        "<h2>By reason</h2>",
        _table(reason[: _MOST + 2], heads=2),
    ]
    if worst.rows:
        rows = [(*worst.head[:1], "from, s", *worst.head[2:]), *worst.rows]
        said += ["<h2>The worst second</h2>", _table(rows)]
    return said


def _table(rows: Sequence[Sequence[Cell]], heads: int = 1, texts: Sequence[int] = (0,)) -> str:
    """Rows as a table; cells that begin with a space are parts of the row above."""
    made = ['<div class="scroll"><table>']
    for number, row in enumerate(rows):
        tag = "th" if number < heads else "td"
        part = ' class="part"' if str(row[0]).startswith(" ") else ""
        cells = "".join(
            f"<{tag}{' class=text' if at in texts else ''}>{escape(shown(cell)).strip()}</{tag}>"
            for at, cell in enumerate(row)
        )
        made.append(f"<tr{part}>{cells}</tr>")
    return "".join([*made, "</table></div>"])
