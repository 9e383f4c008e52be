"""Random programs made of scenes: a page is used, taken away, and used again before all is settled.

A scene dwells on one page. Some CPUs touch it, something is done about it, often stopped half-way,
other things happen meanwhile, memory changes hands, and everybody looks at the page once more.
What is done, by whom, and on what kind of machine is drawn from a seed; no scene knows of a guard.
Each program does only some of all that can be done, so that those few things meet one another.
"""

from __future__ import annotations

from random import Random

from attrs import evolve

from luf_tui.script.program import Program
from luf_tui.search.random_programs.acts import ACTS, ANY, UNMAPPERS, Act, remap
from luf_tui.search.random_programs.draft import Draft
from luf_tui.search.random_programs.machines import (
    APP,
    CPU,
    ELSE,
    HELPERS,
    KINDS,
    USERS,
    some_memory,
    some_setup,
)


def scene(d: Draft, unmap: Act, acts: list[Act]) -> None:
    """Use, disturb, reuse, look."""
    d.mm = d.rng.choice([mm for _, mm in d.owners() if mm in (APP, ELSE)])
    d.vpn = d.rng.choice(d.hot)
    if (d.mm, d.vpn) in d.lost and d.chance(0.8):
        remap(d)
    both = d.chance(0.3)
    for task, mm in d.owners():
        here = task not in d.busy and CPU[task] not in d.offline
        if here and (both or mm == d.mm) and d.chance(0.8):
            d.access(task, d.vpn)
    for _ in range(d.rng.choice([1, 2, 2, 3])):
        (unmap if d.chance(0.4) else d.rng.choice(acts))(d)
        if d.busy or d.chance(0.3):
            d.rng.choice([d.look, d.look, d.take])()
    for _ in range(d.rng.choice([0, 0, 1, 2, 3])):
        d.take()
    if d.chance(0.5):
        d.look()
    if d.chance(0.7):
        d.settle()
    d.everybody()


def some_users(rng: Random) -> tuple[int, ...]:
    """Threads of the first process, and others."""
    some, tasks = rng.choice([0.15, 0.5]), list(USERS)
    chosen = {task for task in tasks if rng.random() < (0.9 if task in tasks[:2] else some)}
    return tuple(sorted(chosen | {rng.choice(tasks[:3])}))


def some_helpers(rng: Random) -> tuple[int, ...]:
    """Tasks of the kernel, mostly where no process runs."""
    return rng.choice([HELPERS[:2], HELPERS[:3], HELPERS[::2], HELPERS])


def scene_program(seed: int, length: int = 40) -> Program:
    """A program of `length` operations after the set-up, the same for the same seed."""
    rng = Random(seed)  # noqa: S311  # repeatable, not secret
    settings, names = rng.choice(KINDS)
    config = evolve(some_memory(rng), **settings)  # type: ignore[arg-type]
    kinds = rng.choices(ACTS, [weight for _, weight, _ in ACTS], k=rng.choice([1, 2, 3, 5]))
    kinds += [kind for kind in ACTS if kind[0].__name__ in names and rng.random() < 0.7]
    acts = [act for act, _, _ in kinds]
    about = rng.choice(kinds)[2] if rng.random() < 0.7 else ANY
    hot = tuple(rng.choice(about) for _ in range(rng.choice([1, 1, 2, 3])))
    unmap = rng.choice(UNMAPPERS)
    halts, stores = rng.choice([0, 0.2, 0.5]), rng.choice([0.05, 0.3, 0.6])
    draft = Draft(rng, config, some_helpers(rng), some_users(rng), hot, halts, stores)
    setup = some_setup(rng)
    while len(draft.ops) < length:
        scene(draft, unmap, acts)
    items = (*setup, *draft.ops[:length])
    return Program(f"scenes {seed}", "random", "", config, "luf", (), items)
