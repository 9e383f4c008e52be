"""What a kind of event is, and what its arguments are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ARGS: Final = 5
"""Arguments that an event has room for."""
LOUD: Final = 200
"""Kinds ranked below are told before what an access got: what failed, and what deferring did."""
QUIET: Final = 900
"""Kinds ranked from here on belong to the script: they say nothing of what a micro-step did."""

MEANING: Final[Mapping[str, str]] = {
    "batch": "batch", "buddy": "frame", "child": "mm", "content": "content", "cpu": "cpu",
    "ctx": "context", "dropped": "translations", "finding": "finding", "flags": "flags",
    "generation": "number", "held": "verdict", "item": "item", "key": "number", "mask": "cpus",
    "mm": "mm", "nth": "number", "order": "number", "page": "file page", "pages": "pages",
    "pfn": "frame", "pins": "pins", "reason": "reason", "refusal": "refusal", "sender": "cpu",
    "source": "frame", "target": "frame", "task": "task", "to": "number", "use": "use",
    "vpn": "virtual page", "why": "reason", "write": "access",
}  # fmt: skip
"""What the number is that an argument of this name holds."""


class Kind(int):
    """A kind of event, which is its number in the log, and all that is known about it.

    Each argument is an attribute as well: its place among the arguments, `READ.content` is 3.
    """

    name: str
    args: tuple[str, ...]
    student: str
    """What it means, over the names of arguments, `cpu`, and `page` where it has a `vpn`."""
    frameless: str
    """The same for an event that is about no frame, where that can be; or empty."""
    frameless_kernel: str
    """What it is to a kernel developer when it is about no frame, where that differs; or empty."""
    kernel: str
    """What it is to a kernel developer, and the function of Linux 6.14 with the v12 patches."""
    rank: int
    """Of several events, the one with the lowest rank is told. No two kinds have the same."""
    role: str
    """How it is shown, glyph and colour, as `ROLES` of the view has it; or empty."""
    counts: str
    """The counter that it adds one to, as `Counters` has it; or empty."""
    cost: str
    """What it costs its CPU, as the machine's `Costs` have it; empty where it is not one price."""

    def __getattr__(self, name: str) -> int:
        """Only names that are no argument come here. Raises AttributeError with those that are."""
        known = " ".join(vars(self).get("args", ())) or "none"
        raise AttributeError(f"no argument '{name}'; there is {known}")

    def __repr__(self) -> str:
        return f"<Kind {self.name}>"


DECLARED: Final[list[Kind]] = []
"""Every kind, by number."""


def kind(
    name: str,
    args: str,
    *,
    rank: int,
    student: str,
    kernel: str,
    frameless: str = "",
    frameless_kernel: str = "",
    role: str = "",
    counts: str = "",
    cost: str = "",
) -> Kind:
    """Declare a kind; `args` are names that MEANING knows."""
    made = Kind(len(DECLARED))
    made.name, made.args = name, tuple(args.split())
    made.student, made.frameless, made.kernel = student, frameless, kernel
    made.frameless_kernel = frameless_kernel
    made.rank, made.role, made.counts, made.cost = rank, role, counts, cost
    assert len(made.args) <= ARGS, f"{name} has too many arguments"
    assert set(made.args) <= MEANING.keys(), f"{name} has arguments without a meaning"
    vars(made).update({argument: place for place, argument in enumerate(made.args)})
    DECLARED.append(made)
    return made
