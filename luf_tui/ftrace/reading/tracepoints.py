"""The events luf-tui reads, and their fields by name (include/trace/events).

A first pattern per event is the text of recent kernels; what does not match it is read as
`name=value` pairs, whatever their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

Args: TypeAlias = "tuple[int, ...] | None"
_MASK = (1 << 64) - 1
_REMEMBERED = 1 << 16


class Names:
    """Numbers for the tasks, allocation flags and migration reasons that a trace names.

    A task is a pid under one name: a pid whose name changes has usually called exec, and has
    another address space then.
    """

    def __init__(self) -> None:
        self.tasks: list[tuple[str, int]] = []
        self.tgids: list[int] = []
        """Thread group per task, 0 where the trace does not say (option record-tgid)."""
        self.words: list[str] = []
        self._task: dict[tuple[str, int], int] = {}
        self._word: dict[str, int] = {}
        self.memo: dict[str, Args] = {}
        self.task("<idle>", 0)

    def task(self, comm: str, pid: int, tgid: int = 0) -> int:
        """The number of a task; the idle tasks of all CPUs are task 0."""
        key = (comm if pid else "<idle>", pid)
        number = self._task.get(key)
        if number is None:
            number = self._task[key] = len(self.tasks)
            self.tasks.append((printable(key[0]), pid))
            self.tgids.append(tgid)
        elif tgid:
            self.tgids[number] = tgid
        return number

    def word(self, text: str) -> int:
        """The number of a word that repeats, such as gfp flags."""
        number = self._word.get(text)
        if number is None:
            number = self._word[text] = len(self.words)
            self.words.append(printable(text))
        return number

    def remember(self, text: str, args: Args) -> Args:
        """Keep what a text that repeats was parsed to."""
        if len(self.memo) >= _REMEMBERED:
            self.memo.clear()
        self.memo[text] = args
        return args


Parser: TypeAlias = "Callable[[str, Names], Args]"


def printable(text: str) -> str:
    """Text of a file made safe to show: control characters become `?`."""
    return "".join(c if c.isprintable() else "?" for c in text)


_PAIR = re.compile(r"(\w+)[=:]\s*([^\s,]+)")


def _pairs(rest: str) -> dict[str, str]:
    return dict(_PAIR.findall(rest))


def _number(text: str) -> int:
    """A number as the kernel prints it: 0x for hexadecimal, else decimal."""
    return int(text, 16) if text[:2] in ("0x", "0X") else int(text)


_ALLOC = re.compile(r"\s*page=\S+ pfn=(\w+) order=(\d+) migratetype=-?\d+ gfp_flags=(\S+)\s*")
_FREE = re.compile(r"\s*page=\S+ pfn=(\w+) order=(\d+)\s*")
_FAULT = re.compile(r"\s*address=(\w+) ip=\S+ error_code=(\w+)\s*")
_SWITCH = re.compile(
    r"\s*prev_comm=(.*) prev_pid=(\d+) prev_prio=-?\d+ prev_state=(\S+) ==> "
    r"next_comm=(.*) next_pid=(\d+) next_prio=-?\d+.*"
)
_SHORT_SWITCH = re.compile(r"\s*(.*):(\d+) \[-?\d+\] (\S+) ==> (.*):(\d+) \[-?\d+\].*")
_FLUSH = re.compile(r"\s*pages[:=](-?\d+)\s+reason[:=](.*?)(?:\s*\((\d+)\))?\s*")
_PTE = re.compile(r"\s*addr=(\w+),? p[tm][ed]=(\w+)(?: order=(\d+))?\s*")
_ONE = re.compile(
    r".*?folio=0x([0-9a-f]{16}) vm_flags=0x([0-9a-f]+) mm=0x([0-9a-f]{16}) addr=0x([0-9a-f]+)\s*"
)
_START = re.compile(r".*\breason=(\w+)\s*")
_DONE = re.compile(r".*\bnr_succeeded=(\d+) nr_failed=(\d+)\b.*\breason=(\w+)\s*")
_PID = re.compile(r".*\bpid=(\d+)\b.*")

FLUSH_REASONS = (
    "flush on task switch",
    "remote shootdown",
    "local shootdown",
    "local mm shootdown",
    "remote ipi send",
    "remote wrong cpu",
)


def _alloc(rest: str, names: Names) -> Args:
    match = _ALLOC.fullmatch(rest)
    try:
        if match:
            return (_number(match[1]), int(match[2]), names.word(match[3]))
        got = _pairs(rest)
        return (_number(got["pfn"]), int(got["order"]), names.word(got.get("gfp_flags", "")))
    except (KeyError, ValueError):
        return None


def _free(rest: str, _: Names) -> Args:
    match = _FREE.fullmatch(rest)
    try:
        if match:
            return (_number(match[1]), int(match[2]))
        got = _pairs(rest)
        return (_number(got["pfn"]), int(got.get("order", "0")))
    except (KeyError, ValueError):
        return None


def _fault(rest: str, _: Names) -> Args:
    match = _FAULT.fullmatch(rest)
    try:
        if match:
            return (int(match[1], 16), int(match[2], 16))
        return (0, int(_pairs(rest)["error_code"], 16))
    except (KeyError, ValueError):
        return None


def _switch(rest: str, names: Names) -> Args:
    known = names.memo.get(rest)
    if known is not None:
        return known
    match = _SWITCH.fullmatch(rest) or _SHORT_SWITCH.fullmatch(rest)
    if match is None:
        return None
    dead = match[3][:1] in ("X", "Z", "x")
    args = (names.task(match[1], int(match[2])), names.task(match[4], int(match[5])), int(dead))
    return names.remember(rest, args)


def _flush(rest: str, names: Names) -> Args:
    known = names.memo.get(rest)
    if known is not None:
        return known
    match = _FLUSH.fullmatch(rest)
    if match is None:
        return None
    try:
        number = int(match[3]) if match[3] else FLUSH_REASONS.index(match[2].lower())
    except ValueError:
        return None
    return names.remember(rest, (int(match[1]), number))


def _pte(rest: str, _: Names) -> Args:
    match = _PTE.fullmatch(rest)
    try:
        return match and (int(match[1], 16), int(match[2], 16) & _MASK, int(match[3] or 0))
    except ValueError:
        return None


def _pmd(rest: str, _: Names) -> Args:
    match = _PTE.fullmatch(rest)
    try:
        return match and (int(match[1], 16), int(match[2], 16) & _MASK, 9)
    except ValueError:
        return None


def _one(rest: str, _: Names) -> Args:
    match = _ONE.fullmatch(rest)
    try:
        if match:
            return (int(match[1], 16), int(match[2], 16), int(match[3], 16), int(match[4], 16))
        got = _pairs(rest)
        return (
            int(got["folio"], 16),
            int(got.get("vm_flags", "0"), 16),
            int(got.get("mm", "0"), 16),
            int(got["addr"], 16),
        )
    except (KeyError, ValueError):
        return None


def _hexadecimal(value: str) -> int:
    """A field of a probe that `luf-tui record` prints in hexadecimal, which other tools may not."""
    return _number(value) & _MASK


def _mm(rest: str, _: Names) -> Args:
    """The mm_struct that a CPU loads (`next`), borrows or flushes (`mm`)."""
    got = _pairs(rest)
    try:
        return (_hexadecimal(got["next"] if "next" in got else got["mm"]),)
    except (KeyError, ValueError):
        return None


def _unmap_pte(rest: str, _: Names) -> Args:
    """An unmap put off: mm_struct, the PTE that was cleared, whether it could be written.

    Kernels before 6.5 only pass on the last; the PTE is 0 then.
    """
    got = _pairs(rest)
    try:
        mm = _hexadecimal(got["mm"])
        if "writable" in got:
            return (mm, 0, _number(got["writable"]) & 1)
        pte = _hexadecimal(got["pte"])
        return (mm, pte, pte >> 1 & 1)
    except (KeyError, ValueError):
        return None


_MASK_WORDS = re.compile(r".*\bmask=(?:\{([0-9a-fx,]+)\}|(\w+))\s*")


def _batch(rest: str, _: Names) -> Args:
    """The CPUs that a batch flush asks: one number, CPU 0 its lowest bit; in words of 64."""
    match = _MASK_WORDS.fullmatch(rest)
    try:
        words = (match[1] or match[2]).split(",") if match else []
        return (sum(_hexadecimal(word) << 64 * n for n, word in enumerate(words)),)
    except ValueError:
        return None


def _range(rest: str, _: Names) -> Args:
    """A flush of part of an address space: mm_struct, first address, address after the last."""
    got = _pairs(rest)
    try:
        return (_hexadecimal(got["mm"]), _hexadecimal(got["start"]), _hexadecimal(got["end"]))
    except (KeyError, ValueError):
        return None


def _start(rest: str, names: Names) -> Args:
    match = _START.fullmatch(rest)
    return match and (names.word(match[1]),)


def _done(rest: str, names: Names) -> Args:
    match = _DONE.fullmatch(rest)
    return match and (int(match[1]), int(match[2]), names.word(match[3]))


def _pid(rest: str, _: Names) -> Args:
    match = _PID.fullmatch(rest)
    return match and (int(match[1]),)


PARSERS: dict[str, Parser] = {
    "mm_page_alloc": _alloc,
    "mm_page_free": _free,
    "mm_page_free_batched": _free,
    "page_fault_user": _fault,
    "sched_switch": _switch,
    "tlb_flush": _flush,
    "set_migration_pte": _pte,
    "remove_migration_pte": _pte,
    "set_migration_pmd": _pmd,
    "remove_migration_pmd": _pmd,
    "migrate_one": _one,
    "unmap_one": _one,
    "mm_migrate_pages_start": _start,
    "mm_migrate_pages": _done,
    "sched_process_exec": _pid,
    "switch_mm": _mm,
    "unmap_pte": _unmap_pte,
    "batch": _batch,
    "flush_range": _range,
    "lazy": _mm,
    "pending": _mm,
}
NUMBER = {name: number for number, name in enumerate(PARSERS)}
FURTHER = frozenset(
    NUMBER[name] for name in ("switch_mm", "unmap_pte", "batch", "flush_range", "lazy", "pending")
)
"""Events of the further probes, which say what is otherwise inferred. In a switch, `switch_mm` and
`lazy` are printed in the name of the task that leaves."""
_FUNCTIONS = {
    "migrate_one": "try_to_migrate_one",
    "unmap_one": "try_to_unmap_one",
    "switch_mm": "switch_mm_irqs_off",
    "unmap_pte": "set_tlb_ubc_flush_pending",
    "batch": "arch_tlbbatch_flush",
    "flush_range": "flush_tlb_mm_range",
    "lazy": "enter_lazy_tlb",
    "pending": "flush_tlb_batched_pending",
}
"""The kernel's function under each probe."""
_PROBES = {function: name for name, function in _FUNCTIONS.items()} | {"batch_flush": "batch"}
_PROBE = re.compile(r"(?:p_)?(\w+?)(?:_(?:isra|constprop|part|llvm)_\d+)*(?:_\d+)?")


def parser_for(name: str) -> tuple[int, Parser] | None:
    """The number and parser of an event by its name as printed, with or without its group.

    Probes are known by the names `luf-tui record` gives them, by the function they sit on, and
    by the name the kernel makes up for it (`p_try_to_unmap_one_0`).
    """
    plain = name.strip().rstrip(":").rpartition(":")[2]
    probe = _PROBE.fullmatch(plain)
    if probe:
        plain = _PROBES.get(probe[1], plain)
    parser = PARSERS.get(plain)
    return (NUMBER[plain], parser) if parser else None
