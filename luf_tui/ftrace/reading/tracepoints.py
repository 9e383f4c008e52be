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
_CUT = 8
MOST_CPUS = 1024
"""CPU numbers are below it."""


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
        self.left: set[int] = set()
        """Tasks that a switch says a CPU left."""
        self.cut = False
        """Lines begin with names that are cut to eight letters (option latency-format)."""
        self._task: dict[tuple[str, int], int] = {}
        self._short: dict[tuple[str, int], int] = {}
        self._word: dict[str, int] = {}
        self.switches: dict[str, Args] = {}
        self.flushes: dict[str, Args] = {}
        self.task("<idle>", 0)

    def task(self, comm: str, pid: int, tgid: int = 0) -> int:
        """The number of a task; the idle tasks of all CPUs are task 0."""
        key = (comm if pid else "<idle>", pid)
        number = self._task.get(key)
        if number is None and self.cut:
            number = self._whole(key)
        if number is None:
            number = self._task[key] = len(self.tasks)
            self.tasks.append((printable(key[0]), pid))
            self.tgids.append(tgid)
        elif tgid:
            self.tgids[number] = tgid
        return number

    def _whole(self, key: tuple[str, int]) -> int | None:
        """The task that the same letters, cut or whole, stood for before."""
        comm, pid = key
        short = (comm[:_CUT], pid)
        number = self._short.get(short)
        if number is None:
            self._short[short] = len(self.tasks)
        else:
            self._task[key] = number
            if len(comm) > _CUT:
                self.tasks[number] = (printable(comm), pid)
        return number

    def word(self, text: str) -> int:
        """The number of a word that repeats, such as gfp flags."""
        number = self._word.get(text)
        if number is None:
            number = self._word[text] = len(self.words)
            self.words.append(printable(text))
        return number


def _remember(memo: dict[str, Args], text: str, args: Args) -> Args:
    """Keep what a text that repeats was parsed to."""
    if len(memo) >= _REMEMBERED:
        memo.clear()
    memo[text] = args
    return args


Parser: TypeAlias = "Callable[[str, Names], Args]"


def printable(text: str) -> str:
    """Text of a file made safe to show: control characters become `?`."""
    return "".join(c if c.isprintable() else "?" for c in text)


_PAIR = re.compile(r"\b([a-z_0-9]{1,32})[=:] ?([^\s,]{1,80})")
_LONGEST = 2000
"""A line whose fields are longer than this is none of these events; 300 is usual."""


def _pairs(rest: str) -> dict[str, str]:
    return dict(_PAIR.findall(rest)) if len(rest) < _LONGEST else {}


_NUMBER = re.compile(r"-?[0-9]{1,20}|0[xX][0-9a-fA-F]{1,16}")


def _number(text: str) -> int:
    """A number as the kernel prints it: 0x for hexadecimal, else decimal. Errors: ValueError."""
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text, 16) if text[:2] in ("0x", "0X") else int(text)


def _unsigned(text: str) -> int:
    """A number of 64 bits, which some tools print as a signed one. Errors: ValueError."""
    number = _number(text)
    if -1 << 63 <= number <= _MASK:
        return number & _MASK
    raise ValueError(text)


def _up_to(most: int, number: int, least: int = 0) -> int:
    """The number, if it lies within bounds. Errors: ValueError."""
    if least <= number <= most:
        return number
    raise ValueError(number)


MOST_PIDS = 1 << 22
"""PID_MAX_LIMIT: thread ids are below it."""
_LAST_FRAME = (1 << 40) - 1
"""x86-64 has at most 52 bits of physical address."""
_LARGEST_BLOCK = 10
"""Order of the largest block of the buddy allocator."""
_LARGEST_PAGE = 18
"""Order of a page of 1 GiB."""
_LAST_ADDRESS = (1 << 56) - 1
"""Of user space, with 5 levels of page tables."""
_KERNEL = 0xFF << 56
"""Addresses of the kernel begin here, with 5 levels of page tables."""
_MOST_PAGES = (1 << 31) - 1
"""Pages that one flush names: tlb_single_page_flush_ceiling is an int."""

