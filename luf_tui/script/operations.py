"""Operation lines: each verb's arguments as numbers (the engine's `start` reads them by name)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

from luf_tui.errors import Span, nearest
from luf_tui.script.program import Op, Value
from luf_tui.script.reading import Line
from luf_tui.script.rights import rights_of
from luf_tui.script.scope import Process, Scope, Wrong
from luf_tui.script.words import KERNEL_ACTORS

if TYPE_CHECKING:
    from lark import Token

Args: TypeAlias = "dict[str, Value]"
ADVICE = ("dontneed", "free", "cold")
"""Advice of `madvise`, in the order of their numbers."""


@frozen
class Said:
    """An operation line being read: who acts, and the tree of what they do."""

    scope: Scope
    line: Line
    actor: str
    task: int
    cpu: int
    words: Sequence[Any]

    def span(self, token: Token) -> Span:
        """Where a token stands."""
        return span_of(self.line, token)

    @property
    def process(self) -> int:
        """The acting task's process, or the process that acts itself; -1 for the kernel."""
        if self.task >= 0:
            return self.scope.threads[self.task].process
        names = [p.name for p in self.scope.processes]
        return names.index(self.actor) if self.actor in names else -1

    @property
    def user(self) -> int:
        """The acting process. A problem when there is none."""
        if self.process < 0:
            who = self.actor
            hint = f"put a process there first: `{who} run …`" if who.startswith("cpu") else ""
            raise Wrong(f"{who} runs no process", self.line.whole, hint, ("running", who))
        return self.process


def span_of(line: Line, token: Token) -> Span:
    """Where a token stands in its file."""
    column = token.column or 1
    return line.span(column, token.end_column or column + 1)


def text_of(label: Any) -> str:
    """A label's text, without quotes."""
    text = str(label.children[0])
    return text[1:-1] if text.startswith('"') else text


def _label(said: Said, rest: Sequence[Any], fallback: str) -> int:
    """The content code of an optional label; a name of its own when there is none."""
    if rest:
        return said.scope.new_content(text_of(rest[0]))
    return said.scope.next_version(fallback)


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


def _read(said: Said) -> Args:
    return {"vpn": _own_page(said, said.words[0])}


def _own_page(said: Said, token: Token) -> int:
    """A page of the acting process; a qualified name must be its own."""
    owner, vpn = said.scope.page_of(str(token), said.user, said.span(token))
    if owner != said.user:
        mine = said.scope.processes[said.user].name
        raise Wrong(f"'{token}' is not a page of '{mine}'", said.span(token))
    return vpn


def _write(said: Said) -> Args:
    vpn = _own_page(said, said.words[0])
    name = str(said.words[0]).removeprefix(f"{said.scope.processes[said.user].name}.")
    return {"vpn": vpn, "content": _label(said, said.words[1:], name)}


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
    return _mapping(said, -1, _count(said, said.words[0]))


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


def _count(said: Said, token: Token) -> int:
    count = int(token)
    if not 1 <= count <= 512:
        raise Wrong("between 1 and 512 pages", said.span(token))
    return count


def _range(said: Said) -> Args:
    token = said.words[0]
    owner, vpn, pages = said.scope.range_of(str(token), said.process, said.span(token))
    return {"mm": owner, "vpn": vpn, "pages": pages}


def _own_range(said: Said) -> Args:
    said.user  # noqa: B018  # a problem of its own when no process acts
    return _range(said)


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


def target_of(scope: Scope, word: str, process: int, span: Span) -> list[tuple[int, int, int]]:
    """What a page word names for kernel actors: virtual pages, or a page of a file."""
    word = scope.aliases.get(word, word)
    if scope.is_file_page(word):
        return [(1, scope.file_page(word, span), 0)]
    owner, vpn, pages = scope.range_of(word, process, span)
    return [(0, owner, vpn + n) for n in range(pages)]


def _targets(said: Said, tokens: Sequence[Any]) -> Args:
    found: list[tuple[int, ...]] = []
    for token in tokens:
        found += target_of(said.scope, str(token), said.process, said.span(token))
    return {"targets": tuple(found)}


def _one_target(said: Said) -> Args:
    token = said.words[0]
    found = target_of(said.scope, str(token), said.process, said.span(token))
    if len(found) != 1:
        raise Wrong(f"'{token}' has {len(found)} pages", said.span(token), "name one")
    return {"target": found[0]}


def _reclaim(said: Said) -> Args:
    return _targets(said, said.words)


def _migrate(node: str, reason: int) -> Callable[[Said], Args]:
    def resolve(said: Said) -> Args:
        to = said.scope.node(node, said.line.whole)
        return {**_targets(said, said.words), "node": to, "reason": reason, "sync": 0}

    return resolve


