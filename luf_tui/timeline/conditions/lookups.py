"""From the arguments of a condition to the things it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from luf_tui.machine import events as ev
from luf_tui.machine.schema import Frame, Pte, TlbEntry, Vma
from luf_tui.script.program import Value
from luf_tui.timeline.conditions.moment import Moment
from luf_tui.timeline.open_debts import OpenDebt, debts_of, frames_in_debt

Args: TypeAlias = "Mapping[str, Value]"


def number(args: Args, name: str, default: int = -1) -> int:
    """An argument that is one number."""
    value = args.get(name, default)
    return value if isinstance(value, int) else default


def named(args: Args) -> Args:
    """The arguments with a target told by its page."""
    target = args.get("target")
    if not isinstance(target, tuple) or not target:
        return args
    kind, first, *rest = (n for n in target if isinstance(n, int))
    return {**args, **({"page": first} if kind == 1 else {"mm": first, "vpn": rest[0]})}


def cpus_of(moment: Moment, args: Args) -> range | list[int]:
    """The CPUs asked about: those of a mask, one, or all."""
    mask, cpu = number(args, "mask"), number(args, "cpu")
    if mask >= 0:
        return [n for n in range(moment.machine.config.cpus) if mask >> n & 1]
    return [cpu] if cpu >= 0 else range(moment.machine.config.cpus)


def frame_of(moment: Moment, args: Args) -> Frame | None:
    """The frame asked about: by number, by page of an address space, or by place in a file; the
    one it had last where it has none.
    """
    m = moment.machine
    frame, last = None, None
    if "pfn" in args:
        return m.frame[number(args, "pfn")]
    if "vpn" in args:
        mm, vpn = number(args, "mm"), number(args, "vpn")
        frame, last = m.pte_at(m.mm[mm], vpn).frame, moment.last((ev.UNMAP,), mm=mm, vpn=vpn)
    elif "page" in args:
        page = number(args, "page")
        frame, last = m.file_page[page].frame, moment.last((ev.UNCACHE,), page=page)
    return m.frame[last.args["pfn"]] if last and not frame else frame


def debt_of(moment: Moment, args: Args) -> OpenDebt | None:
    """The debt that the frame asked about waits for; None when it waits for none."""
    frame = frame_of(moment, args)
    waiting = frames_in_debt(debts_of(moment.policy, moment.machine))
    return waiting.get(frame.pfn) if frame else None


def places_of(moment: Moment, args: Args) -> list[tuple[int, int]] | None:
    """The pages of address spaces asked about: one, or every mapping of a place in a file; None
    is all there are.
    """
    if "vpn" in args:
        return [(number(args, "mm"), number(args, "vpn"))]
    if "page" not in args:
        return None
    wanted = moment.machine.file_page[number(args, "page")]
    mapping = moment.machine.vma.holding(Vma.file_page, wanted)
    return [moment.machine.place(vma.index) for vma in mapping]


def entries_of(moment: Moment, args: Args) -> list[TlbEntry]:
    """Cached translations of the pages and on the CPUs asked about."""
    places = places_of(moment, args)
    return [
        entry
        for cpu in cpus_of(moment, args)
        for entry in moment.machine.tlb_of(cpu)
        if entry.mm and (places is None or (entry.mm.index, entry.vpn) in places)
    ]


def ptes_of(moment: Moment, args: Args) -> list[Pte]:
    """Page-table entries of the pages asked about."""
    places = places_of(moment, args)
    if places is None:
        return list(moment.machine.pte)
    m = moment.machine
    return [m.pte_at(m.mm[mm], vpn) for mm, vpn in places]


def page_text(moment: Moment, args: Args) -> str:
    """What a person calls the page asked about."""
    config = moment.machine.config
    if "vpn" in args:
        return config.page_name(number(args, "mm"), number(args, "vpn"))
    return config.file_page_name(number(args, "page")) if "page" in args else "any page"


def mask_of(moment: Moment, kind: int) -> int:
    """CPUs that had an event of a kind in the last operation."""
    mask = 0
    for event in moment.happened((kind,)):
        mask |= 1 << event.cpu
    return mask