# The first pattern of an event takes only what lies within bounds.
_ALLOC = re.compile(
    r"\s*page=\S{1,40} pfn=0x([0-9a-f]{1,10}) order=([0-9]|10) "
    r"migratetype=-?\d{1,3} gfp_flags=(\S{1,1000})\s{0,9}"
)
_FREE = re.compile(r"\s*page=\S{1,40} pfn=0x([0-9a-f]{1,10}) order=([0-9]|10)\s{0,9}")
_FAULT = re.compile(
    r"\s*address=0x([0-9a-f]{1,16}) ip=\S{1,40} error_code=0x([0-9a-f]{1,8})\s{0,9}"
)
_COMM = r"(.{0,64})"
_SWITCH = re.compile(
    rf"\s*prev_comm={_COMM} prev_pid=(\w+)(?: \(\d+\))? prev_prio=\S+(?: \(\d+\))? "
    r"prev_state=(\S+)(?: \(\d+\))? (?:==> )?"
    rf"next_comm={_COMM} next_pid=(\w+)(?: \(\d+\))? next_prio=.*"
)
_SHORT_SWITCH = re.compile(
    rf"\s*{_COMM}:(\d{{1,7}}) \[-?\d+\] (\S+) ==> {_COMM}:(\d{{1,7}}) \[-?\d+\].*"
)
_FLUSH = re.compile(r"\s*pages[:=](-1|\d{1,10})\s{1,9}reason[:=](.{1,40}?)(?:\s*\((\d)\))?\s*")
_PTE = re.compile(
    r"\s*addr=([0-9a-f]{1,14}),? p[tm][ed]=([0-9a-f]{1,16})(?: order=([0-9]|1[0-8]))?\s{0,9}"
)
_ONE = re.compile(
    r".{0,200}?folio=0x(f[0-9a-f]{15}) vm_flags=0x([0-9a-f]{1,16}) mm=0x(f[0-9a-f]{15}) "
    r"addr=0x([0-9a-f]{1,14})\s{0,9}"
)
_EXEC = re.compile(r".*\bpid=(\w+)\b.*")
_DIRECT_RECLAIM = 0x400
"""___GFP_DIRECT_RECLAIM, of 5.15 to 6.18."""
_DEAD = 0x30
"""EXIT_DEAD and EXIT_ZOMBIE, where the state of a task is printed as a number."""

FLUSH_REASONS = (
    "flush on task switch",
    "remote shootdown",
    "local shootdown",
    "local mm shootdown",
    "remote ipi send",
    "remote wrong cpu",
)
MIGRATE_REASONS = (
    "compaction",
    "memory_failure",
    "memory_hotplug",
    "syscall_or_cpuset",
    "mempolicy_mbind",
    "numa_misplaced",
    "contig_range",
    "longterm_pin",
    "demotion",
    "damon",
)
"""By number (enum migrate_reason), for tools that print no words."""


def _alloc(rest: str, names: Names) -> Args:
    match = _ALLOC.fullmatch(rest)
    if match:
        return (int(match[1], 16), int(match[2]), names.word(match[3]))
    got = _pairs(rest)
    try:
        pfn, order = _unsigned(got["pfn"]), _up_to(_LARGEST_BLOCK, _number(got["order"]))
        # An allocation that failed has no frame; printed raw, it is -1.
        pfn = 0 if pfn == _MASK and "page" not in got else _up_to(_LAST_FRAME, pfn)
        return (pfn, order, names.word(_flags(got.get("gfp_flags", ""))))
    except (KeyError, ValueError):
        return None


