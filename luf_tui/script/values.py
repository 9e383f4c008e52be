"""What the words of an operation line stand for, once its names are resolved."""

from __future__ import annotations

from typing import NamedTuple

from attrs import frozen

FRESH = -2
"""The content of a line that is to hold bytes which are nowhere yet; found when it begins."""


@frozen
class Pages:
    """Virtual pages of an address space."""

    mm: int
    vpn: int
    pages: int = 1


@frozen
class Place(Pages):
    """Where a mapping goes; `fixed` is MAP_FIXED, over what is there."""

    fixed: bool = False


@frozen
class Rights:
    """What a mapping allows, and what mprotect() may make of it (VM_MAYWRITE)."""

    read: bool = True
    write: bool = False
    shared: bool = False
    may_write: bool = True


class Target(NamedTuple):
    """A folio, named by one of its pages: virtual page `vpn` of address space `space`, or with
    `cached` the page at `space` of the page cache.
    """

    cached: int
    space: int
    vpn: int = 0


@frozen
class FileRange:
    """Pages of the page cache, from position `first` on."""

    first: int
    pages: int


@frozen
class Block:
    """What a kernel object wants: 2**order pages with a content, -1 for what they hold already and
    `FRESH` for what is nowhere yet.
    """

    object: int
    order: int = 0
    content: int = -1
