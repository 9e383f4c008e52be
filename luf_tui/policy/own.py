"""A person's own policy, loaded from a file named on the command line and from nowhere else."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path

from luf_tui import library
from luf_tui.errors import LufError, expected, nearest, with_hint
from luf_tui.policy.base import Policy
from luf_tui.policy.guard import Guard
from luf_tui.policy.guards import GUARDS, not_declared
from luf_tui.policy.registry import POLICIES

MARK = ".py:"
"""What tells `path/to/mine.py:Mine` from the name of a policy."""
MODULE = "luf_tui_own_"
"""What the name of such a file's module begins with."""
CHANGED = (
    "since then methods get Mm, Frame, Pte and Task records instead of numbers, and guards are the "
    "constants of luf_tui/policy/guards.py instead of names: adapt it to luf_tui/policy/base.py, "
    f"and write `API = {Policy.API}` in the class"
)
"""What a policy written for another version of the interface has to change."""
OWN: dict[str, str] = {}
"""The files of the policies loaded so far, by the policy's name."""


def known(name: str) -> str:
    """The name of a policy in the registry, for a name or for `path/to/mine.py:Mine`.

    A file is run, and its class joins the registry under its own NAME. Raises LufError when the
    file fails, has no such class, takes the name of another policy, was written for another
    version of the interface, or claims a guard that there is not.
    """
    expected(name, str, "a policy is named by a text, `luf` or `path/to/mine.py:Mine`")
    if MARK not in name:
        if name not in POLICIES:
            _meant(name)
        return name
    path, _, attribute = name.rpartition(":")
    kind = _load(_located(path), attribute)
    called = kind.NAME or attribute
    if POLICIES.get(called, kind) is not kind and not _same(POLICIES[called], kind):
        raise LufError(f"{name}: a policy called '{called}' ships with luf-tui; set another NAME")
    kind.NAME = called
    OWN[called] = str(path)
    POLICIES[called] = kind
    return called


def anew(policy: Policy) -> Policy:
    """The same policy as another run would have it: a person's own file is run again, so that
    nothing is left of what its class, or a name beside it, has come to hold.
    """
    kind = type(policy)
    if kind.__module__.startswith(MODULE) and kind.NAME in OWN:
        fresh = _load(Path(OWN[kind.NAME]), kind.__name__)
        fresh.NAME = kind.NAME
        return fresh(policy.without)
    return kind(policy.without)


Prepare = Callable[[], object]


def preparation(name: str | None) -> Prepare | None:
    """What another process has to call before a policy of this name is known there."""
    return partial(known, name) if name and MARK in name else None


def fault_line(error: BaseException) -> int:
    """The line of a person's own policy that an exception went through last; 0 is none."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith(MODULE):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def blame(error: BaseException) -> str:
    """What to tell of an exception nobody expected, when a policy of one's own plays.

    It either went through the policy's file, or is what became of an answer that does not fit.
    Empty when there is no such policy, or when the command was left on purpose.
    """
    if not OWN:
        return ""
    line = fault_line(error)
    said = f"{type(error).__name__}: {error}"
    path = list(OWN.values())[-1]
    if line:
        return f"{path}:{line}: this policy failed: {said}"
    if isinstance(error, SystemExit):
        return ""
    hint = "compare its methods with luf_tui/policy/base.py"
    return f"{path}: an answer of this policy may not fit: {said}; {hint}"


def blamed(error: Exception) -> Exception:
    """An exception as a person is to hear of it: a LufError, if their own policy is behind it."""
    told = "" if isinstance(error, LufError) else blame(error)
    return LufError(told) if told else error


def _located(word: str) -> Path:
    """The file of a policy: a path, or one that ships with luf-tui, as `policies/latr.py`."""
    try:
        return library.locate(word)
    except LufError:
        raise LufError(f"{word}: no such file; a policy is said as path/to/mine.py:Mine") from None


def _meant(name: str) -> None:
    """Raises LufError for a word that looks like a file, with what would name a class in it."""
    path, _, attribute = name.partition(":")
    python = path if path.endswith(".py") else f"{path}.py"
    if not (attribute or path.endswith(".py") or "/" in path):
        return
    file = _located(python)
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        classes = []
    else:
        classes = [one.name for one in tree.body if isinstance(one, ast.ClassDef)]
    told = f"'{name}' names no class of a file; say {python}:"
    raise LufError(told + f" or {python}:".join([attribute] if attribute else classes or ["Mine"]))


def _same(one: type[Policy], other: type[Policy]) -> bool:
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


def _load(path: Path, attribute: str) -> type[Policy]:
    if not path.is_file():
        raise LufError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(f"{MODULE}{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit, GeneratorExit) as error:
        line = fault_line(error)
        where = f"{path}:{line}" if line else f"{path}"
        raise LufError(f"{where}: {type(error).__name__}: {error}") from error
    kinds = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Policy)
    }
    if attribute not in kinds:
        hint = nearest(attribute, kinds) or "it derives from luf_tui.policy.base.Policy"
        raise LufError(with_hint(f"{path}: no policy class called '{attribute}'", hint))
    kind = kinds[attribute]
    _check(kind, path)
    return kind


def _check(kind: type[Policy], path: Path) -> None:
    """Raises LufError for a policy written for another version, or whose guards are none."""
    name = kind.__name__
    said = vars(kind).get("API")
    if isinstance(said, int) and said > Policy.API:
        told = f"{name} says `API = {said}`, and this luf-tui knows {Policy.API}"
        raise LufError(f"{path}: {told}: a newer one is needed")
    if said != Policy.API:
        raise LufError(f"{path}: {name} does not say `API = {Policy.API}`; {CHANGED}")
    if not isinstance(kind.GUARDS, (set, frozenset)):
        raise LufError(f"{path}: GUARDS of {name} is no set of guards")
    for guard in kind.GUARDS:
        if not isinstance(guard, Guard):
            raise LufError(f"{path}: GUARDS of {name}: {not_declared(guard)}")
        if GUARDS.get(guard.name, guard) is not guard:
            raise LufError(f"{path}: a guard called '{guard.name}' ships with luf-tui")
