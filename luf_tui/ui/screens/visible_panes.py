"""Which panes of the view are on the screen, which of them has the keys, and what to draw."""

from __future__ import annotations

from attrs import evolve

from luf_tui.machine.refs import Ref
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.features.lanes import Lanes
from luf_tui.ui.key_names import MOVED, as_bound
from luf_tui.ui.panels.panel import TAB
from luf_tui.ui.session import Session
from luf_tui.view.compose import Block, has_frame, placed
from luf_tui.view.marks import ACTION, Mark, Pane, Row
from luf_tui.view.screen import (
    GROUPS,
    MAP,
    TITLES,
    WATCHES,
    arrange,
    arranged,
    with_watches,
)
from luf_tui.view.state import Placement, ViewState

NUMBERED = ("script", *GROUPS)
"""Panes by number, from 1 on."""
PLACES = ("line", "step")
"""Regions of refs that stand for a place in the run, not for a thing in the machine."""


class VisiblePanes:
    """The panes of a stepper screen."""

    def __init__(self) -> None:
        self.focus = "script"
        self.zoomed = False
        self.lanes: Lanes = Lanes()
        self._behind = "script"
        """The pane that had the keys before the map came over all of them."""
        self._group = ""
        self._shown: list[Block] = []

    # -- drawing ------------------------------------------------------------------------------

    def blocks(self, session: Session, width: int, height: int) -> list[Block]:
        """The panes that fit into so many cells, at the session's position."""
        timeline = session.timeline
        timeline.seek(session.position)
        state = ViewState(
            changed_only=session.changed_only,
            selected=session.selected,
            breakpoints=session.lines_stopped_at,
            level=session.level,
            flags=session.flags,
            watches=session.watched,
            time_zoom=self.lanes.zoom,
            beside=self.lanes.beside(timeline),
        )
        places = self._places(timeline, state, width, height)
        turns = len({place.pane for place in places} & set(GROUPS) - {WATCHES}) <= 1
        self._shown = []
        for place in places:
            block = placed(timeline, state, place)
            if block.pane.name == "narration" and MOVED:
                block = evolve(block, pane=_with_own_keys(block.pane))
            if block.frame:
                pane = self._titled(block.pane, turns=turns, room=block.width - 6)
                block = evolve(block, pane=pane, focus=pane.name == self.focus)
            self._shown.append(block)
        return list(self._shown)

    def _places(
        self, timeline: Timeline, state: ViewState, width: int, height: int
    ) -> tuple[Placement, ...]:
        """Where panes go: as the view has it, or the focused one alone between the bars."""
        if self.focus == MAP:
            return arrange(width, height, MAP)
        if self.focus in GROUPS:
            self._group = self.focus
        places = arranged(timeline, evolve(state, group=self._group), width, height)
        places = with_watches(places, 2 * len(state.watches))
        hidden = self.focus not in [place.pane for place in places]
        if not self.zoomed and not hidden:
            return places
        body = [place for place in places if has_frame(place)]
        if not body:
            return places
        top = min(place.y for place in body)
        bottom = max(place.y + place.height for place in body)
        bars = [place for place in places if not has_frame(place)]
        return (*bars, Placement(self.focus, 0, top, width, bottom - top))

    def _titled(self, pane: Pane, *, turns: bool, room: int) -> Pane:
        """The pane with its number; where panes take turns, with the names of all of them."""
        if turns and pane.name in GROUPS:
            return evolve(pane, title=_tabs(pane.name, room))
        if pane.name in NUMBERED:
            number = Mark(f"{NUMBERED.index(pane.name) + 1} ", "dim")
            return evolve(pane, title=(number, *pane.title))
        return pane

    @property
    def shown(self) -> tuple[Block, ...]:
        """The panes as they were last drawn."""
        return tuple(self._shown)

    # -- the keys -----------------------------------------------------------------------------

    @property
    def page(self) -> int:
        """Rows a page of the focused pane has."""
        block = self._block(self.focus)
        return max(1, block.rows - 1) if block else 1

    def focus_by(self, by: int) -> None:
        """Give the keys to the next pane, shown or not."""
        self.leave_map()
        self.focus = NUMBERED[(NUMBERED.index(self.focus) + by) % len(NUMBERED)]

    def focus_number(self, number: int) -> bool:
        """Give the keys to a pane by number. False if there is none."""
        if number > len(NUMBERED):
            return False
        self.focus = NUMBERED[number - 1]
        return True

    def toggle_zoom(self) -> None:
        """One pane on the whole screen, or all of them."""
        self.zoomed = not self.zoomed

    def toggle_map(self) -> None:
        """The map on the whole screen, or the panes."""
        if self.focus == MAP:
            self.leave_map()
        else:
            self._behind, self.focus = self.focus, MAP

    def leave_map(self) -> None:
        """Back to the panes, where the map is shown."""
        if self.focus == MAP:
            self.focus = self._behind

    def focus_on(self, name: str) -> None:
        """Give the keys to a pane by name, if it can have them."""
        if name in NUMBERED:
            self.focus = name

    # -- things -------------------------------------------------------------------------------

    def next_ref(self, selected: Ref | None, direction: int) -> tuple[Ref, int] | None:
        """The thing after (or before) the selected one in the focused pane, and its row."""
        block = self._block(self.focus)
        found: dict[Ref, int] = {}
        for number, row in enumerate(block.pane.rows if block else ()):
            for mark in row:
                if mark.ref is not None and mark.ref.region not in PLACES:
                    found.setdefault(mark.ref, number)
        refs = list(found)
        if not refs:
            return None
        if selected in found:
            ref = refs[(refs.index(selected) + direction) % len(refs)]
        else:
            ref = refs[0 if direction > 0 else -1]
        return ref, found[ref]

    def columns_of(self, name: str) -> int:
        """Cells that a row of a pane has; 0 for a pane that is not shown."""
        block = self._block(name)
        return block.columns if block else 0

    def _block(self, name: str) -> Block | None:
        return next((block for block in self._shown if block.pane.name == name), None)


def _tabs(shown: str, room: int) -> Row:
    """The panes that take turns, by number and name; where there is no room for all names, those
    farthest from the one shown go by their number.
    """
    at = GROUPS.index(shown)
    numbers = range(len(GROUPS))
    for named in sorted({abs(number - at) for number in numbers}, reverse=True):
        texts = [
            f"{number + 2} {TITLES[GROUPS[number]]}"
            if abs(number - at) <= named
            else f"{number + 2}"
            for number in numbers
        ]
        gap = 2 if sum(map(len, texts)) + 2 * (len(texts) - 1) <= room else 1
        if sum(map(len, texts)) + gap * (len(texts) - 1) <= room:
            break
    tabs: list[Mark] = []
    for number, text in enumerate(texts):
        ref = Ref(ACTION, 0, f"pane-{number + 2}")
        digit, _, name = text.partition(" ")
        tabs += [
            Mark(f"{digit} " if name else digit, "dim", ref),
            Mark(name, TAB if number == at else "dim", ref),
            Mark(" " * gap),
        ]
    return tuple(tabs[:-1])


def _with_own_keys(pane: Pane) -> Pane:
    """The pane, with a person's own keys where the script names a key."""
    rows = (tuple(evolve(mark, text=as_bound(mark.text)) for mark in row) for row in pane.rows)
    return evolve(pane, rows=tuple(rows))
