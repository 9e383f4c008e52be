"""The kinds of parameter that verbs have: how each is written, and what it resolves to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from luf_tui.errors import nearest
from luf_tui.script.declaration import Lost, ParameterKind, Word
from luf_tui.script.op_line import OpLine, target_of
from luf_tui.script.scope import Process, Wrong
from luf_tui.script.values import FRESH, Block, FileRange, Pages, Place, Rights, Target
from luf_tui.script.vocabulary import KERNEL_ACTORS

if TYPE_CHECKING:
    from lark import Token, Tree

Words = Sequence[Any]
PROTECTION = ("none", "read-only", "read-write")
SHARING = ("private", "shared")
ADVICE = ("dontneed", "free", "cold", "pageout", "hugepage", "nohugepage")
"""Advice of `madvise`, in the order of their numbers."""
MOST_PAGES = 512

WORDS: dict[str, Word] = {
    "RUNNABLE": Word("a process, its thread of another CPU as in app/1, or a kernel thread"),
    "PAGE": Word("a page such as heap.0", any=True),
    "RANGE": Word("a range such as heap or text.1", any=True),
    "TARGET": Word("a page such as text.0 or lib.0", any=True),
    "FILE_PAGE": Word("a page of a file such as lib.0", any=True),
    "FILE": Word("a file such as lib"),
    "NODE": Word("a node such as cxl"),
    "PARENT": Word("a process"),
    "NEW": Word("a new name"),
    "REGION": Word("a region such as heap"),
    "OBJECT": Word("what `kernel alloc` has named"),
    "LABEL": Word("a label"),
    "PROTECTION": Word("", PROTECTION),
    "RIGHT": Word("", (*PROTECTION, *SHARING)),
    "ADVICE": Word("", ADVICE),
    "MODE": Word("", ("missing", "wp")),
    "ATOMIC": Word("", ("atomic",)),
}
"""Terminals of the grammar that stand for a parameter."""


# -- whom, and where -----------------------------------------------------------------------------


def _task(reading: OpLine, words: Words) -> int:
    word, scope, span = str(words[0]), reading.scope, reading.span(words[0])
    if word in KERNEL_ACTORS:
        return scope.kernel_thread(word)
    name, _, home = word.partition("/")
    process = scope.process(name, span)
    task = scope.thread_of(process, home, span) if home else scope.thread(process, reading.cpu)
    if not scope.raced:
        for cpu in [cpu for cpu, there in scope.running.items() if there == task]:
            del scope.running[cpu]
    scope.running[reading.cpu] = task
    return task


def _own_page(reading: OpLine, words: Words) -> Pages:
    """A qualified name must be the acting process's own."""
    word = str(words[0])
    owner, vpn = reading.scope.page_of(word, reading.user, reading.span(words[0]))
    mine = reading.scope.processes[reading.user].name
    if owner != reading.user:
        raise Wrong(f"'{word}' is not a page of '{mine}'", reading.span(words[0]))
    reading.page = word.removeprefix(f"{mine}.")
    return Pages(owner, vpn)


def _range(reading: OpLine, words: Words) -> Pages:
    owner, vpn, pages = reading.scope.range_of(
        str(words[0]), reading.process, reading.span(words[0])
    )
    reading.pages = pages
    return Pages(owner, vpn, pages)


def _own_range(reading: OpLine, words: Words) -> Pages:
    reading.user  # noqa: B018  # a problem of its own when no process acts
    return _range(reading, words)


def _page(reading: OpLine, words: Words) -> Pages:
    reading.page = str(words[0])
    reading.space, vpn = reading.scope.page_of(
        reading.page, reading.process, reading.span(words[0])
    )
    return Pages(reading.space, vpn)


def _to_page(reading: OpLine, words: Words) -> int:
    owner, vpn = reading.scope.page_of(str(words[0]), reading.process, reading.span(words[0]))
    if owner != reading.space:
        raise Wrong("UFFDIO_MOVE stays within one address space", reading.span(words[0]))
    return vpn


def _space(reading: OpLine, words: Words) -> int:
    return reading.user


def _after_as(kind: str) -> Callable[[list[str]], set[Lost]]:
    """What the name after `as` would have been."""
    return lambda words: {(kind, name) for word, name in pairwise(words) if word == "as"}


TASK = ParameterKind(
    "task",
    "RUNNABLE",
    "PROCESS",
    _task,
    lost=lambda words: {("running", words[0]), ("running", "".join(words[2:3]))},
)
OWN_PAGE = ParameterKind("own_page", "PAGE", "PAGE", _own_page)
INTO_PAGE = ParameterKind("into_page", '"into" PAGE', "into PAGE", _own_page)
FROM_PAGE = ParameterKind("from_page", '"from" PAGE', "from PAGE", _own_page)
OWN_RANGE = ParameterKind("own_range", "RANGE", "RANGE", _own_range)
ANY_PAGE = ParameterKind("any_page", "PAGE", "PAGE", _page)
ANY_RANGE = ParameterKind("any_range", "RANGE", "RANGE", _range)
TO_PAGE = ParameterKind("to_page", '"to" PAGE', "to PAGE", _to_page)
OWN_SPACE = ParameterKind("own_space", "", "", _space)


