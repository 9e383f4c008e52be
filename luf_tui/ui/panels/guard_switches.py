"""The guard screen: switch a check of the policy off, and see at once what it held up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from luf_tui.policy.guards import Guard, in_order
from luf_tui.timeline.ask.compare import policy_name
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.panels.panel import BAD, DIM, GOOD, Item, ListPanel
from luf_tui.view.marks import Mark, Pane, Row

Rerun = Callable[[Sequence[str], Callable[[Timeline], None]], None]


class GuardsPanel(ListPanel):
    """Guards of the policy in use; every switch records the script again and keeps the place."""

    name = "guards"
    width = 72

    def __init__(self, timeline: Timeline, close: Callable[[], None], rerun: Rerun) -> None:
        """`rerun` records without the guards named, and hands the run to what it is given."""
        super().__init__(
            "guards",
            (),
            close,
            toggle=self._toggle,
            more={"a": self._all_on},
            hint="space switch   a all on   esc done",
            empty="this policy performs no guard",
        )
        self.timeline = timeline
        self.rerun = rerun
        self._fill()

    def pane(self, columns: int, rows: int) -> Pane:
        """The list, with the verdict of the run above it."""
        listed = super().pane(columns, rows - 2)
        head: Row = self._verdict()
        return Pane(self.name, listed.title, (head, (), *listed.rows))

    def press(self, row: int, *, twice: bool) -> None:
        """Rows stand below the verdict."""
        super().press(row - 2, twice=twice)

    def _fill(self) -> None:
        policy = self.timeline.policy
        listed = in_order(policy.GUARDS)
        wide = max((len(guard.name) for guard in listed), default=0) + 2
        self.title = f"guards of {policy.name}"
        self.items = [self._item(guard, wide, guard in policy.guards) for guard in listed]

    def _item(self, guard: Guard, wide: int, on: bool) -> Item:
        about = f"{guard.checks}\nupholds {guard.obligation} · v10 {guard.v10} · v12 {guard.v12}"
        row = (Mark(f"{guard.name:<{wide}}"), Mark(guard.obligation, DIM))
        return Item(row, value=guard.name, on=on, about=about)

    def _verdict(self) -> Row:
        run = self.timeline
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

    def _toggle(self, item: Item) -> None:
        off = {str(one.value) for one in self.items if not one.on}
        self._run(off ^ {str(item.value)})

    def _all_on(self) -> None:
        if any(not item.on for item in self.items):
            self._run(set())

    def _run(self, without: set[str]) -> None:
        self.rerun(sorted(without), self._show)

    def _show(self, run: Timeline) -> None:
        self.timeline = run
        self._fill()
