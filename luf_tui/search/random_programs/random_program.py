"""Random programs from a seed: crowded machines where pages change hands all the time.

Most programs are made of scenes: a page is used, taken away, and used again before all is settled.
A scene dwells on one page. Some CPUs touch it, something is done about it, often stopped half-way,
other things happen meanwhile, memory changes hands, and everybody looks at the page once more. Such
a program does only some of all that can be done, so that those few things meet one another. The
others are single lines, in which anything may follow anything.

What is done, by whom, and on what kind of machine is drawn from a seed; nothing knows of a guard.
"""

from __future__ import annotations

from random import Random

from luf_tui.script.program import Op, Program
from luf_tui.script.values import Place, Rights
from luf_tui.script.verbs.by_cpu import Run
from luf_tui.script.verbs.by_process import Mmap
from luf_tui.search.random_programs.acts import ACTS, ANY, UNMAPPERS, Act, remap
from luf_tui.search.random_programs.draft import Draft, op
from luf_tui.search.random_programs.machines import (
    APP,
    APP1,
    APP2,
    DATA,
    ELSE,
    HEAP,
    HELPERS,
    SHM,
    TEXT,
    USERS,
    some_machine,
)

LENGTH = 40
"""Operations of a program after its set-up, where nothing else is asked for."""
SINGLE_LINES = 1 / 8
"""How many programs are not made of scenes."""


def random_program(seed: int, length: int = LENGTH, **settings: object) -> Program:
    """A program of `length` operations after the set-up, the same for the same seed; a shorter one
    is the beginning of a longer one.

    `settings` are those of the machine that are not to be drawn, by their field of MachineConfig.
    """
    rng = Random(seed)  # noqa: S311  # repeatable, not secret
    config, favoured = some_machine(rng, settings)
    single = rng.random() < SINGLE_LINES
    kinds = rng.choices(ACTS, [weight for _, weight, _ in ACTS], k=rng.choice([1, 2, 3, 5]))
    kinds += [kind for kind in ACTS if kind[0].__name__ in favoured and rng.random() < 0.7]
    acts = [act for act, _, _ in kinds]
    about = rng.choice(kinds)[2] if rng.random() < 0.7 else ANY
    hot = tuple(rng.choice(about) for _ in range(rng.choice([1, 1, 2, 3])))
    unmap = rng.choice(UNMAPPERS)
    halts, stores = rng.choice([0, 0.2, 0.5]), rng.choice([0.05, 0.3, 0.6])
    draft = Draft(rng, config, _some_helpers(rng), _some_users(rng), hot, halts, stores)
    setup = _some_setup(draft)
    while len(draft.ops) < length:
        if single:
            _line(draft)
        else:
            _scene(draft, unmap, acts)
    items = (*setup, *draft.ops[:length])
    return Program(f"random {seed}", "random", "", config, "luf", (), items)


def _line(d: Draft) -> None:
    """An access, memory that changes hands, or anything else that can be done."""
    d.mm = d.rng.choice([mm for _, mm in d.owners() if mm in (APP, ELSE)])
    d.vpn = d.rng.choice(d.hot)
    draw = d.rng.random()
    if draw < 0.55:
        d.look()
    elif draw < 0.7:
        d.take()
    else:
        d.rng.choices(ACTS, [weight for _, weight, _ in ACTS])[0][0](d)


def _scene(d: Draft, unmap: Act, acts: list[Act]) -> None:
    """Use, disturb, reuse, look."""
    d.mm = d.rng.choice([mm for _, mm in d.owners() if mm in (APP, ELSE)])
    d.vpn = d.rng.choice(d.hot)
    if (d.mm, d.vpn) in d.lost and d.chance(0.8):
        remap(d)
    both = d.chance(0.3)
    for task, mm in d.owners():
        if d.free(task) and (both or mm == d.mm) and d.chance(0.8):
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


def _some_users(rng: Random) -> tuple[int, ...]:
    """Threads of the first process, and others."""
    some, tasks = rng.choice([0.15, 0.5]), list(USERS)
    chosen = {task for task in tasks if rng.random() < (0.9 if task in tasks[:2] else some)}
    return tuple(sorted(chosen | {rng.choice(tasks[:3])}))


def _some_helpers(rng: Random) -> tuple[int, ...]:
    """Tasks of the kernel, mostly where no process runs."""
    return rng.choice([HELPERS[:2], HELPERS[:3], HELPERS[::2], HELPERS])


def _mapping(mm: int, vpn: int, *, write: bool, shared: bool, pages: int = 2) -> Op:
    file_page = vpn % 2 if TEXT <= vpn < SHM else -1
    rights = Rights(write=write, shared=shared, may_write=write or not shared)
    return op(-1, -1, Mmap(file_page, rights, Place(mm, vpn, pages)))


def _some_setup(d: Draft) -> tuple[Op, ...]:
    """Private memory, two mappings of the file, and shared memory, in each of two processes."""
    made = []
    for mm in (APP, ELSE):
        shared, write = bool(d.rng.randrange(2)), bool(d.rng.randrange(2))
        made += [
            _mapping(mm, HEAP, write=True, shared=False),
            _mapping(mm, TEXT, write=False, shared=shared),
            _mapping(mm, DATA, write=write, shared=True),
            _mapping(mm, SHM, write=True, shared=True, pages=1),
        ]
    first = [op(-1, d.cpu(task), Run(task)) for task in (APP1, APP2)]
    return (*made, *first)
