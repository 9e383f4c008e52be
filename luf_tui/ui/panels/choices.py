"""Panels to choose from: event kinds, policies, breakpoints."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from luf_tui.machine.events import KINDS
from luf_tui.machine.kind import Kind
from luf_tui.timeline.navigate.breakpoints import Breakpoint, hits, of_program
from luf_tui.ui.key_names import with_keys
from luf_tui.ui.panels.intents import (
    AddBreakpoint,
    Choose,
    Follow,
    Intent,
    SetBreakpoints,
)
from luf_tui.ui.panels.panel import ACCENT, DIM, Item, ListPanel
from luf_tui.ui.session import Session, switched
from luf_tui.view.glyphs import of_kind
from luf_tui.view.marks import Mark


class KindsPanel(ListPanel):
    """Which kinds of event the next-match key goes to."""

    name = "kinds"
    width = 58

    def __init__(self, session: Session) -> None:
        by_kind = session.timeline.index.by_kind
        followed = set(session.kinds)
        order = sorted(KINDS, key=lambda kind: (not kind.role, not by_kind[kind]))
        items = [
            Item(
                (
                    Mark(f"{of_kind(kind)} ", kind.role or "text"),
                    Mark(f"{kind.name:<12}"),
                    Mark(f"{len(by_kind[kind]):>6} in this run", DIM),
                ),
                value=kind,
                on=kind in followed,
                choose=Follow((kind,), close=True),
            )
            for kind in order
        ]
        super().__init__(
            with_keys("{next-match} and {previous-match} go to"),
            items,
            hint="space switch   ⏎ this one only   esc done",
        )

    def toggle(self, item: Item) -> Intent:
        """Switch a kind."""
        number = self.items.index(item)
        self.items[number] = evolve(item, on=not item.on)
        kinds = [item.value for item in self.items if item.on]
        return Follow(tuple(kind for kind in kinds if isinstance(kind, Kind)))


def policy_panel(current: str, known: Sequence[tuple[str, str]]) -> ListPanel:
    """The policies there are, by name and summary."""
    wide = max(len(name) for name, _ in known) + 2
    items = [
        Item(
            (Mark("● " if name == current else "  ", ACCENT), Mark(f"{name:<{wide}}")),
            text=summary,
            value=name,
            choose=Choose(name),
        )
        for name, summary in known
    ]
    at = next((n for n, (name, _) in enumerate(known) if name == current), 0)
    panel = ListPanel("policy", items, hint="⏎ use   esc close", cursor=at)
    panel.name, panel.width = "policies", 76
    return panel


class BreakpointsPanel(ListPanel):
    """Breakpoints: off and on, removed, added."""

    name = "breakpoints"
    width = 72

    def __init__(self, session: Session) -> None:
        super().__init__(
            "breakpoints",
            (),
            more={"a": AddBreakpoint(), "plus": AddBreakpoint()},
            hint="space off or on   x remove   a add   esc close",
            empty=with_keys("none yet: {breakpoint} sets one here, a adds one on anything"),
        )
        self.session = session
        self.refresh()

    def refresh(self) -> None:
        """Show the session's breakpoints as they are now."""
        timeline = self.session.timeline
        self.items = [self._item(point) for point in self.session.points]
        asked = of_program(timeline.program)
        if asked:
            self.items.append(Item((Mark("  of the scenario itself", DIM),), heading=True))
            self.items += [Item((Mark(f"    {point.text}", DIM),), heading=True) for point in asked]
        self.cursor = max(0, min(self.cursor, len(self.session.points) - 1))

    def _item(self, point: Breakpoint) -> Item:
        count = len(hits(self.session.timeline, point))
        told = f"{count} hit{'' if count == 1 else 's'}"
        row = (Mark("● " if point.enabled else "  ", "breakpoint"), Mark(point.text))
        points = self.session.points
        return Item(
            (*row, Mark(f"   {told}", DIM)),
            value=point,
            on=point.enabled,
            toggle=SetBreakpoints(tuple(switched(p) if p is point else p for p in points)),
            remove=SetBreakpoints(tuple(p for p in points if p is not point)),
        )
