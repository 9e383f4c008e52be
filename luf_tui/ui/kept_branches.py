"""The branches of a file from one session to the next: a JSON file in the person's state folder.

A branch is kept as what makes its run again: its script, policy and guards. There is a file for
each script and policy that a tree began with. One of which not all could be read is told of, and
put aside before another takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.timeline.navigate import bookmarks
from luf_tui.timeline.navigate.state_files import numbered, state_folder, write_whole
from luf_tui.ui.branches import Branch, Branches, Verdict
from luf_tui.ui.file_watch import FileWatch
from luf_tui.ui.session import Session

VERSION = 1
FOLDER = "branches"
ASIDE = ".before"
MOST_BYTES = 4_000_000
"""A larger file is not read, and none is written."""


def opened(session: Session, file: FileWatch, *, partial: bool = False) -> Branches:
    """The tree of a file that is opened, with the branches that were kept of it. What there is to
    tell of them is in its `told`.
    """
    branches = Branches(session, file, partial=partial)
    if not session.filed:
        return branches
    root = branches.root
    home = home_of(root)
    keeper = Keeper(home)
    branches.changed = keeper.keep
    try:
        missing = restore(branches, _read(home))
    except FileNotFoundError:
        return branches
    except (OSError, ValueError, LookupError, TypeError, RecursionError, LufError) as error:
        keeper.precious = True
        root.children.clear()
        why = error.strerror if isinstance(error, OSError) else error
        branches.told = f"branches of before cannot be read, and stay in {home}: {why}"
        return branches
    count = sum(1 for _ in branches) - 1
    branches.told = f"{count} {'branches' if count > 1 else 'branch'} of before: {{branches}}"
    if missing:
        keeper.precious = True
        branches.told += f"; {missing} under a policy that there is not"
    return branches


class Keeper:
    """Writes the tree of a file whenever it changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.precious = False
        """Not all of what is there could be read: it is put aside first."""

    def keep(self, branches: Branches) -> str:
        """Keep the tree. Answers with why it cannot be kept; empty where it is."""
        try:
            if not branches.root.children:
                if not self.precious:
                    self.path.unlink(missing_ok=True)
                return ""
            if self.precious and self.path.exists():
                self.path.replace(self.path.with_name(f"{self.path.name}{ASIDE}"))
            self.precious = False
            text = json.dumps(as_json(branches), indent=1, ensure_ascii=False) + "\n"
            if len(text) > MOST_BYTES:
                return f"not kept for another time: more than {MOST_BYTES:,} characters"
            write_whole(self.path, text)
        except OSError as error:
            return f"not kept for another time: {self.path}: {error.strerror}"
        return ""


def home_of(root: Branch) -> Path:
    """Where the tree that a run begins is kept."""
    path = Path(root.program.path)
    called = library.shipped_name(path) or str(path.absolute())
    words = "\n".join((called, root.policy.name, *root.policy.without))
    return state_folder() / FOLDER / f"{path.name}.{numbered(words)}.json"


def _read(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > MOST_BYTES:
        raise LufError("it is too large")
    data = json.loads(path.read_text("utf-8"))
    if not isinstance(data, dict) or data.get("luf-tui") != VERSION:
        raise LufError("it is no list of branches")
    return data


# -- as JSON --------------------------------------------------------------------------------------


def as_json(branches: Branches) -> dict[str, Any]:
    """The tree, every branch behind the one it branched off from."""
    numbers = {branch: number for number, (_, branch) in enumerate(branches)}
    kept = [branch for branch in numbers if branch is not branches.root]
    return {
        "luf-tui": VERSION,
        "script": _script(branches.root.program),
        "branches": [_branch(branch, numbers) for branch in kept],
    }


def _script(program: Program) -> str:
    return "" if program.recorded is not None else "\n".join(program.source)


def _branch(branch: Branch, numbers: Mapping[Branch, int]) -> dict[str, Any]:
    assert branch.parent is not None
    same = branch.program is branch.parent.program or (
        _script(branch.program) == _script(branch.parent.program) and not branch.own
    )
    verdict = branch.verdict
    return {
        "name": branch.name,
        "parent": numbers[branch.parent],
        "policy": branch.policy.name,
        "without": list(branch.policy.without),
        "script": None if same else _script(branch.program),
        "path": str(branch.program.path),
        "own": branch.own,
        "filed": branch.filed,
        "put in": branch.put_in,
        "line": branch.line,
        "step": branch.step,
        "origin": bookmarks.as_json(branch.origin),
        "stood": bookmarks.as_json(branch.stood),
        "verdict": [verdict.glyph, verdict.text] if verdict else None,
    }


# -- back from it ---------------------------------------------------------------------------------


def restore(branches: Branches, data: Mapping[str, Any]) -> int:
    """Hang kept branches under the run that is opened. Where its script is another by now, they
    follow it as they do when it is read again. Answers with how many cannot be made any more.

    Raises LufError, ValueError, LookupError or TypeError for what makes no tree.
    """
    root = branches.root
    before, script = root.program, _text(data["script"])
    if script and script != _script(root.program):
        before = parse(script, root.program.path)
    made: list[Branch | None] = [root]
    now, root.program = root.program, before
    try:
        for entry in data["branches"]:
            made.append(_restored(entry, made))
    finally:
        root.program = now
    if before is not now:
        branches.follow(root, before)
    return made.count(None)


def _restored(entry: Mapping[str, Any], made: list[Branch | None]) -> Branch | None:
    """A branch under its parent; None where its policy is not known here, or its parent is none."""
    number = _number(entry["parent"])
    if not 0 <= number < len(made):
        raise LufError(f"branch {len(made)} has no parent")
    parent = made[number]
    policy = _policy(_text(entry["policy"]), [_text(one) for one in entry["without"]])
    if parent is None or policy is None:
        return None
    script, own = entry["script"], bool(entry["own"])
    program = parent.program
    if script is not None:
        program = parse(_text(script), _text(entry["path"]))
    branch = Branch(
        _text(entry["name"]),
        program,
        policy,
        None if own else parent.session,
        FileWatch(Path(program.path)) if own else parent.file,
        None,
        parent,
        own=own,
        filed=bool(entry["filed"]),
        put_in=_text(entry["put in"]),
    )
    branch.line, branch.step = _number(entry["line"]), _number(entry["step"])
    branch.origin, branch.stood = _place(entry["origin"]), _place(entry["stood"])
    if entry["verdict"] is not None:
        glyph, text = map(_text, entry["verdict"])
        branch.verdict = Verdict(glyph, text)
    parent.children.append(branch)
    return branch


def _policy(name: str, without: list[str]) -> Policy | None:
    try:
        return make_policy(name, without)
    except LufError:
        return None


def _place(entry: object) -> bookmarks.Bookmark:
    found = bookmarks.from_json(entry)
    if found is None:
        raise LufError("a place in it is none")
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no number")
    return value
