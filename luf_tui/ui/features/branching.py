"""What is tried from a run, and the way back: every branch stays in a tree that one can go about.

Each of these shows a run in the place of another.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from luf_tui.policy.base import Policy
from luf_tui.timeline.ask.failing import first_failure
from luf_tui.timeline.navigate import bookmarks
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.background.requests import RUN
from luf_tui.ui.branches import Branch, Branches, policy_words
from luf_tui.ui.file_watch import FileWatch
from luf_tui.ui.panels.intents import Do, Intent
from luf_tui.ui.panels.panel import ACCENT, BAD, DIM, GOOD, Item, ListPanel
from luf_tui.ui.session import Reply, Session
from luf_tui.view.columns import cells, cut, pad
from luf_tui.view.marks import Mark

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

MOST_NAME = 34
"""Cells of a branch's name, with the lines that lead to it."""


def under(screen: RunScreen, policy: Policy, *, told: bool = False) -> None:
    """Show the script under another policy, or with other guards, at the same place.

    `told`: and say so.
    """
    program = screen.session.timeline.program
    if program.recorded is not None and program.recorded.part:
        screen.tell(
            "other policies need the whole recording, which is still being read or not wanted"
        )
        return
    known = screen.branches.of(program, policy)
    if known is not None and known.run is not None and not known.partial:
        screen.requests.withdraw(RUN)
        _show_under(screen, known.run, told=told)
    else:
        screen.record(program, policy, partial(_show_under, screen, told=told))


def _show_under(screen: RunScreen, run: Timeline, *, told: bool) -> None:
    branches = screen.branches
    known = branches.of(run.program, run.policy)
    if known is None:
        now = branches.current
        name = policy_words(run.policy, now.policy)
        branches.grow(name, run, branches.here, now.file, filed=now.filed)
    else:
        known.keeps(run)
        if known is not branches.current:
            branches.show(known)
    screen.replace_run(run)
    if told:
        screen.tell(f"recorded again under {run.policy.name}, at the same place")


def put_in(screen: RunScreen, run: Timeline, line: str) -> None:
    """Show the run with a line put in behind the current one, at that line."""
    now, session = screen.branches.current, screen.session
    name = f"what if {' '.join(line.split())}"
    screen.branches.grow(name, run, session, now.file, filed=False, put_in=line)
    screen.replace_run(run)
    screen.say(session.to_line(session.line + 1))
    screen.tell("what if: {go-back} goes back to the run as it was, {branches} lists all tried")


def counterexample(screen: RunScreen, run: Timeline, line: int) -> None:
    """Show what a search of the race on a line found, where it breaks."""
    screen.navigation.pause()
    branches, before = screen.branches, screen.session
    known = branches.of(run.program, run.policy)
    if known is None:
        session = _own_session(run, before)
        name = f"counterexample, race on line {line}"
        branches.grow(name, run, session, FileWatch(session.path), filed=True, own=True)
        screen.navigation.session, screen.file = session, branches.current.file
    else:
        _arrive(screen, known, run)
    screen.tell("the counterexample: {go-back} goes back, {save-script} saves this script")


def _own_session(run: Timeline, before: Session) -> Session:
    """A session for a script that is in no file, where it breaks."""
    session = Session(run, max(0, first_failure(run)), filed=False)
    session.level, session.kinds = before.level, before.kinds
    return session


def back(screen: RunScreen) -> Reply | None:
    """Back to the run that the one shown branched off from."""
    screen.navigation.pause()
    parent = screen.branches.current.parent
    if parent is None:
        told = "this is the run of the file: {what-if} puts a line in, {explore} explores"
        return Reply(told, moved=False)
    return go(screen, parent)


def go(screen: RunScreen, branch: Branch) -> Reply | None:
    """Stand in a branch where one stood when one left it."""
    screen.navigation.pause()
    if branch is screen.branches.current:
        return Reply("you stand in it", moved=False)
    if branch.run is None:
        arrive = partial(_arrive_told, screen, branch)
        screen.record(branch.program, branch.anew(), arrive)
        return None
    screen.requests.withdraw(RUN)
    return _arrive(screen, branch, branch.run)


def _arrive_told(screen: RunScreen, branch: Branch, run: Timeline) -> None:
    screen.say(_arrive(screen, branch, run))


def _arrive(screen: RunScreen, branch: Branch, run: Timeline) -> Reply:
    session = branch.session
    if session is None:
        session = _own_session(run, screen.session)
        top = branch
        while not top.own and top.parent is not None:
            top = top.parent
        top.open(session)
    if branch is not screen.branches.current:
        screen.branches.show(branch)
    branch.keeps(run)
    screen.navigation.session, screen.file = session, branch.file
    screen.replace_run(run)
    session.trail = list(branch.trail)
    session.go(max(0, bookmarks.find(run, branch.stood)))
    session.trail = list(branch.trail)
    return Reply(f"back at step {session.position} of {branch.name}")


