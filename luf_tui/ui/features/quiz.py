"""The quiz: one marks what one expects the next micro-step to change, then sees what it did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from luf_tui import library
from luf_tui.machine.refs import Ref
from luf_tui.timeline.navigate.spots import spot
from luf_tui.timeline.tell.narrate import narrate
from luf_tui.ui.panels.intents import Close, Do, Go, Intent, Open, Stay
from luf_tui.ui.panels.panel import ACCENT, DIM, HEADING, Item, ListPanel, Panel, key_row
from luf_tui.ui.session import Reply
from luf_tui.view import guesses
from luf_tui.view.columns import wrap
from luf_tui.view.compose import Block
from luf_tui.view.guesses import Answer, Question, Score, thing
from luf_tui.view.marks import Mark, Pane, Row, selected_role

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

ASKING = "s S choose   tab pane   space mark   ⏎ answer   n nothing   esc end"
ANSWERED = "⏎ the next step   esc end"
NOTHING = "nothing that is shown"
NOT_HERE = "a recording has no quiz: what its CPUs read is not known"
NO_MORE = "there is nothing more to guess in this run"
HARDEST = 8
"""Steps that are listed when a quiz ends."""


def begin(screen: RunScreen) -> Reply | None:
    """Ask what the next micro-step changes."""
    screen.navigation.pause()
    timeline = screen.session.timeline
    if timeline.program.recorded is not None:
        return Reply(NOT_HERE, moved=False)
    step = guesses.step_after(timeline, screen.session.position)
    if step < 0:
        return Reply(NO_MORE, moved=False)
    screen.session.selected = None
    if screen.panes.focus not in guesses.ASKED:
        screen.panes.focus_on(guesses.ASKED[0])
    screen.open(QuizPanel(screen, step))
    return None


class QuizPanel(Panel):
    """A question at the bottom of the screen; the panes stay in sight and can be pointed at."""

    name = "quiz"

    def __init__(self, screen: RunScreen, step: int) -> None:
        super().__init__("quiz")
        self.screen = screen
        self.guess: set[Ref] = set()
        self.answer: Answer | None = None
        self.cursor: Ref | None = None
        self.question: Question
        self._began = screen.session.position
        self._answered_any = False
        self._ask(step)

    def _ask(self, step: int) -> None:
        """Stand before a micro-step and ask for it."""
        session = self.screen.session
        self.question = guesses.question(session.timeline, step)
        session.position = step - 1
        self.guess, self.answer, self.cursor = set(), None, None

    @property
    def score(self) -> Score:
        """What was answered in this script so far."""
        return self.screen.preferences.scores.get(self.screen.session.path, Score())

    # -- drawing ------------------------------------------------------------------------------

    def pane(self, columns: int, rows: int) -> Pane:
        """The question and what is marked; or the answer, its story, and each thing."""
        told = list(self._answered(columns) if self.answer else self._asking(columns))
        hint = key_row(ANSWERED if self.answer else ASKING)
        if len(told) >= rows > 1:
            told = [*told[: rows - 2], (Mark(f"… and {len(told) - rows + 2} more", DIM),)]
        score = self.score
        points = f" · {score.points} of {score.asked} points" if score.answers else ""
        title = (Mark("quiz", "title"), Mark(f" · step {self.question.step}{points}", DIM))
        return Pane(self.name, title, (*told, hint))

    def _asking(self, columns: int) -> Iterator[Row]:
        for line in wrap(f"What will change? Next: {self.question.asks}", columns):
            yield (Mark(line, HEADING),)
        timeline = self.screen.session.timeline
        marked = ", ".join(guesses.name(timeline, ref) for ref in sorted(self.guess, key=_order))
        told = f"expected to change: {marked or NOTHING}"
        for line in wrap(told, columns):
            yield (Mark(line, "text" if marked else DIM),)

    def _answered(self, columns: int) -> Iterator[Row]:
        assert self.answer
        session = self.screen.session
        for line in wrap(narrate(session.timeline, self.question.step, session.level), columns):
            yield (Mark(line, "note"),)
        if not self.question.things:
            sign = guesses.RIGHT if not self.guess else guesses.MISSED
            yield (Mark(f"{sign} ", guesses.ROLES[sign]), Mark(f"{NOTHING} changes"))
        for ref, (name, how) in self.question.things.items():
            sign = self.answer.sign(ref)
            head = (Mark(f"{sign} ", guesses.ROLES[sign]), Mark(f"{name} ", HEADING))
            first, *rest = wrap(how, max(10, columns - len(name) - 3))
            yield (*head, Mark(first))
            for line in rest:
                yield (Mark(" " * (len(name) + 3)), Mark(line))
        for ref in sorted(self.answer.wrong, key=_order):
            name = guesses.name(session.timeline, ref)
            sign = guesses.WRONG
            yield (Mark(f"{sign} ", guesses.ROLES[sign]), Mark(f"{name} itself stays as it is"))

    def blocks(self, width: int, height: int) -> list[Block]:
        """At the bottom over the whole width, with the panes above in sight."""
        rows = min(self.height(width - 4), height // 2)
        pane = self.pane(width - 4, rows)
        return [Block(pane, 0, height - rows - 3, width, rows + 2, focus=True, over=True)]

    def dress(self, blocks: Sequence[Block]) -> list[Block]:
        """The panes with a sign at what is marked, and the score in the header.

        What comes is hidden until it has been guessed.
        """
        if self.answer:
            refs = self.guess | self.question.things.keys()
            signs = {ref: self.answer.sign(ref) for ref in refs}
        else:
            signs = dict.fromkeys(self.guess, guesses.GUESSED)
            blocks = guesses.without_what_comes(blocks, self.question.step - 1)
        score = self.score
        told = f"quiz: {score.points} of {score.asked}"
        found = guesses.signed(blocks, signs, told)
        return [self._lit(block) for block in found] if self.cursor else found

    def _lit(self, block: Block) -> Block:
        """A block with the thing under the cursor shown as selected."""
        if block.pane.name not in guesses.ASKED:
            return block
        rows = tuple(
            tuple(
                evolve(mark, role=selected_role(mark.role))
                if thing(mark.ref) == self.cursor
                else mark
                for mark in row
            )
            for row in block.pane.rows
        )
        return evolve(block, pane=evolve(block.pane, rows=rows))

    # -- keys and the mouse -------------------------------------------------------------------

    def key(self, key: str, character: str | None) -> Intent | None:
        """Move over marks, mark, answer, go on, or end."""
        if key in ("escape", "q"):
            return self._end()
        if self.answer:
            return self._next() if key in ("enter", "space", "right") else Stay()
        if key in ("tab", "shift+tab"):
            self._to_pane(1 if key == "tab" else -1)
        elif key in ("s", "right", "down", "S", "left", "up"):
            self._to_thing(1 if key in ("s", "right", "down") else -1)
        elif key == "space" and self.cursor is not None:
            self.guess ^= {self.cursor}
        elif key == "enter":
            self._reveal()
        elif key == "n":
            self.guess.clear()
            self._reveal()
        return Stay()

    def press(self, row: int, *, twice: bool) -> Intent:
        """A click on the question answers it; one on the answer goes on."""
        if self.answer:
            return self._next()
        self._reveal()
        return Stay()

    def press_beside(self, pane: str, ref: Ref | None) -> Intent:
        """A click on a thing in a pane marks it, or takes its mark away."""
        pointed = thing(ref)
        if not self.answer and pointed is not None and pane in guesses.ASKED:
            self.screen.panes.focus_on(pane)
            self.cursor = pointed
            self.guess ^= {pointed}
        return Stay()

    def _to_pane(self, by: int) -> None:
        panes = self.screen.panes
        panes.focus_by(by)
        while panes.focus not in guesses.ASKED:
            panes.focus_by(by)
        self.cursor = None

    def _to_thing(self, by: int) -> None:
        """To the next thing of the pane that has the keys, or the one before."""
        focus = self.screen.panes.focus
        rows = [
            row
            for block in self.screen.grid.blocks
            if block.pane.name == focus
            for row in block.pane.rows
        ]
        found: dict[Ref, int] = {}
        for number, row in enumerate(rows):
            for ref in (thing(mark.ref) for mark in row):
                if ref is not None:
                    found.setdefault(ref, number)
        refs = list(found)
        if not refs:
            return
        at = refs.index(self.cursor) + by if self.cursor in found else min(by, 0)
        self.cursor = refs[at % len(refs)]
        self.screen.grid.reveal(focus, found[self.cursor])

    def _reveal(self) -> None:
        """Make the step, and count."""
        screen = self.screen
        self.answer, self._answered_any = Answer(self.question, frozenset(self.guess)), True
        screen.preferences.scores[screen.session.path] = self.score.with_answer(self.answer)
        screen.session.position = self.question.step
        self.cursor = None

    def _next(self) -> Intent:
        session = self.screen.session
        step = guesses.step_after(session.timeline, session.position)
        if step < 0:
            return self._end()
        self._ask(step)
        return Stay()

    def _end(self) -> Intent:
        if self._answered_any:
            return Do(_end, close=True)
        self.screen.session.position = self._began
        return Close()


def _order(ref: Ref) -> tuple[str, int]:
    return ref.region, ref.index


def _end(screen: RunScreen) -> Reply | None:
    """Show what was hardest: of the whole tour, where the script is a stop of one."""
    screen.open(summary(screen))
    return None


def summary(screen: RunScreen) -> ListPanel:
    """The points made, and the steps that cost most of them; Enter goes to one."""
    path = screen.session.path
    tour = library.tour_of(path)
    paths = [stop.path for stop in tour.stops] if tour else [path]
    titles = {stop.path: stop.title for stop in tour.stops} if tour else {}
    scores = {
        one: screen.preferences.scores[one] for one in paths if one in screen.preferences.scores
    }
    points = sum(score.points for score in scores.values())
    asked = sum(score.asked for score in scores.values())
    hardest = sorted(
        ((one, answer) for one, score in scores.items() for answer in score.hardest(HARDEST)),
        key=lambda found: found[1].points - found[1].asked,
    )
    items = [
        _hard(one, answer, titles.get(one, ""), here=one == path)
        for one, answer in hardest[:HARDEST]
    ]
    what = tour.title if tour else screen.session.timeline.program.title
    panel = ListPanel(
        f"quiz: {points} of {asked} points · {what}",
        items,
        hint="⏎ look at it   esc close",
        empty="not a single one was wrong",
    )
    panel.name, panel.width = "quiz ended", 76
    return panel


def _hard(path: Path, answer: Answer, title: str, *, here: bool) -> Item:
    """A step that was hard: what it was, and what was missed or wrong."""
    question = answer.question
    missed = [f"{question.things[ref][0]} {question.things[ref][1]}" for ref in answer.missed]
    head = (
        Mark(f"{answer.points}/{answer.asked} ", ACCENT),
        Mark(f"step {question.step} ", DIM),
    )
    choose = Go(question.step) if here else Open(path, spot(str(question.step)))
    about = "; ".join(missed) or "nothing else changes"
    place = f" · {title}" if title else ""
    return Item(head, text=f"{question.asks}{place}", about=about, choose=choose)
