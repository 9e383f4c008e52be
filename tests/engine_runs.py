"""Scenarios written in a test, played under a policy and judged."""

from __future__ import annotations

from luf_tui.engine.director import Director
from luf_tui.machine.event_log import Event
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import Finding
from luf_tui.oracle.play_and_judge import judged_moves
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from tests import invariants

MACHINE = "machine cpus 3, dram 8, cxl 8, pcp-batch 1, pcp-high 0\n"
HEAD = f"""title t
{MACHINE}process app
process thief
file lib, 2 pages
app mmap lib read-only as text
cpu1 run app
cpu2 run app
"""
"""Two threads of `app` on cpu1 and cpu2, which map a file."""


class Run:
    """One played script: the machine at its end, its events, and what the oracle found."""

    def __init__(
        self,
        script: str,
        policy: str = "luf",
        without: tuple[str, ...] = (),
        machine: str = MACHINE,
    ) -> None:
        text = HEAD.replace(MACHINE, machine) + script
        director = Director(parse(text, "test.luf"), make_policy(policy, without))
        self.m: Machine = director.machine
        self.found: list[Finding] = []
        for _, found in judged_moves(self.m, director.play()):
            invariants.check(self.m)
            self.found += found

    def violations(self) -> list[tuple[str, str]]:
        """Rule and obligation of each violation."""
        return [(one.rule, one.obligation) for one in self.found if one.weight == "violation"]

    def events(self, name: str) -> list[Event]:
        """All events of a kind."""
        return [event for event in self.m.events if event.name == name]
