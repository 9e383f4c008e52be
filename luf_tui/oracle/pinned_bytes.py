"""What whoever has pinned a page may expect of it, and what direct I/O may find on disk.

A pin counts from its begin to its end. It has the bytes of its address, or of a position of a file,
for as long as the page stands for those; afterwards it has them alone. Rights that are taken away
at the address meanwhile are none of its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Region
from luf_tui.machine.schema import LAYERS, Before, Context, Direct, FilePage, Held, Pinned, Promise
from luf_tui.oracle.bytes_held import add, contents, has, put

if TYPE_CHECKING:
    from luf_tui.oracle.promises import Promises

Args: TypeAlias = Mapping[str, int]


class Pins:
    """The pins of one machine, and the direct I/O in flight: told of what happens to addresses and
    files, asked about each access.
    """

    def __init__(self, machine: Machine, promises: Promises) -> None:
        self.m = machine
        self.promises = promises
        self.device = machine.config.cpus
        regions = machine.regions
        self.pinned: Region[Pinned] = regions["pinned"]
        """By the address at which a page was pinned for a device."""
        self.pinning: Region[Pinned] = regions["pinning"]
        """By the context that pins a page for a while."""
        self.direct: Region[Direct] = regions["direct"]

    def pin(self, actor: Context | None, mm: int, vpn: int) -> Pinned:
        """The pin of somebody's direct I/O, or the one that a device has at an address."""
        return self.pinning[actor.index] if actor else self.pinned[self.promises.at(mm, vpn).index]

    # -- accesses -----------------------------------------------------------------------------

    def read(self, pin: Pinned, content: int) -> bool:
        """Whether a reader may find these bytes through a pin."""
        alone = pin.loose or not (pin.at or pin.file_page)
        if alone and has(pin, content):
            return True
        if pin.at:
            return self.promises.holds(pin.at, self.device, content)
        return bool(pin.file_page and self.promises.file_holds(pin.file_page, content))

    def expected(self, pin: Pinned) -> int:
        """The likeliest bytes."""
        if pin.at:
            found = self.promises.contents_of(pin.at)
            return found[0] if found else pin.value
        return self.promises.file_bytes[pin.file_page.index].value if pin.file_page else pin.value

    def store(self, pin: Pinned, content: int) -> None:
        """A store through a pin has been made."""
        sure = not pin.loose
        if pin.at:
            self.promises.store_through(pin.at, content, sure=sure)
        elif pin.file_page:
            self.promises.store_in_file(pin.file_page, self.device, content, sure=sure)
        if pin.loose:
            add(pin, content)
        elif not pin.at and not pin.file_page:
            put(pin, content)
        if pin.was and not (pin.at or pin.file_page):
            for layer in self.promises.befores(pin.was):
                self.promises.store_in(layer.to or layer, self.device, content, sure=False)

    def stored_before(self, layer: Before, content: int) -> None:
        """A CPU has stored to what an address was before an operation in flight: who had pinned the
        page then may see it.
        """
        was = self.promises.promise[layer.index // LAYERS]
        for pin in self._all():
            if pin.was is was or pin.at is was:
                if not pin.at:
                    add(pin, content)
                else:
                    self._loosen(pin, [content])

    # -- pins that begin and end ----------------------------------------------------------------

    def hold(self, actor: Context, args: Args) -> None:
        """Somebody has pinned the page of an address: as it is, or as it was before an operation
        in flight.
        """
        write = bool(args["write"])
        address, pin = self.promises.at(args["mm"], args["vpn"]), self.pinning[actor.index]
        pin.clear()
        self.promises.window[actor.index].open += 1
        layers = self.promises.befores(address)
        earlier = [layer for layer in layers if layer.to is not address]
        if (
            write
            and address.mapped
            and not address.own
            and not address.shared
            and address.file_page
        ):
            address.own = address.vague = 1  # it was copied, when the file held who knows what
        page = None if address.own else address.file_page
        if address.mapped and page is not None:
            pin.file_page = page
        elif address.mapped:
            pin.at = address.home or address
        else:  # what mremap() is about to move goes on standing for it
            moved = next((layer.to for layer in earlier if layer.to), None)
            pin.at = moved and (moved.home or moved)
        put(pin, 0)
        if not address.own and not write:
            pin.loose = 1
        for layer in earlier:
            found = self.promises.contents_of(layer.to or layer)
            self._loosen(pin, found)
            pin.vague |= layer.vague
        pin.was = address

    def _loosen(self, pin: Pinned, found: list[int]) -> None:
        if not pin.loose:
            pin.loose = 1
            put(pin, found[0])
        for content in found:
            add(pin, content)

    def register(self, actor: Context, mm: int, vpn: int) -> None:
        """What somebody has pinned stays pinned for a device."""
        self.pinned[self.promises.at(mm, vpn).index].assign(self.pinning[actor.index])
        self.pinning[actor.index].clear()

    def release(self, mm: int, vpn: int) -> None:
        """A device has a page pinned no longer."""
        self.pinned[self.promises.at(mm, vpn).index].clear()

    def told(self) -> dict[int, Callable[[Context, Args], None]]:
        """What is done at each kind of event, by its actor and arguments."""
        page = self.m.file_page
        return {
            ev.HOLD: self.hold,
            ev.REGISTER: lambda actor, args: self.register(actor, args["mm"], args["vpn"]),
            ev.RELEASE: lambda _, args: self.release(args["mm"], args["vpn"]),
            ev.DIRECT: lambda actor, args: self.begin(actor, page[args["page"]]),
            ev.DIRECT_WRITE: lambda actor, args: self.written(
                actor, page[args["page"]], args["content"]
            ),
            ev.DIRECT_STALE: lambda actor, args: self.stale(actor, page[args["page"]]),
        }

    # -- what becomes of addresses and files ----------------------------------------------------

    def _all(self) -> list[Pinned]:
        return [*self.pinned, *self.pinning]

    def part(self, address: Promise) -> None:
        """The page of an address is taken from it: who has it pinned has it alone."""
        for pin in self._all():
            if pin.at is not address:
                continue
            found = self.promises.contents_of(address)
            if not pin.loose:
                put(pin, found[0])
            for content in found:
                add(pin, content)
            pin.vague |= address.vague
            pin.at, pin.was, pin.loose = None, address, 0

    def move(self, source: Promise, target: Promise) -> None:
        """The page of an address is at another one now."""
        for pin in self._all():
            if pin.at is source:
                pin.at = target
            if pin.was is source:
                pin.was = target

    def part_from_file(self, page: FilePage) -> None:
        """A page may have been taken from its file, or may be there yet."""
        held = self.promises.file_bytes[page.index]
        for pin in self._all():
            if pin.file_page is page:
                self._loosen(pin, contents(held))

    # -- direct I/O -----------------------------------------------------------------------------

    def begin(self, actor: Context, page: FilePage) -> None:
        """Direct I/O on a position of a file begins."""
        direct, held = self.direct[actor.index], self.promises.file_bytes[page.index]
        self.promises.window[actor.index].open += 1
        direct.page, direct.later = page, 0
        found = [*contents(held), held.remote]
        put(direct, found[0])
        for content in found:
            add(direct, content)
        direct.vague |= held.vague

    def file_got(self, page: FilePage, content: int) -> None:
        """Something was stored to a position of a file."""
        for direct in self.direct:
            if direct.page is page:
                add(direct, content)
                direct.later = 1

    def may_find(self, actor: Context, content: int) -> bool:
        """Whether direct I/O may read these bytes from disk."""
        return has(self.direct[actor.index], content)

    def written(self, actor: Context, page: FilePage, content: int) -> None:
        """A direct write has put these bytes on disk. What was stored to the file since it began
        may come after it.
        """
        direct, held = self.direct[actor.index], self.promises.file_bytes[page.index]
        self.part_from_file(page)
        self.promises.keep_file(page, actor)
        if direct.later:
            add(held, content)
        else:
            put(held, content)
        held.remote = content
        self.file_got(page, content)

    def stale(self, actor: Context, page: FilePage) -> None:
        """A direct write has found a page that was made dirty beside it, and left it in the cache,
        with what the file held before: the kernel warns of that (dio_warn_stale_pagecache()).
        """
        held = self.promises.file_bytes[page.index]
        for layer in self.promises.file_befores(page):
            if layer.owner is actor:
                for content in contents(layer):
                    add(held, content)
                held.vague |= layer.vague

    def over(self, actor: Context) -> None:
        """An operation has returned, and what it pinned for a while is pinned no longer."""
        held: tuple[Held, Held] = (self.pinning[actor.index], self.direct[actor.index])
        for one in held:
            one.clear()
