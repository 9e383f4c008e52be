"""What the keys of the stepper do, without a screen: a cursor, the way it came, and settings.

Every answer is a `Reply`: what to tell the person, and whether anything moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from attrs import evolve, frozen

from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.machine.events import BY_NAME, KINDS
from luf_tui.machine.refs import Ref
from luf_tui.timeline.ask.failing import troubles
from luf_tui.timeline.navigate import (
    bookmarks,
    breakpoints,
    event_search,
    moves,
    places,
    sidecar,
    watches,
)
from luf_tui.timeline.navigate.bookmarks import Bookmark
from luf_tui.timeline.navigate.breakpoints import Breakpoint
from luf_tui.timeline.navigate.sidecar import Sidecar
from luf_tui.timeline.navigate.spots import spot
from luf_tui.timeline.navigate.watches import Watch
from luf_tui.timeline.tell.narrate import LEVELS
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.typed_lines import parse_breakpoint
from luf_tui.view.glyphs import of_kind
from luf_tui.view.state import Flag

FOLLOWED = ("defer", "pay", "saved", "violation", "deviation")
"""Event kinds that the next-match key goes to until others are chosen."""
LETTERS = "abcdefghilmnoprstuvwyz"
"""Names of bookmarks, in the order they are given."""
TRAIL = 200
"""Jumps remembered."""

MOVES: dict[str, Callable[[Timeline, int], int]] = {
    "next_step": moves.next_step,
    "previous_step": moves.previous_step,
    "next_event": moves.next_event,
    "previous_event": moves.previous_event,
    "next_item": moves.next_item,
    "previous_item": moves.previous_item,
    "next_finding": moves.next_finding,
    "previous_finding": moves.previous_finding,
    "first_failure": moves.first_failure,
    "start": moves.start,
    "end": moves.end,
}
"""Moves by the name the registry of actions uses."""

NOWHERE = {
    "next_finding": "no finding ahead",
    "previous_finding": "no finding behind",
    "first_failure": "nothing is broken in this run",
    "next_event": "no event ahead",
    "previous_event": "no event behind",
}


@frozen
class Reply:
    """The answer to a key."""

    text: str = ""
    moved: bool = True
    """False for a no-op that should be noticed."""


class Session:
    """One recorded run being looked at."""

    def __init__(self, timeline: Timeline, position: int = 0, *, filed: bool = True) -> None:
        """`filed`: the script is in a file, of which bookmarks and breakpoints are kept; of what
        comes through a pipe they are not.
        """
        self.timeline = timeline
        self.program = timeline.program
        """What the file says; the run may be of it with lines put in."""
        self.filed = filed and (self.path.is_file() or not self.path.exists())
        self.position = timeline.clamp(position)
        self.trail: list[int] = []
        self.kinds: tuple[int, ...] = moves.kind_numbers(FOLLOWED)
        self.searched = ""
        self.query: event_search.Query | None = None
        self.selected: Ref | None = None
        self.changed_only = False
        self.level = "student"
        self.points: tuple[Breakpoint, ...] = ()
        self.marks: tuple[Bookmark, ...] = ()
        self.watches: tuple[str, ...] = ()
        """Watched expressions, as they were said."""
        self.watched: tuple[Watch, ...] = ()
        """The same with the names of this run."""
        self._told_away = False
        self._remember()

    @property
    def path(self) -> Path:
        """The file the scenario came from."""
        return Path(self.timeline.program.path)

    @property
    def line(self) -> int:
        """The script line being executed, 0 before any."""
        return self.timeline.line_at(self.position)

    # -- moving -----------------------------------------------------------------------------

    def move(self, name: str, count: int = 1) -> Reply:
        """One of the moves by name; at the ends nothing moves, and that is said."""
        timeline, at = self.timeline, self.position
        if name == "next_step":
            target = moves.next_step(timeline, at, count)
        elif name == "previous_step":
            target = moves.previous_step(timeline, at, count)
        else:
            target = MOVES[name](timeline, at)
        if target == at:
            if name == "first_failure" and moves.first_failure(timeline, -1) == at:
                return Reply("this is the first thing broken in this run", moved=False)
            return Reply(NOWHERE.get(name) or self._edge(), moved=False)
        self.position = target
        return Reply(self._arrived(name))

    def jump(self, name: str) -> Reply:
        """As `move`, remembering where it came from."""
        before = self.position
        said = self.move(name)
        if said.moved:
            self._push(before)
        return said

    def go(self, position: int) -> Reply:
        """Jump to a position, remembering where it came from."""
        position = self.timeline.clamp(position)
        if position == self.position:
            return Reply(f"this is step {position}", moved=False)
        self._push(self.position)
        self.position = position
        return Reply()

    def jump_back(self) -> Reply:
        """Back to where the last jump came from."""
        while self.trail:
            position = self.timeline.clamp(self.trail.pop())
            if position != self.position:
                self.position = position
                return Reply(f"back at step {position}")
        return Reply("no jump to go back over", moved=False)

    def to_line(self, line: int) -> Reply:
        """Jump to where the run first reached a script line."""
        try:
            return self.go(spot(f"L{line}").position(self.timeline))
        except LufError as error:
            return Reply(str(error), moved=False)

    def goto(self, words: str) -> Reply:
        """Jump to what a person typed: `21`, `+5`, `-5`, `50%`, `L12`, `L12+3`, `end`, or an event
        kind.

        Raises LufError when it means nothing.
        """
        word = words.strip()
        if word in ("start", "end"):
            return self.go(0 if word == "start" else self.timeline.steps)
        if word[:1] in "+-" and word[1:].isdecimal():
            return self.go(self.position + int(word))
        if word.isdecimal():
            return self.go(int(word))
        if word[-1:] == "%" and word[:-1].isdecimal():
            return self.go(self.timeline.steps * min(100, int(word[:-1])) // 100)
        if word[:1] in "lL" and "+" in word:
            return self.go(spot(word).position(self.timeline))
        line = word.lower().removeprefix("line").removeprefix("l").strip()
        if word[:1] in "lL" and line.isdecimal():
            return self.to_line(int(line))
        if word in BY_NAME:
            kind = (BY_NAME[word],)
            found = moves.next_event(self.timeline, self.position, kind)
            if found == self.position:
                return Reply(f"no {word} ahead", moved=False)
            return self.go(found)
        hint = nearest(word, BY_NAME)
        raise LufError(with_hint(f"'{word}' is no step, line or event kind", hint))

    def _push(self, position: int) -> None:
        self.trail.append(position)
        del self.trail[:-TRAIL]

    def _edge(self) -> str:
        if self.position == 0:
            return "this is the power-on state"
        if self.position < self.timeline.steps:
            return "nothing there"
        return f"this is the end: {self.trouble}" if self.trouble else "this is the end of the run"

    @property
    def trouble(self) -> str:
        """Why the run ends before its script does; empty when it does not."""
        timeline = self.timeline
        if timeline.refusals:
            refusal = timeline.refusals[-1]
            line = timeline.program.items[refusal.item].span.line
            return f"the machine refuses line {line}: {refusal.reason}"
        recorded = timeline.program.recorded
        return timeline.incomplete or (recorded.cut if recorded is not None else "")

    def _arrived(self, name: str) -> str:
        if "finding" not in name:
            return ""
        found = troubles(self.timeline)
        return f"finding {found.index(self.position) + 1} of {len(found)}"

    # -- following events and searching -------------------------------------------------------

    def follow(self, direction: int) -> Reply:
        """To the next or previous match of the search, or event of the kinds followed."""
        if self.query is not None:
            return self._next_match(direction)
        find = moves.next_event if direction > 0 else moves.previous_event
        target = find(self.timeline, self.position, self.kinds)
        if target == self.position:
            where = "ahead" if direction > 0 else "behind"
            return Reply(
                f"no {self.followed} {where}; {{follow}} chooses what {{next-match}} goes to",
                moved=False,
            )
        return self.go(target)

    @property
    def followed(self) -> str:
        """What the next-match key goes to, in glyphs or words."""
        if self.query is not None:
            return f"/{self.searched}"
        kinds = [KINDS[kind] for kind in self.kinds]
        if all(kind.role for kind in kinds):
            return "".join(dict.fromkeys(of_kind(kind) for kind in kinds))
        return " ".join(kind.name for kind in kinds)

    def search(self, words: str) -> Reply:
        """Look for events, and go to the next one. No words end the search."""
        self.searched = words.strip()
        self.query = event_search.query(self.timeline, self.searched) if self.searched else None
        if self.query is None:
            return Reply(f"{{next-match}} and {{previous-match}} follow {self.followed}")
        return self._next_match(1)

    def follow_kinds(self, kinds: tuple[int, ...]) -> Reply:
        """Choose the event kinds to follow; ends a search."""
        self.kinds = kinds or moves.kind_numbers(FOLLOWED)
        self.query, self.searched = None, ""
        return Reply(f"{{next-match}} and {{previous-match}} follow {self.followed}")

    def _next_match(self, direction: int) -> Reply:
        assert self.query is not None
        found = event_search.find_all(self.timeline, self.query)
        if not found:
            return Reply(f"nothing matches '{self.searched}'", moved=False)
        event = event_search.find_from(
            self.timeline, self.query, self.position, backward=direction < 0
        )
        if event < 0:
            where = "after" if direction > 0 else "before"
            return Reply(f"{len(found)} matches, none {where} this step", moved=False)
        self.go(self.timeline.step_of_event(event))
        return Reply(f"match {found.index(event) + 1} of {len(found)} for '{self.searched}'")

    # -- breakpoints --------------------------------------------------------------------------

    def toggle_line(self, line: int) -> Reply:
        """Set or remove a breakpoint on a script line."""
        if breakpoints.item_of_line(self.timeline.program, line) < 0:
            return Reply("there is nothing to stop at", moved=False)
        kept = tuple(point for point in self.points if point.line != line)
        there = len(kept) < len(self.points)
        self.points = kept if there else (*self.points, Breakpoint(line=line))
        return self._saved(f"breakpoint on line {line} {'removed' if there else 'set'}")

    def set_points(self, points: tuple[Breakpoint, ...]) -> Reply:
        """Replace all breakpoints."""
        self.points = points
        return self._saved(f"{len(points)} breakpoint{'' if len(points) == 1 else 's'}")

    @property
    def all_points(self) -> tuple[Breakpoint, ...]:
        """Breakpoints of the person and of the scenario."""
        return (*self.points, *breakpoints.of_program(self.timeline.program))

    @property
    def lines_stopped_at(self) -> frozenset[int]:
        """Script lines with a breakpoint."""
        return frozenset(p.line for p in self.all_points if p.line and p.enabled)

    def run_on(self, direction: int) -> Reply:
        """Run to the next or previous breakpoint."""
        run = breakpoints.run_forward if direction > 0 else breakpoints.run_backward
        stop = run(self.timeline, self.position, self.all_points)
        if stop.position == self.position:
            return Reply(stop.reason, moved=False)
        self._push(self.position)
        self.position = stop.position
        return Reply(stop.reason)

    # -- bookmarks ----------------------------------------------------------------------------

    def mark(self, name: str) -> Reply:
        """Bookmark this place under a name, replacing one of that name."""
        note = next((m.note for m in self.marks if m.name == name), "")
        made = bookmarks.bookmark(self.timeline, self.position, name, note)
        self.marks = (*(m for m in self.marks if m.name != name), made)
        return self._saved(f"marked step {self.position} as {name}")

    def unmark(self, name: str) -> Reply:
        """Remove a bookmark."""
        self.marks = tuple(m for m in self.marks if m.name != name)
        return self._saved(f"bookmark {name} removed")

    def note(self, name: str, text: str) -> Reply:
        """Write a note on a bookmark, or take it away with an empty one."""
        said = text.strip()
        self.marks = tuple(evolve(m, note=said) if m.name == name else m for m in self.marks)
        return self._saved(f"bookmark {name}: {said or 'no note'}")

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The bookmarks that this run reaches, where they stand in it."""
        timeline = self.timeline
        placed = [(bookmarks.find(timeline, mark), mark) for mark in self.marks]
        return tuple(
            Flag(at, timeline.line_at(at), mark.name, mark.note) for at, mark in placed if at >= 0
        )

    def to_mark(self, mark: Bookmark) -> Reply:
        """Jump to a bookmark."""
        found = bookmarks.find(self.timeline, mark)
        if found < 0:
            return Reply(f"{mark.name}: this run does not reach it", moved=False)
        return self.go(found)

    def free_name(self) -> str:
        """The first letter no bookmark has, of those that mean nothing else in their list."""
        taken = {m.name for m in self.marks}
        return next((c for c in LETTERS if c not in taken), LETTERS[-1])

    # -- watches ------------------------------------------------------------------------------

    def watch(self, text: str) -> Reply:
        """Watch an expression. Raises LufError when it names nothing in this run."""
        found = watches.watch(self.timeline, text)
        if found.text in self.watches:
            return Reply(f"{found.text} is watched already", moved=False)
        self.watches = (*self.watches, found.text)
        self.watched = (*self.watched, found)
        return self._saved(f"watching {found.text}")

    def unwatch(self, text: str) -> Reply:
        """Watch an expression no more."""
        self.watches = tuple(one for one in self.watches if one != text)
        self.watched = tuple(one for one in self.watched if one.text != text)
        return self._saved(f"{text} is watched no more")

    # -- what is shown ------------------------------------------------------------------------

    def toggle_changed(self) -> Reply:
        """Show only what the last step changed, or everything."""
        self.changed_only = not self.changed_only
        return Reply("only what the last step changed" if self.changed_only else "everything")

    def next_level(self) -> Reply:
        """Narrate in other words."""
        self.level = LEVELS[(LEVELS.index(self.level) + 1) % len(LEVELS)]
        return Reply(f"words for a {self.level} reader")

    # -- another recording of the same script ---------------------------------------------------

    def replace(self, timeline: Timeline) -> None:
        """Look at another recording from the same place."""
        old, self.timeline = self.timeline, timeline
        self.trail = [places.same_place(old, timeline, step) for step in self.trail]
        self.position = places.same_place(old, timeline, self.position)
        if self.query is not None:
            self.query = event_search.query(timeline, self.searched)
        if old.config != timeline.config:
            self.selected = None
        known = len(timeline.program.source)
        moved = [places.same_line(old.program, timeline.program, p.line) for p in self.points]
        kept = [
            evolve(point, line=line)
            for point, line in zip(self.points, moved, strict=True)
            if line <= known or not known
        ]
        self.points = self._parsed(point.text for point in kept)
        self.watched = tuple(watches.known(timeline, text) for text in self.watches)

    # -- the file beside the scenario ---------------------------------------------------------

    def _remember(self) -> None:
        kept = sidecar.home(self.path).load()
        self.marks = kept.bookmarks
        self.points = self._parsed(kept.breakpoints)
        self.watches = kept.watches
        self.watched = tuple(watches.known(self.timeline, text) for text in self.watches)

    def _parsed(self, texts: Iterable[str]) -> tuple[Breakpoint, ...]:
        """Breakpoints from their texts, with the names of this run; others are dropped."""
        points = []
        for text in texts:
            try:
                points.append(parse_breakpoint(text, self.timeline))
            except LufError:
                continue
        return tuple(points)

    def _saved(self, text: str) -> Reply:
        if not self.filed:
            return Reply(text)
        points = [
            evolve(p, line=places.same_line(self.timeline.program, self.program, p.line))
            for p in self.points
        ]
        kept = Sidecar(self.marks, tuple(point.text for point in points), self.watches)
        home = sidecar.home(self.path)
        try:
            home.save(kept)
        except LufError as error:
            return Reply(f"{text}; {error}")
        if home.away and not self._told_away:
            self._told_away = True
            return Reply(f"{text}; {self.path.parent} cannot be written: kept in {home.path}")
        return Reply(text)


def switched(point: Breakpoint) -> Breakpoint:
    """A breakpoint turned off, or on again."""
    return evolve(point, enabled=not point.enabled)