def _flags(text: str) -> str:
    """Allocation flags; of those that are printed as a number, whether the caller may wait."""
    if not text[:1].isdigit():
        return text
    number = _up_to((1 << 32) - 1, _number(text))
    return f"__GFP_DIRECT_RECLAIM|{number:#x}" if number & _DIRECT_RECLAIM else f"{number:#x}"


def _free(rest: str, _: Names) -> Args:
    match = _FREE.fullmatch(rest)
    if match:
        return (int(match[1], 16), int(match[2]))
    got = _pairs(rest)
    try:
        order = _up_to(_LARGEST_BLOCK, _number(got.get("order", "0")))
        return (_up_to(_LAST_FRAME, _number(got["pfn"])), order)
    except (KeyError, ValueError):
        return None


def _fault(rest: str, _: Names) -> Args:
    match = _FAULT.fullmatch(rest)
    if match:
        return (int(match[1], 16), int(match[2], 16))
    got = _pairs(rest)
    try:
        address = got.get("address", "0")
        code = _up_to((1 << 32) - 1, _number(got["error_code"]))
        # A fault on an address of the kernel is printed by the name of what lies there.
        return (_unsigned(address) if address[:1].isdigit() else 0, code)
    except (KeyError, ValueError):
        return None


def _pid_of(text: str) -> int:
    return _up_to(MOST_PIDS, _number(text))


def _switch(rest: str, names: Names) -> Args:
    known = names.switches.get(rest)
    if known is not None:
        return known
    if len(rest) > _LONGEST:
        return None
    match = _SWITCH.fullmatch(rest) or _SHORT_SWITCH.fullmatch(rest)
    if match is None:
        return None
    try:
        before, after = _pid_of(match[2]), _pid_of(match[5])
        state = match[3]
        dead = _number(state) & _DEAD if state[:1].isdigit() else state[:1] in ("X", "Z", "x")
    except ValueError:
        return None
    left = names.task(match[1], before)
    names.left.add(left)
    return _remember(names.switches, rest, (left, names.task(match[4], after), int(bool(dead))))


def _flush(rest: str, names: Names) -> Args:
    known = names.flushes.get(rest)
    if known is not None:
        return known
    match = _FLUSH.fullmatch(rest) if len(rest) < _LONGEST else None
    try:
        if match:
            pages, words = int(match[1]), match[2].lower()
            number = int(match[3]) if match[3] else -1
            if words in FLUSH_REASONS:
                said = FLUSH_REASONS.index(words)
                number = said if number < 0 else _up_to(said, number, said)
            elif words.isdigit():
                number = int(words)
        else:
            got = _pairs(rest)
            pages, number = _unsigned(got["pages"]), _number(got["reason"])
            pages = -1 if pages == _MASK else pages
        args = (_up_to(_MOST_PAGES, pages, -1), _up_to(len(FLUSH_REASONS) - 1, number))
    except (KeyError, ValueError):
        return None
    return _remember(names.flushes, rest, args)


def _pte(rest: str, _: Names) -> Args:
    match = _PTE.fullmatch(rest)
    if match:
        return (int(match[1], 16), int(match[2], 16), int(match[3] or 0))
    return _raw_pte(rest, 0)


def _raw_pte(rest: str, order: int) -> Args:
    """The same printed by another tool, with 0x before every number."""
    got = _pairs(rest)
    try:
        address, pte = got["addr"], got["pte"] if "pte" in got else got["pmd"]
        if address[:2] != "0x" or pte[:2] != "0x":
            return None
        return (
            _up_to(_LAST_ADDRESS, _number(address)),
            _unsigned(pte),
            order or _up_to(_LARGEST_PAGE, _number(got.get("order", "0"))),
        )
    except (KeyError, ValueError):
        return None


def _pmd(rest: str, _: Names) -> Args:
    match = _PTE.fullmatch(rest)
    if match:
        return (int(match[1], 16), int(match[2], 16), 9)
    return _raw_pte(rest, 9)


