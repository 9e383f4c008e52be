"""Random programs: one place for every hypothesis strategy."""

from __future__ import annotations

from hypothesis import strategies as st

from luf_tui.script.program import Op, Program
from luf_tui.script.values import Block, FileRange, Pages, Place, Rights, Target
from luf_tui.script.verbs import by_cpu, by_kernel, by_process
from luf_tui.search.random_programs.random_program import (
    APP1,
    CONFIG,
    CONTENTS,
    KERNEL,
    KSWAPD,
    OTHER,
    PAGES,
    SETUP,
    USERS,
    op,
)

_vpn = st.integers(0, len(PAGES) - 1)
_content = st.integers(4, len(CONTENTS) - 1)
_user = st.sampled_from(sorted(USERS))
_targets = st.lists(
    st.one_of(
        st.builds(Target, st.just(0), st.integers(0, 2), _vpn),
        st.builds(Target, st.just(1), st.integers(0, 1)),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@st.composite
def _access(draw: st.DrawFn) -> Op:
    task = draw(_user)
    stores = draw(st.booleans())
    where = Pages(CONFIG.tasks[task].mm, draw(_vpn))
    args = by_cpu.Write(where, draw(_content)) if stores else by_cpu.Read(where)
    return op(task, USERS[task], args)


@st.composite
def _kernel_work(draw: st.DrawFn) -> Op:
    kinds = ["reclaim", "demote", "promote", "alloc", "free", "drain", "compact"]
    kind = draw(st.sampled_from(kinds))
    if kind == "reclaim":
        return op(KSWAPD, 0, by_kernel.Reclaim(draw(_targets)))
    if kind == "demote":
        sync = draw(st.booleans())
        return op(KSWAPD, 0, by_kernel.Demote(draw(_targets), 1, sync))
    if kind == "promote":
        return op(KSWAPD, 0, by_kernel.Promote(draw(_targets), 0))
    if kind == "drain":
        return op(KERNEL, 0, by_kernel.Drain())
    thing = draw(st.integers(0, 1))
    if kind == "free":
        return op(KERNEL, 0, by_kernel.Free(thing))
    if kind == "alloc":
        order = draw(st.integers(0, 1))
        return op(KERNEL, 0, by_kernel.Alloc(thing, order, content=draw(_content)))
    block = Block(thing, draw(st.integers(1, 2)), draw(_content))
    return op(KERNEL, 0, by_kernel.Compact(draw(_targets), draw(st.integers(0, 1)), block))


@st.composite
def _mapping_change(draw: st.DrawFn) -> Op:
    task = draw(st.sampled_from([APP1, OTHER]))
    start = draw(st.sampled_from([0, 2, 4]))
    kind = draw(st.sampled_from(["munmap", "mprotect", "mmap", "pwrite", "truncate", "inval"]))
    mm, args = CONFIG.tasks[task].mm, by_process
    where, file = Pages(mm, start, 2), FileRange(0, 2)
    if kind == "munmap":
        return op(task, USERS[task], args.Munmap(where))
    if kind == "mprotect":
        rights = Rights(draw(st.booleans()), draw(st.booleans()))
        return op(task, USERS[task], args.Mprotect(where, rights))
    if kind == "mmap":
        rights = Rights(write=True, shared=start == 4)
        place = Place(mm, start, 2, fixed=True)
        return op(task, USERS[task], args.Mmap(0 if start else -1, rights, place))
    if kind == "pwrite":
        page = draw(st.integers(0, 1))
        return op(task, USERS[task], args.WriteFile(page, draw(_content)))
    if kind == "truncate":
        return op(task, USERS[task], args.Truncate(file, draw(st.integers(0, 2))))
    return op(task, USERS[task], args.Invalidate(file))


def _fork() -> Op:
    return op(APP1, 1, by_process.Fork(0, 2))


operations = st.one_of(_access(), _access(), _access(), _kernel_work(), _mapping_change())


@st.composite
def programs(draw: st.DrawFn, length: int = 25) -> Program:
    """A program of random operations after a fixed set-up, with at most one fork in it."""
    ops = draw(st.lists(operations, min_size=3, max_size=length))
    if draw(st.booleans()):
        ops.insert(draw(st.integers(0, len(ops))), _fork())
    return Program("random", "random", "", CONFIG, "luf", (), (*SETUP, *ops))
