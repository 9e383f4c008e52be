"""The guard screen: switch a check of the policy off, and see at once what it held up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from luf_tui.policy.guard import Guard
from luf_tui.policy.guards import in_order
from luf_tui.timeline.ask.compare import policy_name
from luf_tui.timeline.navigate.moves import first_failure
from luf_tui.timeline.tell.words import counted
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.background.guard_trials import Trial
from luf_tui.ui.panels.filtered import FilteredPanel
from luf_tui.ui.panels.intents import Go, Intent, Stay, SwitchGuards
from luf_tui.ui.panels.panel import BAD, DIM, GOOD, HEADING, KEY, Item
from luf_tui.ui.session import Session
from luf_tui.view.marks import Mark, Pane, Row

OTHERS = "not asked for here: switching one changes nothing"
OTHERS_OF_A_RACE = "not asked for in the order that is played; in others they may be"
"""What is said of guards that a run does not ask for, by whether it is one of many orders."""

Trials = Callable[[Timeline], "Mapping[str, Trial]"]
"""What switching guards of a run makes of it, as far as that is known."""


class GuardsPanel(FilteredPanel):
    """Guards of the policy in use, those first that this run asks for; every switch records the
    script again and keeps the place.
    """

    name = "guards"
    width = 78

    def __init__(self, session: Session, trials: Trials = lambda run: {}) -> None:
        super().__init__(
            "guards",
            hint="space switch   a all on   / or a letter filter   esc done",
            empty="this policy performs no guard",
        )
        self.session = session
        self._trials = trials
        self.refresh()
        self._step_over(1)
        self._to_the_named()

    def _to_the_named(self) -> None:
        """The cursor stands on the guard that the scenario says to switch off, if it says one."""
        said = set(re.findall(r"[a-z][a-z-]+", self.session.timeline.program.about))
        named = [n for n, item in enumerate(self.items) if item.value in said]
        self.cursor = named[0] if named else self.cursor

    def pane(self, columns: int, rows: int) -> Pane:
        """The list, with the verdict of the run above it."""
        self._look_again()
        listed = super().pane(columns, rows - 2)
        head: Row = self._verdict()
        return Pane(self.name, listed.title, (head, (), *listed.rows))

    def key(self, key: str, character: str | None) -> Intent | None:
        """As in any list; `!` leaves for the first thing that is broken, also from the filter."""
        failure = first_failure(self.session.timeline, -1)
        if key == "exclamation_mark" and failure >= 0:
            return Go(failure)
        return super().key(key, character)

    def press(self, row: int, *, twice: bool) -> Intent:
        """Rows stand below the verdict."""
        return super().press(row - 2, twice=twice)

    def refresh(self) -> None:
        """Show the guards of the run that is shown now; the cursor stays on its guard."""
        policy = self.session.timeline.policy
        self.title = f"guards of {policy.name}"
        self.more = {} if self.typing else {"a": SwitchGuards(()) if policy.without else Stay()}
        self._look_again()

    def _look_again(self) -> None:
        at = self.item.value if self.item else None
        self.items = list(self.matching(self.filter.casefold().split()))
        places = [n for n, item in enumerate(self.items) if at is not None and item.value == at]
        self.cursor = places[0] if places else max(0, min(self.cursor, len(self.items) - 1))
        self._step_over(1)

    def matching(self, words: Sequence[str]) -> Sequence[Item]:
        """The guards with all of these words in what is told of them."""
        run = self.session.timeline
        listed = [guard for guard in in_order(run.policy.GUARDS) if _has(guard, words)]
        self.empty = "no guard matches" if words else "this policy performs no guard"
        wide = max((len(guard.name) for guard in listed), default=0) + 1
        known = self._trials(run)
        asked = [guard for guard in listed if guard.name in run.asked]
        others = [guard for guard in listed if guard.name not in run.asked]
        items: list[Item] = []
        for heading, some in (
            ("this run asks for: step, line, and what switching makes of the run", asked),
            (OTHERS_OF_A_RACE if run.program.races else OTHERS, others),
        ):
            if some:
                items.append(
                    Item((Mark(f"{len(some):>3} ", DIM), Mark(heading, HEADING)), heading=True)
                )
                items += [self._item(guard, wide, known.get(guard.name)) for guard in some]
        return items

    def _item(self, guard: Guard, wide: int, trial: Trial | None) -> Item:
        run = self.session.timeline
        off = frozenset(run.policy.without)
        about = f"{guard.checks}\nupholds {guard.obligation} · v10 {guard.v10} · v12 {guard.v12}"
        row: Row = (Mark(f"{guard.name:<{wide}}"), Mark(f"{guard.obligation:<4}", DIM))
        step = run.asked.get(guard.name)
        if step is not None:
            line = run.line_at(min(step, run.steps))
            row = (*row, Mark(f"{step:>5} L{line:<4}", DIM))
        if trial is not None:
            role = BAD if trial.bad else DIM
            row = (*row, Mark("✖ " if trial.bad else "", BAD), Mark(trial.told, role))
        switch = SwitchGuards(tuple(sorted(off ^ {guard.name})))
        on = guard.name not in off
        return Item(row, value=guard.name, on=on, about=about, toggle=switch)

    def _verdict(self) -> Row:
        run = self.session.timeline
        count = run.counters(run.steps)
        failed = sum(not outcome.held for outcome in run.outcomes)
        bad = count.violations or failed
        told = (
            f"{counted(count.violations, 'violation')}, "
            f"{failed} of {len(run.outcomes)} expectations failed"
            if bad
            else f"no violation, {_all_hold(len(run.outcomes))}"
        )
        return (
            Mark("✖ " if bad else "✓ ", BAD if bad else GOOD),
            Mark(told, BAD if bad else GOOD),
            *((Mark("  "), Mark("!", KEY), Mark(" goes to the first", DIM)) if bad else ()),
            Mark(f"   {policy_name(run)}", DIM),
        )


def _all_hold(count: int) -> str:
    if count == 1:
        return "the expectation holds"
    return f"all {count} expectations hold" if count else "nothing was expected"


def _has(guard: Guard, words: Sequence[str]) -> bool:
    said = f"{guard.name} {guard.checks} {guard.obligation}".casefold()
    return all(word in said for word in words)