def whole(screen: RunScreen, run: Timeline) -> None:
    """Show the whole of a recording in the place of its first part."""
    screen.branches.current.keeps(run)
    screen.replace_run(run)


def read_again(screen: RunScreen, run: Timeline) -> None:
    """Show the run of a file that was read again, at the same place."""
    branches, before = screen.branches, screen.branches.current
    branch = branches.read_again(run)
    branches.here.program = run.program
    if branch is not before:
        branches.show(branch)
    screen.replace_run(run)
    screen.tell(f"read again: {screen.file.path.name}")


# -- the tree -------------------------------------------------------------------------------------


def begin(screen: RunScreen) -> None:
    """Show all that was tried."""
    screen.navigation.pause()
    screen.open(BranchesPanel(screen.branches))


class BranchesPanel(ListPanel):
    """The branches of a run: gone to, removed, and put back."""

    name = "branches"
    width = 84

    def __init__(self, branches: Branches) -> None:
        super().__init__("branches", ())
        self.branches = branches
        self.refresh()
        shown = [item.value for item in self.items]
        self.cursor = shown.index(branches.current)

    def refresh(self) -> None:
        """Show the branches there are now."""
        found = list(self.branches)
        leads = _leads(self.branches.root)
        names = [cut(leads[branch] + branch.name, MOST_NAME) for _, branch in found]
        wide = max(map(cells, names))
        current = self.branches.current
        self.items = [
            _item(branch, pad(name, wide), here=branch is current)
            for (_, branch), name in zip(found, names, strict=True)
        ]
        if self.branches.trouble:
            heading = (Mark("  "), Mark(self.branches.trouble, BAD))
            self.items.append(Item(heading, heading=True))
        self.cursor = max(0, min(self.cursor, len(self.items) - 1))
        self.more: dict[str, Intent] = {"z": Do(_put_back)} if self.branches.removed else {}
        undo = "   z put back" if self.branches.removed else ""
        self.hint = f"⏎ go there   x remove{undo}   esc close"


def _item(branch: Branch, name: str, *, here: bool) -> Item:
    at = _from(branch) if branch.parent is not None else ""
    row = [Mark("▶ " if here else "  ", ACCENT), Mark(name), Mark(f"  {at:<9}  ", DIM)]
    verdict = branch.verdict
    if verdict is not None:
        row.append(Mark(f"{verdict.glyph} ", BAD if verdict.bad else GOOD))
    where = ""
    if branch.parent is not None:
        step = f", step {branch.step}" if branch.step >= 0 and branch.line else ""
        where = f"from {_from(branch)}{step} of {branch.parent.name}; "
    kept = "" if branch.run is not None else "; recorded again when you go there"
    about = f"{branch.name}\n{where}{_policy(branch.policy)}{kept}"
    removing = Do(partial(_remove, branch=branch))
    going = Do(partial(go, branch=branch), close=True)
    return Item(
        tuple(row),
        text=verdict.text if verdict is not None else "not played since the file changed",
        value=branch,
        about=about,
        choose=going,
        remove=removing,
    )


def _from(branch: Branch) -> str:
    """Where in the one above it branched off."""
    return f"line {branch.line}" if branch.line else "the start"


def _policy(policy: Policy) -> str:
    gone = f" without {', '.join(policy.without)}" if policy.without else ""
    return f"policy {policy.name}{gone}"


def _leads(root: Branch) -> dict[Branch, str]:
    """The lines before each name that show what it branched off from."""
    found = {root: ""}
    above = {root: ""}
    for _, branch in root.below():
        last = len(branch.children) - 1
        for number, child in enumerate(branch.children):
            found[child] = above[branch] + ("└ " if number == last else "├ ")
            above[child] = above[branch] + ("  " if number == last else "│ ")
    return found


def _remove(screen: RunScreen, branch: Branch) -> Reply:
    count = sum(1 for _ in branch.below())
    if not screen.branches.remove(branch):
        return Reply("you stand in it, or in one that branched off from it", moved=False)
    others = f" and {count - 1} that branched off" if count > 1 else ""
    return Reply(f"removed {branch.name}{others}; z puts it back")


def _put_back(screen: RunScreen) -> Reply:
    branch = screen.branches.put_back()
    return Reply(f"{branch.name} is back" if branch else "nothing was removed")