def _kernel(text: str) -> int:
    """An address of the kernel. Errors: ValueError."""
    return _up_to(_MASK, _unsigned(text), _KERNEL)


def _one(rest: str, _: Names) -> Args:
    match = _ONE.fullmatch(rest)
    if match:
        return (int(match[1], 16), int(match[2], 16), int(match[3], 16), int(match[4], 16))
    got = _pairs(rest)
    try:
        return (
            _kernel(got["folio"]),
            # What was not recorded may have been writable.
            _unsigned(got.get("vm_flags", "2")),
            _kernel(got["mm"]) if "mm" in got else 0,
            _up_to(_LAST_ADDRESS, _number(got["addr"])),
        )
    except (KeyError, ValueError):
        return None


def _mm(rest: str, _: Names) -> Args:
    """The mm_struct that a CPU loads (`next`), borrows or flushes (`mm`)."""
    got = _pairs(rest)
    try:
        return (_kernel(got["next"] if "next" in got else got["mm"]),)
    except (KeyError, ValueError):
        return None


def _unmap_pte(rest: str, _: Names) -> Args:
    """An unmap put off: mm_struct, the PTE that was cleared, whether it could be written.

    Kernels before 6.5 only pass on the last; the PTE is 0 then.
    """
    got = _pairs(rest)
    try:
        mm = _kernel(got["mm"])
        if "writable" in got:
            # The register of a bool holds rubbish above its lowest byte.
            return (mm, 0, int(_unsigned(got["writable"]) & 0xFF != 0))
        pte = _unsigned(got["pte"])
        return (mm, pte, pte >> 1 & 1)
    except (KeyError, ValueError):
        return None


_MASK_WORDS = re.compile(r".{0,200}\bmask=(?:\{([0-9a-fx,]{1,3000})\}|(\w{1,22}))\s{0,9}")


def _batch(rest: str, _: Names) -> Args:
    """The CPUs that a batch flush asks: one number, CPU 0 its lowest bit; in words of 64."""
    match = _MASK_WORDS.fullmatch(rest)
    try:
        words = (match[1] or match[2]).split(",") if match else []
        mask = sum(_unsigned(word) << 64 * n for n, word in enumerate(words))
        return (_up_to((1 << MOST_CPUS) - 1, mask),) if match else None
    except ValueError:
        return None


def _range(rest: str, _: Names) -> Args:
    """A flush of part of an address space: mm_struct, first address, address after the last."""
    got = _pairs(rest)
    try:
        return (_kernel(got["mm"]), _unsigned(got["start"]), _unsigned(got["end"]))
    except (KeyError, ValueError):
        return None


def _reason(got: dict[str, str], names: Names) -> int:
    text = got["reason"]
    if text[:1].isdigit():
        text = MIGRATE_REASONS[_up_to(len(MIGRATE_REASONS) - 1, _number(text))]
    return names.word(text)


def _start(rest: str, names: Names) -> Args:
    try:
        return (_reason(_pairs(rest), names),)
    except (KeyError, ValueError):
        return None


def _done(rest: str, names: Names) -> Args:
    got = _pairs(rest)
    try:
        moved, failed = (
            _up_to(_LAST_FRAME, _number(got[f"nr_{name}"] if f"nr_{name}" in got else got[name]))
            for name in ("succeeded", "failed")
        )
        return (moved, failed, _reason(got, names))
    except (KeyError, ValueError):
        return None


def _exec(rest: str, _: Names) -> Args:
    match = _EXEC.fullmatch(rest)
    try:
        return match and (_pid_of(match[1]),)
    except ValueError:
        return None


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
    "sched_process_exec": _exec,
    "switch_mm": _mm,
    "unmap_pte": _unmap_pte,
    "batch": _batch,
    "flush_range": _range,
    "lazy": _mm,
    "pending": _mm,
}
NUMBER = {name: number for number, name in enumerate(PARSERS)}
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
