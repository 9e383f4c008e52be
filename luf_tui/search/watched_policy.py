"""A policy whose writes are watched: into its own regions, and where the kernel's batches count."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from luf_tui.errors import LufError
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import Mm
from luf_tui.machine.watched_cells import Forbidden, WatchedCells
from luf_tui.policy.base import Policy
from luf_tui.policy.guard import Guard

COUNTED = (Mm.tlb_gen, Mm.batched_pending, Mm.batched_flushed)
"""What noting a flush for later counts up (set_tlb_ubc_flush_pending())."""
NO_HOOKS = ("has", "regions", "power_on")
"""Methods that do not answer a question of the engine's about a machine at work."""


class Trespass(LufError):
    """A policy writes what is not its own."""


def hooks() -> list[str]:
    """The methods of a policy that the engine asks, by name."""
    methods = inspect.getmembers(Policy, inspect.isfunction)
    return [name for name, _ in methods if not name.startswith("_") and name not in NO_HOOKS]


def _own_or_of(kind: type[Policy], policy: Policy, name: str) -> Any:
    """A hook as the policy has it: a method of any sort, or what stands in its place."""
    if name in policy.__dict__:
        return policy.__dict__[name]
    found = inspect.getattr_static(kind, name)
    return found.__get__(policy, type(policy)) if hasattr(found, "__get__") else found


def watched(policy: Policy, machine: Machine, guards: set[str]) -> Policy:
    """The same policy, with what it remembers, on a machine that raises Trespass for what it may
    not write; the guards that it is asked for are added to `guards`.
    """
    cells = machine.cells
    assert isinstance(cells, WatchedCells)
    kind = type(policy)
    for name, value in vars(policy).items():
        if isinstance(value, Machine):
            raise Trespass(
                f"policy {policy.name}: it keeps a machine in `self.{name}`; every hook is given "
                "the one that it is asked about"
            )
    own = bytearray(len(cells.values))
    for spec in policy.regions(machine.config):
        region = machine.regions[spec.name]
        own[region.base : region.base + len(region) * region.size] = bytes(
            [1] * (len(region) * region.size)
        )
    for mm in machine.mm:
        for declared in COUNTED:
            own[mm.base + declared.offset] = 1

    def told(hook: str, cell: int) -> Trespass:
        place = machine.locate(cell)
        record: Any = machine.regions[place.region][place.index]
        what = f"{machine.regions.name_of(record)} {place.field.name}"
        return Trespass(
            f"policy {policy.name}: {hook}() writes {what}; a policy writes its own regions and "
            "answers, and the engine does the rest"
        )

    def asked(name: str) -> Any:
        def hook(method: Callable[..., Any], *args: Any, **named: Any) -> Any:
            if cells.permitted is not None:
                return method(*args, **named)
            cells.permitted = own
            try:
                return method(*args, **named)
            except Forbidden as error:
                raise told(name, error.cell) from None
            finally:
                cells.permitted = None

        # A property comes before what an object has under that name; a function would not.
        return property(lambda self: partial(hook, _own_or_of(kind, self, name)))

    def has(self: Policy, guard: Guard) -> bool:
        guards.add(guard.name)
        return kind.has(self, guard)

    members: dict[str, Any] = {name: asked(name) for name in hooks()}
    members["has"] = has
    found: Policy = object.__new__(type(kind.__name__, (kind,), members))
    found.__dict__ = policy.__dict__
    for slot in (name for one in kind.__mro__ for name in _slots(one)):
        if hasattr(policy, slot):
            setattr(found, slot, getattr(policy, slot))
    return found


def _slots(kind: type) -> tuple[str, ...]:
    said = vars(kind).get("__slots__", ())
    return (said,) if isinstance(said, str) else tuple(said)
