"""What was tried from the run that was opened, as a tree: lines put in, guards and policies
changed, counterexamples. Nothing that was shown is lost by going elsewhere.

A branch is kept as its program and policy, which make the same run again at any time. The run
itself is kept too while all that are kept besides the one shown take at most MOST_HELD bytes: those
left longest ago are let go first, and recorded again when one goes there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import define, field, frozen

from luf_tui.errors import LufError
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy
from luf_tui.script.program import Program
from luf_tui.timeline.navigate import bookmarks, places
from luf_tui.timeline.navigate.bookmarks import Bookmark
from luf_tui.timeline.tell.words import counted
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.file_watch import FileWatch
from luf_tui.ui.session import Session
from luf_tui.ui.typed_lines import with_line

MOST_HELD = 64_000_000
"""Bytes of recordings kept besides the one that is shown."""
GOOD = "✓"
"""The glyph of a run in which nothing is wrong."""
START = Bookmark("", -1, 0)


@frozen
class Verdict:
    """How a run came out, kept while the run itself is not."""

    glyph: str
    text: str

    @property
    def bad(self) -> bool:
        """Whether something is wrong."""
        return self.glyph != GOOD


@define(eq=False)
class Branch:
    """A run that was shown: what makes it, where it branched off, and where one stood in it."""

    name: str
    program: Program
    policy: Policy
    session: Session | None
    """Shared by branches of one file: its bookmarks, breakpoints and watches are theirs. None while
    nobody has been there since it was kept."""
    file: FileWatch
    run: Timeline | None
    """None when it was let go."""
    parent: Branch | None = None
    origin: Bookmark = START
    """The place in the parent where it branched off."""
    own: bool = False
    """Whether it has a script of its own, and a session: a counterexample."""
    line: int = 0
    step: int = 0
    """Where that is; -1 for a step that is not known since the file changed."""
    filed: bool = True
    """Whether its script is the one of its file, with no line put in."""
    put_in: str = ""
    """The line that was put in, behind line `line`; empty where none was."""
    partial: bool = False
    """Whether the run is but the first part of a recording."""
    verdict: Verdict | None = None
    """None while the script as it is now has not been played."""
    stood: Bookmark = START
    trail: list[int] = field(factory=list)
    """Jumps that can be gone back over."""
    children: list[Branch] = field(factory=list)

    def anew(self) -> Policy:
        """Its policy, for a run that is yet to be made."""
        return make_policy(self.policy.name, self.policy.without)

    def now_of(self, program: Program) -> None:
        """It is of another program from now on, which has not been played yet."""
        self.program, self.run, self.verdict, self.trail = program, None, None, []

    def open(self, session: Session) -> None:
        """It has this session from now on, and so have those of the same file under it."""
        self.session = session
        for child in self.children:
            if not child.own:
                child.open(session)

    def below(self) -> Iterator[tuple[int, Branch]]:
        """It and what branched off from it, each with how deep it lies."""
        yield 0, self
        for child in self.children:
            for depth, branch in child.below():
                yield depth + 1, branch

    def keeps(self, run: Timeline) -> None:
        """This is its run from now on."""
        self.program, self.policy, self.run = run.program, run.policy, run
        self.verdict, self.partial = verdict(run), False


class Branches:
    """The tree of one opened file, and which branch of it is shown."""

    def __init__(self, session: Session, file: FileWatch, *, partial: bool = False) -> None:
        """`partial`: the run is but the first part of a recording."""
        run = session.timeline
        name = session.path.name
        self.root = Branch(name, run.program, run.policy, session, file, run, partial=partial)
        self.root.verdict = verdict(run)
        self.current = self.root
        self.removed: list[tuple[Branch, int]] = []
        """What was taken out, the latest last, and which child of its parent it was."""
        self.told = ""
        """What there is to tell of branches that were kept."""
        self.changed: Callable[[Branches], str] = lambda branches: ""
        """Called when the tree is another; answers with what went wrong."""
        self.trouble = ""
        """What went wrong last."""
        self._left: list[Branch] = []
        """Those left, longest ago first."""

    def __iter__(self) -> Iterator[tuple[int, Branch]]:
        """Every branch under the one it branched off from, with how deep it lies."""
        return self.root.below()

    @property
    def here(self) -> Session:
        """The session of the branch that is shown."""
        assert self.current.session is not None
        return self.current.session

    def of(self, program: Program, policy: Policy) -> Branch | None:
        """The branch that a program under a policy would be, where there is one."""
        wanted = (policy.name, policy.without)
        for _, branch in self:
            if (branch.policy.name, branch.policy.without) == wanted and _same(
                branch.program, program
            ):
                return branch
        return None

    def grow(
        self,
        name: str,
        run: Timeline,
        session: Session,
        file: FileWatch,
        *,
        filed: bool,
        put_in: str = "",
        own: bool = False,
    ) -> Branch:
        """A branch that begins where one stands, and is shown from now on."""
        parent, here = self.current, self.here
        branch = Branch(
            name, run.program, run.policy, session, file, run, parent, filed=filed, own=own
        )
        branch.origin = bookmarks.bookmark(here.timeline, here.position, "")
        branch.line, branch.step, branch.put_in = here.line, here.position, put_in
        branch.verdict = verdict(run)
        parent.children.append(branch)
        self.show(branch)
        return branch

    def show(self, branch: Branch) -> None:
        """Leave the branch that is shown, and show another."""
        left = self.current
        self._stand()
        left.trail = list(self.here.trail)
        if left.partial:
            left.run = None
        self._left = [one for one in self._left if one not in (left, branch)]
        self._left.append(left)
        self.current = branch
        self._let_go()
        self._changed()

    def leave(self) -> None:
        """Keep where one stands: nobody is here any more."""
        self._stand()
        self._changed()

    def _stand(self) -> None:
        here = self.here
        self.current.stood = bookmarks.bookmark(here.timeline, here.position, "")

    def remove(self, branch: Branch) -> bool:
        """Take a branch out with what branched off from it. False where one stands in it."""
        parent = branch.parent
        if parent is None or any(one is self.current for _, one in branch.below()):
            return False
        self.removed.append((branch, parent.children.index(branch)))
        parent.children.remove(branch)
        self._changed()
        return True

    def put_back(self) -> Branch | None:
        """Undo the last removal."""
        if not self.removed:
            return None
        branch, number = self.removed.pop()
        assert branch.parent is not None
        branch.parent.children.insert(number, branch)
        self._changed()
        return branch

    def read_again(self, run: Timeline) -> Branch:
        """The file of the branch shown has another text: its branches are of that text from now on,
        and lines that were put in are put in again behind the same line.

        Answers with the one that the run is of: the one shown, or where a line was put in, the
        one that it was put into.
        """
        shown = self.current
        while not shown.filed and shown.parent is not None:
            shown = shown.parent
        top = shown
        while top.parent is not None and not top.own:
            top = top.parent
        before = top.program
        top.now_of(run.program)
        self.follow(top, before)
        shown.keeps(run)
        for child in shown.children:
            at = bookmarks.find(run, child.origin)
            if at >= 0:
                child.line, child.step = run.line_at(at), at
        self._changed()
        return shown

    def follow(self, parent: Branch, before: Program) -> None:
        """The branches of one whose script was `before` are of the script that it has now. A line
        that does not make sense there any more leaves its branch as it was.
        """
        for child in parent.children:
            if child.own:
                continue
            was, line = child.program, places.same_line(before, parent.program, child.line)
            try:
                now = (
                    with_line(parent.program, line, child.put_in)
                    if child.put_in
                    else parent.program
                )
            except LufError:
                continue
            child.now_of(now)
            child.line, child.step = line, -1
            self.follow(child, was)

    def _changed(self) -> None:
        self.trouble = self.changed(self)

    def _let_go(self) -> None:
        """Keep no more runs than there is room for."""
        room = MOST_HELD
        for branch in reversed(self._left):
            session = branch.session
            left = session is not self.current.session
            if branch.run is not None and not (left and session and branch.run is session.timeline):
                room -= branch.run.nbytes
                if room < 0:
                    branch.run = None


def verdict(run: Timeline) -> Verdict:
    """How a run came out, in a few words."""
    violations = run.counters(run.steps).violations
    failed = sum(not outcome.held for outcome in run.outcomes)
    told = []
    if violations:
        told.append(counted(violations, "violation"))
    if failed:
        told.append(f"{counted(failed, 'expectation')} failed")
    if run.refusals:
        told.append("a line is refused")
    elif run.incomplete:
        told.append("ends early")
    glyph = "✖" if violations else "✗" if failed or run.refusals else GOOD
    return Verdict(glyph, ", ".join(told) or "holds")


def policy_words(policy: Policy, before: Policy) -> str:
    """What is another about a policy: `under eager`, `without skip-offline`."""
    gone = f"without {', '.join(policy.without)}" if policy.without else ""
    if policy.name != before.name:
        return f"under {policy.name} {gone}".rstrip()
    return gone or "with every guard"


def _same(one: Program, other: Program) -> bool:
    if one is other or one.recorded is not None or other.recorded is not None:
        return one is other
    return bool(one.source) and one.source == other.source
