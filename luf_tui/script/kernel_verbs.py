"""Verbs of the kernel's own actors: what their words name, as numbers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import Any

from luf_tui.errors import nearest
from luf_tui.script.op_line import (
    Args,
    Said,
    label,
    one_target,
    range_of,
    target_of,
    targets,
    text_of,
)
from luf_tui.script.scope import Wrong


def _reclaim(said: Said) -> Args:
    return targets(said, said.words)


def _migrate(node: str, reason: int) -> Callable[[Said], Args]:
    def resolve(said: Said) -> Args:
        to = said.scope.node(node, said.line.whole)
        return {**targets(said, said.words), "node": to, "reason": reason, "sync": 0}

    return resolve


def _move(said: Said) -> Args:
    *pages, node = said.words
    to = said.scope.node(str(node), said.span(node))
    return {**targets(said, pages), "node": to, "reason": 4, "sync": 1}


def _compact(said: Said) -> Args:
    """Pages to move, and for direct compaction what the block is wanted for."""
    names = list(takewhile(lambda word: isinstance(word, str), said.words))
    args = {**targets(said, names), "node": said.scope.node("dram", said.line.whole)}
    if len(names) < len(said.words):
        order, name, *text = said.words[len(names) :]
        args |= {"object": _object(said, str(name)), "order": _order(said, order)}
        args["content"] = said.scope.new_content(text_of(text[0])) if text else -1
    return args


def _object(said: Said, name: str) -> int:
    """A kernel object, new or known."""
    if name not in said.scope.objects:
        said.scope.objects.append(name)
    return said.scope.objects.index(name)


def _order(said: Said, tree: Any) -> int:
    token = tree.children[0]
    if int(token) > said.scope.sizes.get("max-order", 2):
        raise Wrong("larger than `machine max-order`", said.span(token))
    return int(token)


def _kalloc(said: Said) -> Args:
    number = _object(said, str(said.words[0]))
    args: Args = {"object": number, "order": 0, "content": -1, "node": -1}
    for option in said.words[1:]:
        if option.data == "order":
            args["order"] = _order(said, option)
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
    content = label(said, said.words[1:], str(said.words[0]))
    return {**_file_page(said), "content": content}


def _remote_write(said: Said) -> Args:
    """The file a server changes is on a filesystem of which it can be so."""
    args = _file_write(said)
    said.scope.make_remote(str(said.words[0]).partition(".")[0])
    return args


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


def _dma_read(said: Said) -> Args:
    if said.actor != "device":
        raise Wrong("only the device does DMA", said.line.whole, "as in `device dma-read heap.0`")
    if not said.scope.switches.get("secondary_tlb"):
        hint = "put `secondary-tlb` on the machine line"
        raise Wrong("this machine has no device that translates for itself", said.line.whole, hint)
    return _hardware_page(said)


def _dma_write(said: Said) -> Args:
    return {**_dma_read(said), "content": label(said, said.words[1:], str(said.words[0]))}


def _uffd_copy(said: Said) -> Args:
    where = _hardware_page(said)
    return {**where, "content": label(said, said.words[1:], str(said.words[0]))}


def _uffd_move(said: Said) -> Args:
    where = _hardware_page(said)
    owner, to = said.scope.page_of(str(said.words[1]), said.process, said.span(said.words[1]))
    if owner != where["mm"]:
        raise Wrong("UFFDIO_MOVE stays within one address space", said.span(said.words[1]))
    return {**where, "to": to}


def _merge(said: Said) -> Args:
    found = []
    for token in said.words:
        found += target_of(said.scope, str(token), said.process, said.span(token))
    if len(found) != 2 or any(kind for kind, _, _ in found):
        raise Wrong("two pages of address spaces can be merged", said.line.whole)
    return {"targets": tuple(found)}


def _register(said: Said) -> Args:
    mode = str(said.words[1])
    if mode not in ("missing", "wp"):
        raise Wrong(f"'{mode}' is no userfaultfd mode", said.span(said.words[1]), "missing, or wp")
    return {**range_of(said), "missing": int(mode == "missing")}


def _node(said: Said) -> Args:
    return {"node": said.scope.node(str(said.words[0]), said.span(said.words[0]))}


KERNEL_VERBS: dict[str, tuple[str, Callable[[Said], Args]]] = {
    "reclaim": ("reclaim", _reclaim),
    "demote": ("migrate", _migrate("cxl", 0)),
    "promote": ("migrate", _migrate("dram", 1)),
    "compact": ("compact", _compact),
    "poison": ("migrate", _migrate("dram", 3)),
    "move": ("migrate", _move),
    "kalloc": ("kalloc", _kalloc),
    "kfree": ("kfree", _kfree),
    "write_file": ("write_file", _file_write),
    "remote_write": ("remote_write", _remote_write),
    "truncate": ("truncate", _truncate),
    "invalidate": ("invalidate", _invalidate),
    "writeback": ("writeback", _file_page),
    "offline_node": ("offline_node", _node),
    "online_node": ("online_node", _node),
    "evict": ("evict", _hardware_page),
    "prefetch": ("prefetch", _hardware_page),
    "dma_read": ("dma_read", _dma_read),
    "dma_write": ("dma_write", _dma_write),
    "uffd_copy": ("uffd_copy", _uffd_copy),
    "uffd_move": ("uffd_move", _uffd_move),
    "merge": ("merge", _merge),
    "uffd_register": ("uffd_register", _register),
    "pin": ("pin", one_target),
    "unpin": ("unpin", one_target),
}
"""Grammar alternative to the verb of the program and how its arguments resolve."""
