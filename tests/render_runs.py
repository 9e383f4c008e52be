"""Runs to draw: the tour's own, and one whose file tries to do harm."""

from __future__ import annotations

from pathlib import Path

from luf_tui.script.parse import load, parse
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline

ROOT = Path(__file__).resolve().parent.parent

HOSTILE = """\
title    </script><b>漢字 [luf] tlb[cpu0][/] \u202e\x1b[2J
about    漢字の表 <pre> & done
process  app
cpu1     run app
cpu1     write heap.0 bytes   # 漢字漢字漢字 <script>alert(1)</script> e\u0301
note     漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 \x1b[31m &amp;
cpu1     read heap.0
"""


def tour() -> Timeline:
    """A deferred flush that is paid at the takeoff, standing at power-on."""
    return record(load(str(ROOT / "scenarios" / "tour" / "flush-before-reuse.luf")))


def hostile() -> Timeline:
    """Markup, escape sequences and wide characters wherever a file may have text."""
    return record(parse(HOSTILE, "hostile.luf"))
