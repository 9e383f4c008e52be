"""What programs may expect of memory: what they stored, mapped and were allowed, by address.

The oracle's own record (`Promise` an address, `FileBytes` a position of a file), kept from what
programs ask for and from what they get. It asks neither page tables nor TLBs nor frames. Accesses
are judged as linearizability wants it (Herlihy and Wing, 1990): an operation over a range counts
once for each page, and takes effect for each CPU at a moment of its own between its begin and its
end, never going back. What the kernel does on its own account (reclaim, migration, KSM, writeback)
is no operation: nobody may notice it.

While an operation is in flight, `Before` keeps what an address was. A CPU may find it so until it
has seen what came after. Where a store beside such an operation may have come before it or after
it, both outcomes stand in `Held` until somebody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Region
from luf_tui.machine.schema import (
    LAYERS,
    Before,
    Context,
    FileBefore,
    FileBytes,
    FilePage,
    Held,
    Mm,
    Promise,
    Shadow,
    Window,
)
from luf_tui.oracle.before import drop, is_open, keep, kept
from luf_tui.oracle.bytes_held import ZEROS, add, contents, forget, has, put
from luf_tui.oracle.obligations import unsaved
from luf_tui.oracle.pinned_bytes import Pins

OF_A_DRIVER = 2
"""Shadow.mapped, of memory that a driver maps by frame number."""
ASKED = frozenset(
    (
        *(ev.MMAP, ev.MUNMAP, ev.MREMAP, ev.MPROTECT, ev.DONTNEED, ev.LAZY_FREE, ev.GUARD),
        *(
            ev.UNGUARD,
            ev.SOFT_DIRTY,
            ev.PUT,
            ev.HAND_OVER,
            ev.FORK,
            ev.WRITE_FILE,
            ev.RESIZE,
            ev.INVALIDATE,
        ),
        *(ev.MAP_FRAME, ev.REVOKE, ev.FAULT),
        *(ev.HOLD, ev.REGISTER, ev.RELEASE, ev.DIRECT, ev.DIRECT_WRITE, ev.DIRECT_STALE),
        ev.END,
    )
)
"""Kinds of events by which an operation of a program begins to count, and is over."""
Place: TypeAlias = "Before | Promise"
Args: TypeAlias = Mapping[str, int]


class Promises:
    """The promises of one machine: told of each event in turn, asked about each access."""

    def __init__(self, machine: Machine) -> None:
        self.m = machine
        regions = machine.regions
        self.promise: Region[Promise] = regions["promise"]
        self.before: Region[Before] = regions["before"]
        self.file_bytes: Region[FileBytes] = regions["file_bytes"]
        self.file_before: Region[FileBefore] = regions["file_before"]
        self.window: Region[Window] = regions["window"]
        self.pins = Pins(machine, self) if machine.config.pinned_io else None
        """What is expected through pins, on a machine where pages are used so."""
        self._told: dict[int, Callable[[Context, Args], None]] = {
            ev.MMAP: self._mmap,
            ev.MUNMAP: self._munmap,
            ev.MREMAP: self._mremap,
            ev.MPROTECT: self._mprotect,
            ev.DONTNEED: self._dontneed,
            ev.LAZY_FREE: self._lazy_free,
            ev.GUARD: self._guard,
            ev.UNGUARD: self._unguard,
            ev.SOFT_DIRTY: self._soft_dirty,
            ev.PUT: self._put,
            ev.HAND_OVER: self._hand_over,
            ev.FORK: self._fork,
            ev.WRITE_FILE: self._write_file,
            ev.RESIZE: self._resize,
            ev.INVALIDATE: self._invalidate,
            ev.MAP_FRAME: self._map_frame,
            ev.REVOKE: self._revoke,
            ev.FAULT: self._fault,
        }
        if self.pins:
            self._told.update(self.pins.told())

    # -- where things are -------------------------------------------------------------------

    def at(self, mm: int, vpn: int) -> Promise:
        """The promise about an address."""
        return self.promise[mm * self.m.config.pages + vpn]

    def befores(self, address: Promise) -> list[Before]:
        """What an address was before the operations in flight, the oldest first."""
        return kept(self.before, address)

    def file_befores(self, page: FilePage) -> list[FileBefore]:
        """What a position of a file was before the operations in flight, the oldest first."""
        return kept(self.file_before, page)

    def _file(self, page: FilePage) -> FileBytes:
        return self.file_bytes[page.index]

    def _of_file(self, world: Shadow) -> FilePage | None:
        """The position whose bytes an address has, if it has none of its own."""
        return None if world.own else world.file_page

    def actor(self, cpu: int) -> Context:
        """Whose operation an event is part of."""
        task = self.m.cpu[cpu].task if cpu >= 0 else None
        return self.m.task_ctx(task) if task else self.m.boot_ctx

    # -- accesses -----------------------------------------------------------------------------

    def read(self, mm: int, vpn: int, cpu: int, content: int) -> bool:
        """Whether a load may get these bytes; a device is the CPU after the last. What it tells
        about stores that were open is kept.
        """
        address = self.at(mm, vpn)
        befores = self.befores(address)
        worlds: list[Place] = [*befores, address]
        for world in worlds:
            giver = self._giver(world, cpu, content) if is_open(world, cpu) else None
            if giver is None:
                continue
            self._saw(befores, world, cpu)
            page = self._of_file(giver)
            if page is not None:
                self._read_file(page, cpu, content)
            elif giver is address:
                self._settle(address, content)
            return True
        return False

    def places(self, mm: int, vpn: int, cpu: int) -> list[Place]:
        """Where a store may go: to the address as it was before operations in flight, or as it is
        now, and where the bytes of those worlds are by now. Nowhere, if it is not allowed.
        """
        address = self.at(mm, vpn)
        worlds: list[Place] = [*self.befores(address), address]
        taking = [world for world in worlds if is_open(world, cpu) and self._takes(world, cpu)]
        return list(dict.fromkeys(place for one in taking for place in self._bytes_of(one, cpu)))

    def store(self, mm: int, vpn: int, cpu: int, content: int) -> None:
        """A store that is allowed has been made."""
        places = self.places(mm, vpn, cpu)
        for place in places:
            self.store_in(place, cpu, content, sure=len(places) == 1)
        address = self.at(mm, vpn)
        if not any(self._takes(one, cpu) for one in self.befores(address) if is_open(one, cpu)):
            self._saw(self.befores(address), address, cpu)
        self._forked_store(mm, vpn, cpu, content)

    def beside(self, mm: int, vpn: int, cpu: int) -> bool:
        """Whether an operation in flight may not have taken effect at an address for a CPU."""
        return any(is_open(one, cpu) for one in self.befores(self.at(mm, vpn)))

    def may_vanish(self, place: Place, cpu: int) -> bool:
        """Whether an operation in flight may throw away what a CPU stores there: never what goes to
        a file, unless that is being cut.
        """
        if place.shared and place.file_page:
            return any(is_open(one, cpu) for one in self.file_befores(place.file_page))
        return isinstance(place, Before) or place.freeing is not None

    def forks(self, mm: int, vpn: int) -> bool:
        """Whether a fork in flight copies an address."""
        return any(
            (parent := self.at(other.index, vpn).parent) is not None and parent.index == mm
            for other in self.m.mm
        )

    def may_arrive(self, page: int, content: int) -> bool:
        """Whether these bytes may reach the disk as those of a position of a file."""
        where = self.m.file_page[page]
        if self.m.past_the_end(where) or has(self._file(where), content):
            return True
        return any(has(layer, content) for layer in self.file_befores(where))

    def elsewhere(self, mm: int, vpn: int, content: int) -> Promise | None:
        """Some other address that has these bytes, which then this one never had."""
        here = self.at(mm, vpn)
        others = (one for one in self.promise if one.own and one is not here)
        return next((one for one in others if has(one, content)), None)

    def expected(self, mm: int, vpn: int) -> list[int]:
        """The contents that a load may find now, the likeliest first; none where it is refused."""
        address = self.at(mm, vpn)
        page = self._of_file(address)
        if not address.read or (page is not None and self.m.past_the_end(page)):
            return []
        return list(dict.fromkeys(self.contents_of(address)))

    # -- what a world gives and takes -----------------------------------------------------------

    def _place(self, world: Place) -> Place:
        """Where the bytes of a world are now; only rights or the address may have changed."""
        return world.to or world if isinstance(world, Before) else world

    def _bytes_of(self, world: Place, cpu: int) -> list[Place]:
        """Where a CPU finds the bytes of a world: where they are now, or where they were there
        before later operations in flight.
        """
        place = self._place(world)
        if world is place or not isinstance(place, Promise):
            return [place]
        here = world.index // LAYERS == place.index
        later = [one for one in self.befores(place) if not here or one.index > world.index]
        return [place, *(one for one in later if one.to is not place and is_open(one, cpu))]

    def _giver(self, world: Place, cpu: int, content: int) -> Place | None:
        """Where a CPU finds these bytes that looks at a world: where its bytes are now, or as they
        were; None where it finds others, or may not look.
        """
        places = (*self._bytes_of(world, cpu), world) if world.read else ()
        return next((one for one in places if self.holds(one, cpu, content)), None)

    def holds(self, world: Shadow, cpu: int, content: int) -> bool:
        """Whether a CPU may find these bytes in a world, if it may look."""
        if world.vague or world.mapped == OF_A_DRIVER:
            return True
        page = self._of_file(world)
        if page is not None:
            held = self._file(page)
            now = has(held, content) or held.remote == content
            if now and not self.m.past_the_end(page):
                return True
            return self._file_held(page, cpu, content)
        if world.home:
            return has(world.home, content)
        if world.own:
            return has(world, content) or (bool(world.lazy) and self._given_up(world, cpu, content))
        return content == ZEROS

    def _given_up(self, world: Shadow, cpu: int, content: int) -> bool:
        """Whether a CPU may find these bytes where a world has none of its own any more."""
        page = world.file_page
        if page is None:
            return content == ZEROS
        return has(self._file(page), content) or self._file_held(page, cpu, content)

    def _file_held(self, page: FilePage, cpu: int, content: int) -> bool:
        return any(has(one, content) for one in self.file_befores(page) if is_open(one, cpu))

    def file_holds(self, page: FilePage, content: int) -> bool:
        """Whether a position of a file may hold these bytes for a device, also past its end."""
        return has(self._file(page), content) or self._file_held(page, self.m.config.cpus, content)

    def contents_of(self, world: Shadow) -> list[int]:
        """What the bytes of a world may be, whatever it grants."""
        page = self._of_file(world)
        if page is not None:
            return contents(self._file(page))
        held: Held = world.home or world
        if not world.own and not world.home:
            return [ZEROS]
        if world.lazy and world.file_page:
            return contents(held) + contents(self._file(world.file_page))
        return contents(held) + [ZEROS] * bool(world.lazy)

    def _takes(self, world: Shadow, cpu: int) -> bool:
        if not world.write or (world.guarded and not world.lazy):
            return False
        page = self._of_file(world)
        if page is None or not self.m.past_the_end(page):
            return True
        return any(is_open(one, cpu) for one in self.file_befores(page))

    def store_in(self, world: Shadow, cpu: int, content: int, *, sure: bool) -> None:
        """A store to what a world is has been made; where it is not `sure`, perhaps elsewhere."""
        if world.mapped == OF_A_DRIVER:
            return
        page = world.file_page if world.shared else None
        if page is not None:
            self.store_in_file(page, cpu, content, sure=sure)
            return
        if self.pins and isinstance(world, Before):
            self.pins.stored_before(world, content)
        cut = world.file_page is not None and self.m.past_the_end(world.file_page)
        if cut and not world.own and isinstance(world, Promise):
            return
        held_by: Held = world.home or world
        if held_by is world and not world.own:
            perhaps = bool(world.file_page) and not sure
            put(world, content if perhaps else ZEROS)
            world.own, world.lazy = 1, int(perhaps)
        if world.lazy:
            world.guarded = 0  # a page that reclaim dropped took its mark with it
        freeing = isinstance(world, Promise) and world.freeing is not None
        if sure and not freeing:
            put(held_by, content)
            world.lazy = 0
        else:
            add(held_by, content)
            world.lazy = int(bool(world.lazy) or freeing)

    def store_in_file(self, page: FilePage, cpu: int, content: int, *, sure: bool) -> None:
        """A store to a page of a file has been made."""
        if self.pins:
            self.pins.file_got(page, content)
        self._copied(page, content)
        layers = [one for one in self.file_befores(page) if is_open(one, cpu)]
        for layer in layers:
            add(layer, content)
        held = self._file(page)
        if self.m.past_the_end(page):
            return
        if sure and not layers:
            put(held, content)
            held.remote = content
        else:
            add(held, content)

    def store_through(self, address: Promise, content: int, *, sure: bool) -> None:
        """A store through a pin to the page of an address has been made."""
        device = self.m.config.cpus
        befores = self.befores(address)
        for layer in befores:
            if layer.to is not address:
                self.store_in(layer.to or layer, device, content, sure=False)
        self.store_in(address, device, content, sure=sure and not befores)
        mm, vpn = divmod(address.index, self.m.config.pages)
        self._forked_store(mm, vpn, device, content)

    def _forked_store(self, mm: int, vpn: int, cpu: int, content: int) -> None:
        """A fork in flight may copy what is stored, or not."""
        for other in self.m.mm:
            child = self.at(other.index, vpn)
            if child.parent is not None and child.parent.index == mm and not child.shared:
                self.store_in(child, cpu, content, sure=False)

    # -- what an access tells -------------------------------------------------------------------

    def _saw(self, befores: list[Before], world: Shadow, cpu: int) -> None:
        """A CPU has seen a world: it goes back to none that was before it."""
        if cpu >= self.m.config.cpus:
            return
        for one in befores:
            if one is world:
                return
            one.seen |= 1 << cpu

    def _settle(self, address: Promise, content: int) -> None:
        """Bytes of an address were read: it is known now which of several stores came last."""
        held: Held = address.home or address
        if not address.own and not address.home:
            return
        gone = bool(address.lazy) and self._given_up(address, self.m.config.cpus, content)
        if not has(held, content):
            if gone:
                forget(address)
        elif address.lazy and address.file_page:
            if not gone:
                put(held, content)
                address.lazy = 0
        elif not address.lazy or content == ZEROS:
            put(held, content)

    def _read_file(self, page: FilePage, cpu: int, content: int) -> None:
        """Bytes of a file were read through one of its mappings."""
        held = self._file(page)
        layers = self.file_befores(page)
        if any(has(one, content) for one in layers if is_open(one, cpu)):
            return
        if cpu < self.m.config.cpus:
            for one in layers:
                one.seen |= 1 << cpu
        put(held, content)

    # -- what programs ask for --------------------------------------------------------------------

    def tell(self, kind: int, cpu: int, args: Args) -> None:
        """An event of the log: the operations of programs among them change what is promised."""
        if kind == ev.END:
            self._over(self.m.ctx[args["ctx"]])
            return
        told = self._told.get(kind)
        if told is not None:
            told(self.actor(cpu), args)

    def _range(self, args: Args) -> Iterator[Promise]:
        first = self.at(args["mm"], args["vpn"]).index
        yield from self.promise[first : first + args["pages"]]

    def _mmap(self, actor: Context, args: Args) -> None:
        for address in self._range(args):
            self._vacate(address)
            self._take_rights(address)
            vma = self.m.vma[address.index]
            address.mapped, address.shared = vma.mapped, vma.shared
            address.file_page = vma.file_page

    def _map_frame(self, actor: Context, args: Args) -> None:
        address = self.at(args["mm"], args["vpn"])
        self._vacate(address)
        address.mapped, address.shared = OF_A_DRIVER, 1
        address.read = address.write = int(args["pfn"] >= 0)

    def _revoke(self, actor: Context, args: Args) -> None:
        """Who accesses it from now on gets SIGBUS."""
        address = self.at(args["mm"], args["vpn"])
        if address.mapped == OF_A_DRIVER:
            self._keep(address, actor)
            address.read = address.write = 0

    def _fault(self, actor: Context, args: Args) -> None:
        """A store that has to fault makes a private copy of a file's page, perhaps, even if it is
        refused in the end.
        """
        address = self.at(args["mm"], args["vpn"])
        page = self._of_file(address)
        if page is None or not args["write"] or address.shared or not address.write:
            return
        for declared in Held.FIELDS:
            declared.write(address, declared.raw(self._file(page)))
        address.own = address.lazy = 1

    def _copied(self, page: FilePage, content: int) -> None:
        """Bytes that a file has got may be in a copy that is being made."""
        for address in self.promise.holding(Promise.file_page, page):
            if address.lazy and not address.shared:
                add(address, content)

    def _munmap(self, actor: Context, args: Args) -> None:
        for address in self._range(args):
            if address.mapped:
                self._keep(address, actor)
            self._vacate(address)

    def _mremap(self, actor: Context, args: Args) -> None:
        target = self.at(args["mm"], args["to"]).index
        for address in [*self._range(args)]:
            self._move(address, self.promise[target], actor)
            self._vacate(address)
            target += 1

    def _mprotect(self, actor: Context, args: Args) -> None:
        for address in self._range(args):
            vma = self.m.vma[address.index]
            taken = (address.read and not vma.prot_read) or (address.write and not vma.prot_write)
            if taken:
                self._keep(address, actor, to=address)
            for layer in self.befores(address):  # what is given counts for what goes, too
                layer.read |= vma.prot_read
                layer.write |= vma.prot_write
            self._take_rights(address)

    def _dontneed(self, actor: Context, args: Args) -> None:
        for address in self._range(args):
            if address.mapped and address.shared:
                self._keep(address, actor, to=address)
            elif address.mapped:
                self._keep(address, actor)
                self._part(address)
                forget(address)

    def _lazy_free(self, actor: Context, args: Args) -> None:
        for address in self._range(args):
            if not address.mapped or address.shared or address.file_page:
                continue
            address.freeing = actor
            self.window[actor.index].open += 1
            if address.own:
                address.lazy = 1

    def _guard(self, actor: Context, args: Args) -> None:
        """Only where there is a page for certain: the kernel marks no PTE where there is none."""
        for address in self._range(args):
            self._keep(address, actor, to=address)
            if address.own and not address.lazy:
                address.guarded = 1

    def _unguard(self, actor: Context, args: Args) -> None:
        for address in self._range(args):
            for one in (address, *self.befores(address)):
                one.guarded = 0

    def _soft_dirty(self, actor: Context, args: Args) -> None:
        """A store that comes after has to fault first."""
        for address in self._range(args):
            if address.write:
                self._keep(address, actor, to=address)

    def _put(self, actor: Context, args: Args) -> None:
        address = self.at(args["mm"], args["vpn"])
        self._keep(address, actor)
        self._part(address)
        forget(address)
        put(address, args["content"])
        address.own = 1
        address.lazy = int(self._may_lose(address, actor))

    def _hand_over(self, actor: Context, args: Args) -> None:
        source, target = self.at(args["mm"], args["vpn"]), self.at(args["mm"], args["to"])
        rights = target.read, target.write
        self._move(source, target, actor)
        target.read, target.write = rights
        forget(source)

    def _fork(self, actor: Context, args: Args) -> None:
        parent: Mm = self.m.mm[args["mm"]]
        for vpn in range(self.m.config.pages):
            source, child = self.at(parent.index, vpn), self.at(args["child"], vpn)
            for declared in Shadow.FIELDS:
                declared.write(child, declared.raw(source))
            child.guarded = 0
            if not source.mapped:
                continue
            if source.shared:
                if not source.file_page:
                    source.home = source.home or source
                    child.home = source.home
                continue
            child.parent, child.forker = parent, actor
            self.window[actor.index].open += 1

    def _write_file(self, actor: Context, args: Args) -> None:
        held = self.file_bytes[args["page"]]
        page = self.m.file_page[args["page"]]
        if self.pins:
            self.pins.file_got(page, args["content"])
        self._copied(page, args["content"])
        if args["pfn"] >= 0:
            put(held, args["content"])
        held.remote = args["content"]

    def _resize(self, actor: Context, args: Args) -> None:
        """What is cut off reads as zeros if the file grows again; private copies of it go, too."""
        inode = self.m.inode_of(self.m.file_page[args["page"]])
        whole = self.m.config.files[inode.index]
        for number in range(whole.first + args["pages"], whole.first + whole.pages):
            page = self.m.file_page[number]
            self.keep_file(page, actor)
            held = self._file(page)
            self._dropped(page)
            if self.pins:
                self.pins.file_got(page, ZEROS)
            put(held, ZEROS)
            held.remote = ZEROS
            for address in self.promise:
                if address.mapped and not address.shared and address.file_page is page:
                    self._keep(address, actor)
                    forget(address)

    def _invalidate(self, actor: Context, args: Args) -> None:
        """What a server has put there is read from now on. If there were stores here, too, that are
        not written out, one of both is lost: the kernel does not say which.
        """
        for number in range(args["page"], args["page"] + args["pages"]):
            page = self.m.file_page[number]
            held = self._file(page)
            self._dropped(page)
            if held.remote == held.value:
                continue
            if self.pins:
                self.pins.file_got(page, held.remote)
            self.keep_file(page, actor)
            if page.frame and not unsaved(page.frame):
                add(held, held.remote)
            else:
                put(held, held.remote)

    def _dropped(self, page: FilePage) -> None:
        """The page cache may lose its page of a position."""
        if self.pins:
            self.pins.part_from_file(page)

    # -- windows ----------------------------------------------------------------------------------

    def _keep(self, address: Promise, actor: Context, to: Promise | None = None) -> None:
        """An operation in flight changes an address: what it was may be found a while longer. Its
        bytes go to `to`, and so does what is stored there meanwhile; to nowhere, if there is none.
        """
        if not address.read and not address.write:
            return
        self.window[actor.index].open += 1
        layer = keep(self.before, address, Shadow.FIELDS, actor)
        if layer is not None:
            layer.to = to

    def keep_file(self, page: FilePage, actor: Context) -> None:
        """An operation in flight changes a position of a file: what it held may be found a while
        longer.
        """
        self.window[actor.index].open += 1
        keep(self.file_before, self._file(page), Held.FIELDS, actor)

    def _over(self, ctx: Context) -> None:
        """An operation has returned: nobody may find anything as it was before it."""
        window = self.window[ctx.index]
        if not window.open:
            return
        window.open = 0
        if self.pins:
            self.pins.over(ctx)
        for layer in [*self.before.holding(Before.owner, ctx)]:
            address = self.promise[layer.index // LAYERS]
            drop(self.before, layer, Shadow.FIELDS, address)
        for place in [*self.file_before.holding(FileBefore.owner, ctx)]:
            held = self.file_bytes[place.index // LAYERS]
            drop(self.file_before, place, Held.FIELDS, held)
        for address in [*self.promise.holding(Promise.freeing, ctx)]:
            address.freeing = None
        for address in [*self.promise.holding(Promise.forker, ctx)]:
            address.forker = address.parent = None
            if not self.m.vma[address.index].mapped:
                self._vacate(address)

    # -- changes of one address -------------------------------------------------------------------

    def _take_rights(self, address: Promise) -> None:
        vma = self.m.vma[address.index]
        address.read, address.write = vma.prot_read, vma.prot_write

    def _part(self, address: Promise) -> None:
        if self.pins:
            self.pins.part(address)

    def _vacate(self, address: Promise) -> None:
        """Nothing is at an address any more. Bytes that others share stay with one of them."""
        if address.home is address:
            others = list(self.promise.holding(Promise.home, address))
            others.remove(address)
            for layer in [*self.before.holding(Before.home, address)]:
                self._outlive(layer, address, others[0] if others else None)
            if others:
                heir = others[0]
                for declared in Held.FIELDS:
                    declared.write(heir, declared.raw(address))
                for one in others:
                    one.home = heir
                if self.pins:
                    self.pins.move(address, heir)
        self._part(address)
        for declared in Shadow.FIELDS:
            declared.write(address, 0)

    def _outlive(self, layer: Before, home: Promise, heir: Promise | None) -> None:
        """What an address was before an operation in flight had its bytes at a place that is given
        up: they are with the heir now, or with nobody else any more.
        """
        layer.home = heir
        if heir is None:
            layer.own = 1
            for declared in Held.FIELDS:
                declared.write(layer, declared.raw(home))

    def _move(self, source: Promise, target: Promise, actor: Context) -> None:
        """The bytes of an address, and what it may do, go to another one."""
        unsure = self._may_lose(source, actor) or self._may_lose(target, actor)
        earlier = self.befores(source)
        self._keep(source, actor, to=target)
        self._vacate(target)
        for declared in Shadow.FIELDS:
            declared.write(target, declared.raw(source))
        if self.pins:
            self.pins.move(source, target)
        if unsure:
            self._perhaps(target, earlier)
        if source.home is source:
            for one in [*self.promise.holding(Promise.home, source)]:
                one.home = target

    def _may_lose(self, address: Promise, actor: Context) -> bool:
        """Whether an operation of somebody else, in flight, may yet throw away what comes here."""
        befores = self.befores(address)
        return any(one.owner is not actor and self._place(one) is one for one in befores)

    def _perhaps(self, target: Promise, earlier: list[Before]) -> None:
        """What moved here may have been thrown away before, or after, or not at all."""
        if target.shared or target.file_page:
            return
        for one in earlier:
            if one.own:
                for content in contents(one):
                    if target.own:
                        add(target, content)
                    else:
                        put(target, content)
                        target.own = 1
        target.lazy = target.own
