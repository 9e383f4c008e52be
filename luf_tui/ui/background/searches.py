"""The races searched for one screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from luf_tui.policy.base import Policy
from luf_tui.script.program import Program
from luf_tui.ui.background.race_search import MOST_STATES, RaceSearch
from luf_tui.ui.background.requests import RunKey, run_of


class Searches(Sequence[RaceSearch]):
    """Races searched so far, one search a question, the latest last; only that one may go on."""

    def __init__(self) -> None:
        self._searches: list[RaceSearch] = []

    @overload
    def __getitem__(self, index: int) -> RaceSearch: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RaceSearch]: ...
    def __getitem__(self, index: int | slice) -> RaceSearch | Sequence[RaceSearch]:
        return self._searches[index]

    def __len__(self) -> int:
        return len(self._searches)

    def of(self, run: RunKey, race: int | None) -> RaceSearch | None:
        """The search that asks about this race of this run."""
        if race is None:
            return None
        return next((search for search in self._searches if search.is_of(run, race)), None)

    def begin(
        self, program: Program, policy: Policy, race: int, most_states: int = MOST_STATES
    ) -> RaceSearch:
        """Search a race, in the place of an earlier search that asked the same."""
        begun = RaceSearch(program, policy, race, most_states)
        run = run_of(program, policy)
        self._searches = [search for search in self._searches if not search.is_of(run, race)]
        self._searches.append(begun)
        return begun
