"""The explorer's panel: how far a search is, what it found, and what to do with it."""

from __future__ import annotations

from luf_tui.search.counterexample import policy_line
from luf_tui.search.result import FAILED, SAFE, UNSAFE
from luf_tui.ui.background.race_search import (
    MOST_STATES,
    OVER,
    SEARCHING,
    SHRINKING,
    STOPPED,
    RaceSearch,
)
from luf_tui.ui.panels.intents import (
    Close,
    Intent,
    OpenCounterexample,
    SaveCounterexample,
    SearchAgain,
    Stay,
    Stop,
)
from luf_tui.ui.panels.panel import BAD, DIM, GOOD, HEADING, Item, ListPanel
from luf_tui.view.columns import wrap
from luf_tui.view.marks import Mark, Pane, Row

MORE = 4
"""How many times as many states a search goes on to that ended at its limit."""

WORDS: tuple[list[str], ...] = ([], ["title"], ["about"], ["note"], ["schedule"])
"""First words of lines that are not counted: they tell, and do nothing by themselves."""


class ExplorePanel(ListPanel):
    """A search of a race: closing the panel lets it go on, Escape ends what it is at first."""

    name = "explore"
    width = 76

    def __init__(self, search: RaceSearch) -> None:
        super().__init__(f"explore the {search.called} on line {search.line}", ())
        self.search = search
        self._above = 0

    def pane(self, columns: int, rows: int) -> Pane:
        """The figures and the verdict, then what can be done."""
        self._refill()
        above = (*head_rows(self.search, columns), ())
        self._above = len(above)
        listed = super().pane(columns, rows - len(above))
        return Pane(self.name, listed.title, (*above, *listed.rows))

    def key(self, key: str, character: str | None) -> Intent | None:
        """Escape ends what the search is at; when it is over, it closes the panel."""
        if key == "escape" and self.search.stage != OVER:
            return Stop(self.search)
        return super().key(key, character)

    def press(self, row: int, *, twice: bool) -> Intent:
        """Rows of the list stand below the verdict; one click does what it says."""
        if not 0 <= row - self._above + self._first < len(self._numbers):
            return Stay()
        self.cursor = self._numbers[row - self._above + self._first]
        return self.use(self.items[self.cursor])

    def _refill(self) -> None:
        """What can be done now; the cursor stays on what it was on."""
        wanted = choices(self.search)
        if [item.value for item in self.items] != [name for name, _ in wanted]:
            before = self.item.value if self.item else None
            self.items = [Item((Mark(text),), value=name) for name, text in wanted]
            names = [name for name, _ in wanted]
            self.cursor = names.index(str(before)) if before in names else 0
        self.hint = "⏎ do it   esc close"
        if self.search.stage != OVER:
            self.hint = "⏎ do it   esc stop here   q search on, out of sight"

    def use(self, item: Item) -> Intent:
        """Do what an item of `choices` says, with what the search has found by now."""
        search = self.search
        match item.value:
            case "stop":
                return Stop(search)
            case "close":
                return Close()
            case "again":
                return SearchAgain(search, _next_limit(search))
            case "whole" if search.report is not None:
                return OpenCounterexample(search, search.report)
            case "open" if search.best is not None:
                return OpenCounterexample(search, search.best)
            case "save" if search.best is not None:
                return SaveCounterexample(search, search.best)
        return Stay()


def choices(search: RaceSearch) -> list[tuple[str, str]]:
    """What can be done with a search as it is now: (id, words)."""
    if search.stage == SEARCHING:
        return [("stop", "stop here"), ("close", "search on, out of sight")]
    found: list[tuple[str, str]] = []
    if search.report is not None and search.report.scenario:
        found = [
            ("open", "open the counterexample where it breaks"),
            ("whole", "open that order in the whole script"),
            ("save", "save the counterexample to a file"),
        ]
        if search.report.before:
            del found[1]
    if search.stage == SHRINKING:
        return [*found, ("stop", "leave the script at this size")]
    if search.cut_short:
        found.append(("again", f"search again, up to {_next_limit(search):,} states"))
    return [*found, ("close", "close")]