# -- folios, files, nodes ------------------------------------------------------------------------


def _targets(reading: OpLine, words: Words) -> tuple[Target, ...]:
    return tuple(
        target
        for token in words
        for target in target_of(reading.scope, str(token), reading.process, reading.span(token))
    )


def _target(reading: OpLine, words: Words) -> Target:
    targets = _targets(reading, words)
    if len(targets) != 1:
        message = f"'{words[0]}' has {len(targets)} pages"
        raise Wrong(message, reading.span(words[0]), "name one")
    return targets[0]


def _mapped(reading: OpLine, words: Words) -> Target:
    target = _target(reading, words)
    if target.cached:
        raise Wrong(f"'{words[0]}' is no page of an address space", reading.span(words[0]))
    return target


def _file_page(reading: OpLine, words: Words) -> int:
    reading.page = str(words[0])
    return reading.scope.file_page(reading.page, reading.span(words[0]))


def _remote_page(reading: OpLine, words: Words) -> int:
    """Its file is on a filesystem whose server may change it."""
    page = _file_page(reading, words)
    reading.scope.make_remote(reading.page.partition(".")[0])
    return page


def _file(reading: OpLine, words: Words) -> int:
    return reading.scope.file(str(words[0]), reading.span(words[0]))


def _whole_file(reading: OpLine, words: Words) -> FileRange:
    file = reading.scope.files[_file(reading, words)]
    reading.pages = file.pages
    return FileRange(file.first, file.pages)


def _left(reading: OpLine, words: Words) -> int:
    if int(words[0]) > reading.pages:
        raise Wrong("truncate only shortens", reading.span(words[0]))
    return int(words[0])


def _node(reading: OpLine, words: Words) -> int:
    return reading.scope.node(str(words[0]), reading.span(words[0]))


def _fixed_node(name: str) -> Callable[[OpLine, Words], int]:
    return lambda reading, words: reading.scope.node(name, reading.line.whole)


TARGETS = ParameterKind("targets", "TARGET+", "PAGE…", _targets)
TARGET = ParameterKind("target", "TARGET", "PAGE", _target)
MAPPED = ParameterKind("mapped", "PAGE", "PAGE", _mapped)
FILE_PAGE = ParameterKind("file_page", "FILE_PAGE", "FILE.N", _file_page)
REMOTE_PAGE = ParameterKind("remote_page", "FILE_PAGE", "FILE.N", _remote_page)
WHOLE_FILE = ParameterKind("whole_file", "FILE", "FILE", _whole_file)
LEFT = ParameterKind("left", '"to" NUMBER', "to N", _left)
NODE = ParameterKind("node", "NODE", "NODE", _node)
TO_NODE = ParameterKind("to_node", '"to" NODE', "to NODE", _node)
DRAM = ParameterKind("dram", "", "", _fixed_node("dram"))
CXL = ParameterKind("cxl", "", "", _fixed_node("cxl"))


# -- mappings and processes ----------------------------------------------------------------------


def _backing(reading: OpLine, words: Words) -> int:
    numbers = [token for token in words if token.type == "NUMBER"]
    if words[0].type == "NUMBER":
        reading.pages = int(words[0])
        if not 1 <= reading.pages <= MOST_PAGES:
            raise Wrong(f"between 1 and {MOST_PAGES} pages", reading.span(words[0]))
        return -1
    file = reading.scope.files[_file(reading, words)]
    first = int(numbers[0]) if numbers else 0
    last = int(numbers[-1]) if numbers else file.pages - 1
    if not first <= last < file.pages:
        message = f"file '{file.name}' has pages 0 to {file.pages - 1}"
        raise Wrong(message, reading.span(numbers[-1]))
    reading.pages = last - first + 1
    return file.first + first


def _rights(reading: OpLine, words: Words) -> Rights:
    """One protection at most, and one kind of sharing."""
    for alike in (PROTECTION, SHARING):
        several = [token for token in words if str(token) in alike]
        if len(several) > 1:
            hint = f"one of {', '.join(alike)}"
            raise Wrong(f"'{several[1]}' after '{several[0]}'", reading.span(several[1]), hint)
    given = {str(token) for token in words}
    write, shared = "read-write" in given, "shared" in given
    return Rights("none" not in given, write, shared, may_write=write or not shared)


def _place(reading: OpLine, words: Words) -> Place:
    name, at = str(words[0]), str(words[1]) if len(words) > 1 else ""
    vpn = reading.scope.map_region(reading.user, name, reading.pages, at, reading.span(words[-1]))
    return Place(reading.user, vpn, reading.pages, fixed=bool(at))


def _new_region(reading: OpLine, words: Words) -> int:
    return _place(reading, words).vpn


def _advice(reading: OpLine, words: Words) -> int:
    return ADVICE.index(str(words[0]))


def _parent(reading: OpLine, words: Words) -> int:
    parent = reading.scope.process(str(words[0]), reading.span(words[0]))
    if parent != reading.user:
        raise Wrong(f"{reading.actor} does not run '{words[0]}'", reading.span(words[0]))
    return parent


