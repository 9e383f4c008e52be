"""The guard screen: switch a check of the policy off, and see at once what it held up."""

from __future__ import annotations

from luf_tui.policy.guards import Guard, in_order
from luf_tui.timeline.ask.compare import policy_name
from luf_tui.ui.panels.intents import Intent, Stay, SwitchGuards
from luf_tui.ui.panels.panel import BAD, DIM, GOOD, Item, ListPanel
from luf_tui.ui.session import Session
from luf_tui.view.marks import Mark, Pane, Row


class GuardsPanel(ListPanel):
    """Guards of the policy in use; every switch records the script again and keeps the place."""

    name = "guards"
    width = 72

    def __init__(self, session: Session) -> None:
        super().__init__(
            "guards",
            (),
            hint="space switch   a all on   esc done",
            empty="this policy performs no guard",
        )
        self.session = session
        self.refresh()

    def pane(self, columns: int, rows: int) -> Pane:
        """The list, with the verdict of the run above it."""
        listed = super().pane(columns, rows - 2)
        head: Row = self._verdict()
        return Pane(self.name, listed.title, (head, (), *listed.rows))

    def press(self, row: int, *, twice: bool) -> Intent:
        """Rows stand below the verdict."""
        return super().press(row - 2, twice=twice)

    def refresh(self) -> None:
        """Show the guards of the run that is shown now."""
        policy = self.session.timeline.policy
        listed = in_order(policy.GUARDS)
        wide = max((len(guard.name) for guard in listed), default=0) + 2
        self.title = f"guards of {policy.name}"
        off = frozenset(guard.name for guard in listed if guard not in policy.guards)
        self.items = [_item(guard, wide, off) for guard in listed]
        self.more = {"a": SwitchGuards(()) if off else Stay()}

    def _verdict(self) -> Row:
        run = self.session.timeline
        count = run.counters(run.steps)
        failed = sum(not outcome.held for outcome in run.outcomes)
        bad = count.violations or failed
        told = (
            f"{count.violations} violation{'' if count.violations == 1 else 's'}, "
            f"{failed} of {len(run.outcomes)} expectations failed"
            if bad
            else f"no violation, all {len(run.outcomes)} expectations hold"
        )
        return (
            Mark("✖ " if bad else "✓ ", BAD if bad else GOOD),
            Mark(told, BAD if bad else GOOD),
            Mark(f"   {policy_name(run)}", DIM),
        )


def _item(guard: Guard, wide: int, off: frozenset[str]) -> Item:
    about = f"{guard.checks}\nupholds {guard.obligation} · v10 {guard.v10} · v12 {guard.v12}"
    row = (Mark(f"{guard.name:<{wide}}"), Mark(guard.obligation, DIM))
    switch = SwitchGuards(tuple(sorted(off ^ {guard.name})))
    return Item(row, value=guard.name, on=guard.name not in off, about=about, toggle=switch)