def _next_limit(search: RaceSearch) -> int:
    """A search stopped by hand gets the same limit again, one that reached its limit a larger."""
    by_hand = search.report is not None and STOPPED in search.report.why
    return search.most_states if by_hand else max(MOST_STATES, MORE * search.most_states)


def head_rows(search: RaceSearch, columns: int) -> list[Row]:
    """Under what, how far, and the verdict."""
    far = search.figures
    first = f"{far.states:>11,} states      {far.transitions:>11,} transitions"
    second = f"{far.depth:>11,} turns deep  {far.rate:>11,.0f} transitions/s   {far.seconds:.1f} s"
    rows: list[Row] = [
        (Mark("under ", DIM), Mark(policy_line(search.policy).removeprefix("policy "))),
        (),
        (Mark(first, HEADING if search.stage == SEARCHING else "text"),),
        (Mark(second, HEADING if search.stage == SEARCHING else "text"),),
        (),
    ]
    return rows + _verdict_rows(search, columns)


def _verdict_rows(search: RaceSearch, columns: int) -> list[Row]:
    if search.stage == SEARCHING:
        what = "program" if search.forever else "order"
        return [(Mark(f"searching every {what}, the shortest first …", DIM),)]
    glyph, role, text, more = verdict(search)
    rows: list[Row] = [
        (Mark(glyph if n == 0 else "  ", role), Mark(line, role))
        for n, line in enumerate(wrap(text, columns - 2))
    ]
    return rows + [(Mark("  "), Mark(line)) for line in wrap(more, columns - 2)]


def verdict(search: RaceSearch) -> tuple[str, str, str, str]:
    """How a search came out: a glyph, its role, the verdict, and a sentence about it."""
    report = search.report
    if report is None:
        return "✖ ", BAD, f"the {search.called} cannot be searched", search.problem
    what = "program of any length" if search.forever else "order of this race"
    if report.vacuous:
        told = "; ".join(report.happened.sentences())
        way = what.partition(" ")[0]
        said = f"safe, but vacuous: nothing dangerous came to pass in any {way}"
        return "? ", HEADING, said, told
    if report.verdict == SAFE:
        told = f"all {report.states:,} states were looked at, {report.transitions:,} turns tried"
        told = "; ".join([told, *report.lasts(), *(one.sentence() for one in report.expected)])
        return "✓ ", GOOD, f"safe: no {what} breaks an obligation", told
    if report.verdict == FAILED:
        counts = "; ".join(one.sentence() for one in report.expected)
        size = f"\n{_size(search)}" if report.scenario else ""
        return "✗ ", BAD, f"failed: {report.message}", f"{counts}{size}"
    if report.verdict != UNSAFE:
        why = report.why.removeprefix(f"line {search.line}: ")
        told = f"nothing was found in {report.states:,} states, but not everything was seen"
        return "? ", HEADING, f"not decided: {why}", told
    if report.before:
        where = f"on line {report.before}, before the {search.called} begins"
        return "✖ ", BAD, f"unsafe: {report.obligation} {where}", report.message
    turns = len(report.schedule)
    noticed = f"; {report.noticed.sentence()}" if report.noticed else ""
    return (
        "✖ ", BAD, f"unsafe: {report.obligation} after {turns} turn{'' if turns == 1 else 's'}",
        f"{report.message}{noticed}\n{_size(search)}",
    )  # fmt: skip


def _size(search: RaceSearch) -> str:
    best = search.best
    assert best is not None
    count = sum(row.split()[:1] not in WORDS for row in best.scenario.split("\n"))
    if search.stage == SHRINKING:
        return f"making the script smaller: {count} lines so far …"
    return f"the smallest script found that shows it: {count} lines, {len(best.schedule)} turns"


def told_in_a_line(search: RaceSearch) -> str:
    """The verdict for the hint line."""
    _, _, text, _ = verdict(search)
    return f"{search.called} on line {search.line}: {text}"