def _child(reading: OpLine, words: Words) -> int:
    name, processes = str(words[0]), reading.scope.processes
    reading.scope.new_name("process", name, reading.span(words[0]))
    source = processes[reading.user]
    processes.append(Process(name, dict(source.regions), list(source.pages)))
    return len(processes) - 1


BACKING = ParameterKind(
    "backing",
    '"anon" NUMBER _PAGES | FILE ("page" NUMBER ("to" NUMBER)?)?',
    "(anon N pages|FILE [page N [to N]])",
    _backing,
)
RIGHTS = ParameterKind("rights", "RIGHT*", "[RIGHT…]", _rights)
NEW_RIGHTS = ParameterKind("new_rights", "PROTECTION", "|".join(PROTECTION), _rights)
PLACE = ParameterKind(
    "place", '"as" NEW ("at" REGION)?', "as NAME [at REGION]", _place, lost=_after_as("region")
)
NEW_REGION = ParameterKind(
    "new_region", '"as" NEW', "as NAME", _new_region, lost=_after_as("region")
)
NUMBERED_ADVICE = ParameterKind("advice", "ADVICE", "|".join(ADVICE), _advice)
MISSING = ParameterKind(
    "missing", "MODE", "missing|wp", lambda reading, words: words[0] == "missing"
)
FORKED = ParameterKind("forked", "PARENT", "PROCESS", _parent)
CHILD = ParameterKind("child", '"as" NEW', "as NAME", _child, lost=_after_as("process"))


# -- contents and the kernel's own memory --------------------------------------------------------


def _text(tree: Tree[Token]) -> str:
    """A label's text, without quotes."""
    text = str(tree.children[0])
    return text[1:-1] if text.startswith('"') else text


def _label(reading: OpLine, words: Words) -> int:
    """A name of the page's own when there is none."""
    return _content(reading, words[0]) if words else reading.scope.next_version(reading.page)


def _content(reading: OpLine, tree: Tree[Token]) -> int:
    """`fresh` is no label in a forever block, unless it is in quotes."""
    scope = reading.scope
    if scope.forever and str(tree.children[0]) == "fresh":
        scope.uses_fresh = True
        return FRESH
    return scope.new_content(_text(tree))


def _holding(reading: OpLine, words: Words) -> int:
    return _content(reading, words[0]) if words else -1


def _new_object(reading: OpLine, words: Words) -> int:
    name, objects = str(words[0]), reading.scope.objects
    if name not in objects:
        objects.append(name)
    return objects.index(name)


def _object(reading: OpLine, words: Words) -> int:
    name, objects = str(words[0]), reading.scope.objects
    if name not in objects:
        message = f"nothing called '{name}' was allocated"
        raise Wrong(message, reading.span(words[0]), nearest(name, objects), ("object", name))
    return objects.index(name)


def _mapped_object(reading: OpLine, words: Words) -> int:
    """One page of it is mapped."""
    reading.pages = 1
    return _object(reading, words)


def _order(reading: OpLine, words: Words) -> int:
    if words and int(words[0]) > reading.scope.sizes.get("max-order", 2):
        raise Wrong("larger than `machine max-order`", reading.span(words[0]))
    return int(words[0]) if words else 0


def _on_node(reading: OpLine, words: Words) -> int:
    return _node(reading, words) if words else -1


def _block(reading: OpLine, words: Words) -> Block | None:
    if not words:
        return None
    number, name, *label = words
    wanted = _new_object(reading, [name])
    return Block(wanted, _order(reading, [number]), _holding(reading, label))


def _labels(words: list[str]) -> set[Lost]:
    return {("label", name.strip('"')) for name in words[3:]}


CONTENT = ParameterKind(
    "content",
    "label",
    "[LABEL]",
    _label,
    optional=True,
    lost=lambda words: {("label", " ".join(words[3:]).strip('"'))},
)
NEW_OBJECT = ParameterKind(
    "new_object", "NEW", "NAME", _new_object, lost=lambda words: {("object", "".join(words[2:3]))}
)
KNOWN_OBJECT = ParameterKind("known_object", "OBJECT", "NAME", _object)
MAPPED_OBJECT = ParameterKind("mapped_object", "OBJECT", "NAME", _mapped_object)
ORDER = ParameterKind("order", '"order" NUMBER', "[order N]", _order, clause=True)
ATOMIC = ParameterKind(
    "atomic", "ATOMIC", "[atomic]", lambda reading, words: bool(words), clause=True
)
ON_NODE = ParameterKind("on_node", '"on" NODE', "[on NODE]", _on_node, clause=True)
HOLDING = ParameterKind(
    "holding", '"holding" label', "[holding LABEL]", _holding, clause=True, lost=_labels
)
BLOCK = ParameterKind(
    "block",
    '"order" NUMBER "as" NEW ("holding" label)?',
    "[order N as NAME [holding LABEL]]",
    _block,
    optional=True,
    lost=lambda words: _after_as("object")(words) | _labels(words),
)
