"""Which words a person asks about: those of what is said on the screen at the moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from luf_tui.machine.refs import Ref
from luf_tui.timeline.tell import narrate
from luf_tui.ui.panels.glossary import GlossaryPanel, Saying
from luf_tui.ui.panels.questions import ref_name

if TYPE_CHECKING:
    from luf_tui.ui.screens.base_screen import BaseScreen
    from luf_tui.ui.screens.gallery import Gallery
    from luf_tui.ui.screens.run_screen import RunScreen

THINGS = {
    "frame": "frame",
    "pte": "PTE",
    "vma": "VMA",
    "tlb": "TLB entry",
    "cpu": "CPU",
    "lists": "free list",
    "mm": "mm",
    "zone": "zone",
    "key": "luf_key",
}
"""What a thing is called in the book, by the region of its ref."""


def of_run(screen: RunScreen) -> None:
    """Show the words of the message, the selected thing, the findings and the narration; of a
    panel that is open, its own.
    """
    screen.navigation.pause()
    _ask(screen, _said_of_run(screen))


def of_gallery(screen: Gallery) -> None:
    """Show the words of the scenario under the cursor."""
    item = screen.list.item
    entry = item.value if item else None
    about = getattr(entry, "about", "")
    title = getattr(entry, "title", "")
    _ask(screen, iter([Saying("scenario", f"{title}. {about}")] if entry else []))


def _ask(screen: BaseScreen, said: Iterator[Saying]) -> None:
    if screen.panels:
        panel = screen.panels[-1]
        said = iter([Saying(panel.name, line) for line in panel.said.split("\n")])
    heard = [Saying("message", screen.heard)] if screen.heard else []
    screen.open(GlossaryPanel([*heard, *said]))


def _said_of_run(screen: RunScreen) -> Iterator[Saying]:
    session = screen.session
    timeline, at = session.timeline, session.position
    if session.selected is not None:
        yield Saying("selected", _described(screen, session.selected))
    for number, event in enumerate(timeline.finding_events):
        if timeline.step_of_event(event) == at:
            finding = timeline.findings[number]
            yield Saying("finding", f"{finding.obligation}: {finding.message}")
    yield Saying("narration", narrate.narrate(timeline, at, session.level))
    for note in narrate.notes(timeline, at):
        yield Saying("note", note)
    yield Saying("below", " ".join(screen.grid.text_of("narration").split()))
    line = narrate.step_text(timeline, at) if at else ""
    if line:
        yield Saying("line", line)


def _described(screen: RunScreen, ref: Ref) -> str:
    """What a thing is, its name, and the marks that it has on the screen."""
    session = screen.session
    marks = (
        mark.text
        for block in screen.grid.blocks
        for row in block.pane.rows
        for mark in row
        if mark.ref == ref
    )
    shown = " ".join(dict.fromkeys(text.strip() for text in marks))
    return f"{THINGS.get(ref.region, ref.region)} {ref_name(session.timeline, ref)}  {shown}"
