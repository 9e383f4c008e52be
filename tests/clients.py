"""What the tests of the shipped clients share."""

from __future__ import annotations

from luf_tui.script.parse import load
from tests.conftest import ROOT

FOLDER = ROOT / "scenarios" / "clients"
CLIENTS = {path.stem: load(str(path)) for path in sorted(FOLDER.glob("*.luf"))}
NAMES = tuple(CLIENTS)

QUICK = ("compaction",)
"""Clients that are searched to their end in a second."""
GUARDED = {"reporting": ("flush-before-report", "O2"), "tiers": ("flush-before-reuse", "O2")}
"""Clients, each with a guard that it is about, and the obligation broken without it."""
