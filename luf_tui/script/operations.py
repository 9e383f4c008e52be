"""Operation lines: each verb's arguments as numbers (the engine's `start` reads them by name)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from luf_tui.errors import nearest
from luf_tui.script.kernel_verbs import KERNEL_VERBS
from luf_tui.script.op_line import Args, Said, count_of, label, own_page, range_of, span_of
from luf_tui.script.program import Op
from luf_tui.script.rights import rights_of
from luf_tui.script.scope import Process, Scope, Wrong
from luf_tui.script.syntax import Line
from luf_tui.script.vocabulary import KERNEL_ACTORS

ADVICE = ("dontneed", "free", "cold")
"""Advice of `madvise`, in the order of their numbers."""


def _run(said: Said) -> Args:
    word = str(said.words[0])
    scope = said.scope
    if not said.actor.startswith("cpu"):
        raise Wrong("only a CPU runs something", said.line.whole, "as in `cpu1 run app`")
    if word in KERNEL_ACTORS:
        task = scope.kernel_thread(word)
    else:
        task = scope.thread(scope.process(word, said.span(said.words[0])), said.cpu)
        scope.running[said.cpu] = task
    return {"task": task}


def _idle(said: Said) -> Args:
    said.scope.running.pop(said.cpu, None)
    return {}


def _cpu_up(said: Said) -> Args:
    if not said.actor.startswith("cpu"):
        raise Wrong(
            "only a CPU or a node goes offline",
            said.line.whole,
            "as in `cpu1 offline`, `kernel offline cxl`",
        )
    return {}


def _cpu_down(said: Said) -> Args:
    _cpu_up(said)
    return _idle(said)


def _read(said: Said) -> Args:
    return {"vpn": own_page(said, said.words[0])}


def _write(said: Said) -> Args:
    vpn = own_page(said, said.words[0])
    name = str(said.words[0]).removeprefix(f"{said.scope.processes[said.user].name}.")
    return {"vpn": vpn, "content": label(said, said.words[1:], name)}


def _mapping(said: Said, file_page: int, pages: int) -> Args:
    names = [token for token in said.words if token.type == "NAME"]
    if said.words[0].type == "NAME":
        names = names[1:]
    rights = rights_of(said.words, said.span)
    at = str(names[1]) if len(names) > 1 else ""
    span = said.span(names[-1])
    vpn = said.scope.map_region(said.user, str(names[0]), pages, at, span)
    write = int("read-write" in rights)
    shared = int("shared" in rights)
    return {
        "mm": said.user,
        "vpn": vpn,
        "pages": pages,
        "file_page": file_page,
        "shared": shared,
        "read": int("none" not in rights),
        "write": write,
        "may_write": int(write or not shared),
        "fixed": int(bool(at)),
    }


def _mmap_anon(said: Said) -> Args:
    return _mapping(said, -1, count_of(said, said.words[0]))


def _mmap(said: Said) -> Args:
    scope = said.scope
    f = scope.files[scope.file(str(said.words[0]), said.span(said.words[0]))]
    numbers = [token for token in said.words if token.type == "NUMBER"]
    first = int(numbers[0]) if numbers else 0
    last = int(numbers[-1]) if numbers else f.pages - 1
    if not first <= last < f.pages:
        span = said.span(numbers[-1])
        raise Wrong(f"file '{f.name}' has pages 0 to {f.pages - 1}", span)
    return _mapping(said, f.first + first, last - first + 1)


def _own_range(said: Said) -> Args:
    said.user  # noqa: B018  # a problem of its own when no process acts
    return range_of(said)


def _mprotect(said: Said) -> Args:
    rights = rights_of(said.words, said.span, sharing=False)
    read = int("none" not in rights)
    return {**_own_range(said), "read": read, "write": int("read-write" in rights)}


def _madvise(said: Said) -> Args:
    word = str(said.words[1])
    if word not in ADVICE:
        hint = nearest(word, ADVICE) or ", ".join(ADVICE)
        raise Wrong(f"'{word}' is no advice", said.span(said.words[1]), hint)
    return {**_own_range(said), "advice": ADVICE.index(word)}


def _mremap(said: Said) -> Args:
    where = _own_range(said)
    pages, token = where["pages"], said.words[1]
    assert isinstance(pages, int)
    to = said.scope.map_region(said.user, str(token), pages, "", said.span(token))
    return {**where, "to": to}


def _fork(said: Said) -> Args:
    scope = said.scope
    parent = scope.process(str(said.words[0]), said.span(said.words[0]))
    if parent != said.user:
        raise Wrong(f"{said.actor} does not run '{said.words[0]}'", said.span(said.words[0]))
    name = str(said.words[1])
    scope.new_name("process", name, said.span(said.words[1]))
    source = scope.processes[parent]
    scope.processes.append(Process(name, dict(source.regions), list(source.pages)))
    return {"mm": parent, "child": len(scope.processes) - 1}


def _exit(said: Said) -> Args:
    user = said.user
    for cpu, task in list(said.scope.running.items()):
        if said.scope.threads[task].process == user:
            del said.scope.running[cpu]
    return {"mm": user}


def _own_mm(said: Said) -> Args:
    return {"mm": said.user}


def _nothing(said: Said) -> Args:
    return {}


VERBS: dict[str, tuple[str, Callable[[Said], Args]]] = {
    "run": ("run", _run),
    "idle": ("idle", _idle),
    "read": ("read", _read),
    "write": ("write", _write),
    "mmap_anon": ("mmap", _mmap_anon),
    "mmap": ("mmap", _mmap),
    "munmap": ("munmap", _own_range),
    "mprotect": ("mprotect", _mprotect),
    "madvise": ("madvise", _madvise),
    "mremap": ("mremap", _mremap),
    "scan": ("scan", range_of),
    "clear_soft_dirty": ("clear_soft_dirty", _own_mm),
    "fork": ("fork", _fork),
    "exit": ("exit", _exit),
    "cpu_down": ("cpu_down", _cpu_down),
    "cpu_up": ("cpu_up", _cpu_up),
    "tick": ("tick", _nothing),
    "drain": ("drain", _nothing),
    "report": ("report", _nothing),
    "deliver": ("deliver", _nothing),
    "probe": ("probe", _write),
    "uffd_wp": ("uffd_wp", range_of),
    "uffd_unwp": ("uffd_unwp", range_of),
    "resume": ("resume", _nothing),
    **KERNEL_VERBS,
}
"""Grammar alternative to the verb of the program and how its arguments resolve."""

OF_A_CPU = frozenset({"run", "idle", "evict", "prefetch", "deliver", "cpu_down", "cpu_up"})
"""Verbs that a CPU performs, and no task."""
OF_NOBODY = frozenset({"remote_write", "tick", "dma_read", "dma_write"})
"""Verbs that need no CPU."""


def resolve(scope: Scope, line: Line, tree: Any) -> Op:
    """An operation line as an `Op`. Raises Wrong for the first problem with it."""
    actor, verb, *rest = tree.children
    span = span_of(line, actor)
    task, cpu = scope.actor(str(actor), span)
    name, arguments = VERBS[verb.data]
    said = Said(scope, line, str(actor), task, cpu, verb.children)
    args = arguments(said)
    if name in OF_NOBODY:
        task = cpu = -1
    elif name in OF_A_CPU and cpu >= 0:
        task = -1
    elif task < 0 and cpu >= 0:
        task = scope.kernel_thread("kernel") if name in ("drain", "kalloc", "kfree") else -1
        if task < 0:
            hint = f"put a process there: `{actor} run …`"
            raise Wrong(f"{actor} runs nothing", span, hint, ("running", str(actor)))
    elif task < 0 and name not in ("mmap", "munmap", "mprotect"):
        hint = f"as in `cpu1 run {actor}`"
        raise Wrong(f"'{actor}' runs on no CPU", span, hint, ("running", str(actor)))
    stop = "-".join(str(word) for word in rest[0].children) if rest else ""
    return Op(line.whole, line.text, task, cpu, name, args, stop)