def _move(said: Said) -> Args:
    *pages, node = said.words
    to = said.scope.node(str(node), said.span(node))
    return {**_targets(said, pages), "node": to, "reason": 4, "sync": 1}


def _kalloc(said: Said) -> Args:
    name = str(said.words[0])
    if name not in said.scope.objects:
        said.scope.objects.append(name)
    args: Args = {"object": said.scope.objects.index(name), "order": 0, "content": -1, "node": -1}
    for option in said.words[1:]:
        if option.data == "order":
            args["order"] = order = int(option.children[0])
            if order > said.scope.sizes.get("max-order", 2):
                raise Wrong("larger than `machine max-order`", said.span(option.children[0]))
        elif option.data == "atomic":
            args["atomic"] = 1
        elif option.data == "on_node":
            token = option.children[0]
            args["node"] = said.scope.node(str(token), said.span(token))
        else:
            args["content"] = said.scope.new_content(text_of(option.children[0]))
    return args


def _kfree(said: Said) -> Args:
    name = str(said.words[0])
    if name not in said.scope.objects:
        hint = nearest(name, said.scope.objects)
        message = f"nothing called '{name}' was allocated"
        raise Wrong(message, said.span(said.words[0]), hint, ("object", name))
    return {"object": said.scope.objects.index(name)}


def _file_page(said: Said) -> Args:
    return {"page": said.scope.file_page(str(said.words[0]), said.span(said.words[0]))}


def _file_write(said: Said) -> Args:
    content = _label(said, said.words[1:], str(said.words[0]))
    return {**_file_page(said), "content": content}


def _truncate(said: Said) -> Args:
    number = said.scope.file(str(said.words[0]), said.span(said.words[0]))
    pages = int(said.words[1])
    if pages > said.scope.files[number].pages:
        raise Wrong("truncate only shortens", said.span(said.words[1]))
    return {"file": number, "pages": pages}


def _invalidate(said: Said) -> Args:
    f = said.scope.files[said.scope.file(str(said.words[0]), said.span(said.words[0]))]
    return {"page": f.first, "pages": f.pages}


def _hardware_page(said: Said) -> Args:
    token = said.words[0]
    owner, vpn = said.scope.page_of(str(token), said.process, said.span(token))
    return {"mm": owner, "vpn": vpn}


def _register(said: Said) -> Args:
    mode = str(said.words[1])
    if mode not in ("missing", "wp"):
        raise Wrong(f"'{mode}' is no userfaultfd mode", said.span(said.words[1]), "missing, or wp")
    return {**_range(said), "missing": int(mode == "missing")}


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
    "scan": ("scan", _range),
    "clear_soft_dirty": ("clear_soft_dirty", _own_mm),
    "fork": ("fork", _fork),
    "exit": ("exit", _exit),
    "reclaim": ("reclaim", _reclaim),
    "demote": ("migrate", _migrate("cxl", 0)),
    "promote": ("migrate", _migrate("dram", 1)),
    "compact": ("migrate", _migrate("dram", 2)),
    "poison": ("migrate", _migrate("dram", 3)),
    "move": ("migrate", _move),
    "kalloc": ("kalloc", _kalloc),
    "kfree": ("kfree", _kfree),
    "write_file": ("write_file", _file_write),
    "remote_write": ("remote_write", _file_write),
    "truncate": ("truncate", _truncate),
    "invalidate": ("invalidate", _invalidate),
    "writeback": ("writeback", _file_page),
    "drain": ("drain", _nothing),
    "report": ("report", _nothing),
    "evict": ("evict", _hardware_page),
    "prefetch": ("prefetch", _hardware_page),
    "deliver": ("deliver", _nothing),
    "uffd_register": ("uffd_register", _register),
    "uffd_wp": ("uffd_wp", _range),
    "uffd_unwp": ("uffd_unwp", _range),
    "pin": ("pin", _one_target),
    "unpin": ("unpin", _one_target),
    "resume": ("resume", _nothing),
}
"""Grammar alternative to the verb of the program and how its arguments resolve."""

NO_TASK = frozenset({"run", "idle", "evict", "prefetch", "deliver", "remote_write"})
"""Verbs that no task performs."""


def resolve(scope: Scope, line: Line, tree: Any) -> Op:
    """An operation line as an `Op`. Raises Wrong for the first problem with it."""
    actor, verb, *rest = tree.children
    span = span_of(line, actor)
    task, cpu = scope.actor(str(actor), span)
    name, arguments = VERBS[verb.data]
    said = Said(scope, line, str(actor), task, cpu, verb.children)
    args = arguments(said)
    if name in NO_TASK and (cpu >= 0 or name == "remote_write"):
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
