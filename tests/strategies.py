"""Random programs: one place for every hypothesis strategy."""

from __future__ import annotations

from hypothesis import strategies as st

from luf_tui.script.program import Op, Program
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
        st.tuples(st.just(0), st.integers(0, 2), _vpn),
        st.tuples(st.just(1), st.integers(0, 1), st.just(0)),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@st.composite
def _access(draw: st.DrawFn) -> Op:
    task = draw(_user)
    if draw(st.booleans()):
        return op(task, USERS[task], "read", vpn=draw(_vpn))
    return op(task, USERS[task], "write", vpn=draw(_vpn), content=draw(_content))


@st.composite
def _kernel_work(draw: st.DrawFn) -> Op:
    kinds = ["reclaim", "demote", "promote", "kalloc", "kfree", "drain", "compact"]
    kind = draw(st.sampled_from(kinds))
    if kind == "reclaim":
        return op(KSWAPD, 0, "reclaim", targets=draw(_targets))
    if kind in ("demote", "promote"):
        node = int(kind == "demote")
        sync = draw(st.integers(0, 1))
        return op(KSWAPD, 0, "migrate", targets=draw(_targets), node=node, reason=0, sync=sync)
    if kind == "drain":
        return op(KERNEL, 0, "drain")
    args: dict[str, object] = {"object": draw(st.integers(0, 1))}
    if kind == "compact":
        args |= {"order": draw(st.integers(1, 2)), "content": draw(_content)}
        args |= {"targets": draw(_targets), "node": draw(st.integers(0, 1))}
    if kind == "kalloc":
        args |= {"order": draw(st.integers(0, 1)), "content": draw(_content), "node": -1}
    return op(KERNEL, 0, kind, **args)


@st.composite
def _mapping_change(draw: st.DrawFn) -> Op:
    task = draw(st.sampled_from([APP1, OTHER]))
    start = draw(st.sampled_from([0, 2, 4]))
    kind = draw(st.sampled_from(["munmap", "mprotect", "mmap", "write_file", "truncate", "inval"]))
    where = {"vpn": start, "pages": 2}
    if kind == "munmap":
        return op(task, USERS[task], "munmap", **where)
    if kind == "mprotect":
        rights = {"read": draw(st.integers(0, 1)), "write": draw(st.integers(0, 1))}
        return op(task, USERS[task], "mprotect", **where, **rights)
    if kind == "mmap":
        args = {"read": 1, "write": 1, "may_write": 1, "fixed": 1}
        file_page = 0 if start else -1
        shared = int(start == 4)
        return op(task, USERS[task], "mmap", **where, **args, file_page=file_page, shared=shared)
    if kind == "write_file":
        page = draw(st.integers(0, 1))
        return op(task, USERS[task], "write_file", page=page, content=draw(_content))
    if kind == "truncate":
        return op(task, USERS[task], "truncate", file=0, pages=draw(st.integers(0, 2)))
    return op(task, USERS[task], "invalidate", page=0, pages=2)


def _fork() -> Op:
    return op(APP1, 1, "fork", child=2)


operations = st.one_of(_access(), _access(), _access(), _kernel_work(), _mapping_change())


@st.composite
def programs(draw: st.DrawFn, length: int = 25) -> Program:
    """A program of random operations after a fixed set-up, with at most one fork in it."""
    ops = draw(st.lists(operations, min_size=3, max_size=length))
    if draw(st.booleans()):
        ops.insert(draw(st.integers(0, len(ops))), _fork())
    return Program("random", "random", "", CONFIG, "luf", (), (*SETUP, *ops))
