"""What the tests of the shipped clients share."""

from __future__ import annotations

from luf_tui.script.parse import load
from tests.conftest import ROOT

FOLDER = ROOT / "scenarios" / "clients"
CLIENTS = {path.stem: load(str(path)) for path in sorted(FOLDER.glob("*.luf"))}
NAMES = tuple(CLIENTS)

QUICK = ("compaction", "fork", "offline-cpu")
"""Clients that are searched to their end in a second."""
GUARDED = {
    "flush-before-report": ("reporting", "O2"),
    "flush-before-reuse": ("tiers", "O2"),
    "refuse-init-on-free": ("init-on-free", "O1"),
    "flush-on-fork": ("fork", "O13"),
    "flush-soft-dirty": ("soft-dirty", "O13"),
    "skip-offline": ("offline-cpu", "O38"),
    "flush-dirty-before-io": ("swap", "O5"),
}
"""Guards, each with a client without it that is broken at once, and the obligation."""
