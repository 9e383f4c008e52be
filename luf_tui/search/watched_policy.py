"""A policy whose writes are watched: into its own regions, and where the kernel's batches count."""

from __future__ import annotations

import inspect
from collections.abc import Callable
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


def hooks(kind: type[Policy]) -> list[str]:
    """The methods of a policy that the engine asks, by name."""
    methods = inspect.getmembers(Policy, inspect.isfunction)
    names = [name for name, _ in methods if not name.startswith("_") and name not in NO_HOOKS]
    return [name for name in names if inspect.isfunction(getattr(kind, name))]


def watched(policy: Policy, machine: Machine, guards: set[str]) -> Policy:
    """The same policy, with what it remembers, on a machine that raises Trespass for what it may
    not write; the guards that it is asked for are added to `guards`.
    """
    cells = machine.cells
    assert isinstance(cells, WatchedCells)
    kind = type(policy)
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

    def asked(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def hook(self: Policy, *args: Any, **named: Any) -> Any:
            if cells.permitted is not None:
                return method(self, *args, **named)
            cells.permitted = own
            try:
                return method(self, *args, **named)
            except Forbidden as error:
                raise told(name, error.cell) from None
            finally:
                cells.permitted = None

        return hook

    def has(self: Policy, guard: Guard) -> bool:
        guards.add(guard.name)
        return kind.has(self, guard)

    members: dict[str, Any] = {name: asked(name, getattr(kind, name)) for name in hooks(kind)}
    members["has"] = has
    found: Policy = object.__new__(type(kind.__name__, (kind,), members))
    found.__dict__ = policy.__dict__
    return found
