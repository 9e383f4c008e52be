"""The scenarios that tests of what is shown play, one by one."""

from __future__ import annotations

from luf_tui import library
from luf_tui.library import Entry

FEW = 8
"""Of so many clients one is played."""


def _played() -> list[Entry]:
    shipped = library.shipped()
    clients = [one for one in shipped if one.name.startswith("clients/")]
    return [one for one in shipped if one not in clients or clients.index(one) % FEW == 0]


PLAYED = _played()
"""What is shipped. A client is made to be searched; played, it comes once a line, as other
scenarios do: some of them are enough.
"""
