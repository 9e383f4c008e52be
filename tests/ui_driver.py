"""What the tests of the app share: a scenario in a folder of its own, and ways to look and do."""

from __future__ import annotations

import asyncio
import functools

import pytest

SCENARIO = """\
title    Flush before reuse
about    A stale entry is harmless until its frame gets a new owner.
machine  cpus 3, dram 8, cxl 8, pcp-batch 1
policy   luf

process  app
file     lib, 2 pages
app      mmap lib read-only as text
cpu1     run app
cpu2     run app

cpu1     read text.0
cpu2     read text.0
kswapd   reclaim text.0
expect   stale cpu1 text.0
cpu1     read text.0
process  thief
cpu0     run thief
cpu0     write thief.heap.0 secret
expect   flushed cpu1 cpu2
cpu1     read text.0
expect   no violation
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "reuse.luf"
    made.write_text(SCENARIO, "utf-8")
    return made


def driven(test):
    """Runs an async test without a plugin."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return run


def lines(app):
    grid = app.screen.grid
    return [grid.render_line(y).text for y in range(grid.size.height)]


def text(app):
    return "\n".join(lines(app))


def do(app, *names):
    """Do actions as their keys would, and paint."""
    for name in names:
        app.screen.action_do(name)
    app.screen.paint_now()
