"""What the tests of the app share: a scenario in a folder of its own, and ways to look and do."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections import defaultdict

import pytest

from luf_tui.ui.background import loading
from luf_tui.ui.background.loading import Recording

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


UNHURRIED = 300.0
"""Seconds in which any recording of these tests is made, on any machine."""


def driven(test):
    """Runs an async test without a plugin. How fast the machine is does not matter: recordings
    are waited for, but for those a test holds.
    """

    @functools.wraps(test)
    def run(*args, **kwargs):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loading, "AT_ONCE", UNHURRIED)
            asyncio.run(test(*args, **kwargs))

    return run


class Held:
    """Recordings that go on until they are let go, in whatever order."""

    def __init__(self):
        self.jobs = []
        self._gates = defaultdict(threading.Event)

    def hold(self, patch, kind):
        begin, make = kind.__init__, kind._make

        def begun(job, *asked):
            self.jobs.append(job)
            begin(job, *asked)

        def make_late(job):
            self._gates[job].wait()
            return make(job)

        patch.setattr(kind, "__init__", begun)
        patch.setattr(kind, "_make", make_late)
        patch.setattr(kind, "soon", lambda job: False)

    async def let_go(self, pilot, job):
        """Its result is delivered, or dropped, when this returns."""
        self._gates[job].set()
        await made(pilot, job)

    def let_all_go(self):
        for job in self.jobs:
            self._gates[job].set()


@pytest.fixture
def hold(monkeypatch):
    """Call it, and every recording of a kind begun from then on is held."""
    held = Held()

    def begin(kind=Recording):
        held.hold(monkeypatch, kind)
        return held

    yield begin
    held.let_all_go()


async def made(pilot, job):
    """Waits until a thread has made what it was to make, and that has been delivered."""
    await asyncio.wait([asyncio.wrap_future(job.future)])
    await pilot.pause()


def lines(app):
    """What is to be read; what waits to be painted is."""
    app.screen._paint_if_due()
    grid = app.screen.grid
    return [grid.render_line(y).text for y in range(grid.size.height)]


def text(app):
    return "\n".join(lines(app))


def do(app, *names):
    """Do actions as their keys would, and paint."""
    for name in names:
        app.screen.action_do(name)
    app.screen.paint_now()
