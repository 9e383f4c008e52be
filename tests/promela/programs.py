"""The model's litmus programs: what -DPROG=1 and -DPROG=2 put into `prog`, a CPU a line."""

from __future__ import annotations

from tests.promela.client import Program

LITMUS: dict[int, tuple[Program, Program]] = {
    1: (
        (("read", 0), ("read", 0), ("read", 0)),
        (("unmap", 0), ("read", 1), ("write", 1), ("read", 0)),
    ),
    2: (
        (("write", 0), ("unmap", 0), ("read", 1), ("write", 0), ("read", 0)),
        (("read", 0), ("unmap", 1), ("write", 1), ("write", 0), ("read", 1)),
    ),
}

BUGS = {1: "flush-before-reuse", 2: "flush-on-write-fault", 3: "refuse-writable"}
"""-DBUG of the model, and the guard that a policy is without."""
SHORTEST = {1: 5, 2: 7, 3: 5}
"""Actions of each broken variant's shortest counterexample, the failing access included."""
