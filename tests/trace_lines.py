"""Builds lines of traces for tests: the texts of Linux 6.1, one migrated page at a time."""

from __future__ import annotations

from pathlib import Path

from luf_tui.ftrace.trace import Trace, read_trace

FIVE = 0xFFD4000000000000
FOUR = 0xFFFFEA0000000000
MM = 0xFF11000006F71F80
READABLE, EXCLUSIVE, WRITABLE = 27, 28, 29
RO_VMA, RW_VMA = 0x80100D1, 0x100173


class Lines:
    """Lines of a trace with a clock that ticks a microsecond a line."""

    def __init__(self, base: int = FIVE) -> None:
        self.rows: list[str] = []
        self.base = base
        self.now = 9_114_000

    def add(self, task: str, cpu: int, text: str, flags: str = ".....") -> Lines:
        self.now += 1
        stamp = f"{self.now // 1_000_000}.{self.now % 1_000_000:06}"
        self.rows.append(f"{task:>20}     [{cpu:03}] {flags} {stamp:>12}: {text}")
        return self

    def alloc(self, task: str, cpu: int, pfn: int, order: int = 0) -> Lines:
        return self.add(
            task,
            cpu,
            f"mm_page_alloc: page=00000000745c70fd pfn={pfn:#x} order={order} migratetype=1 "
            "gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_COMP",
        )

    def free(self, task: str, cpu: int, pfn: int, order: int = 0, batched: bool = False) -> Lines:
        name = "mm_page_free_batched" if batched else "mm_page_free"
        return self.add(task, cpu, f"{name}: page=00000000a31d0232 pfn={pfn:#x} order={order}")

    def switch(self, before: str, cpu: int, after: str) -> Lines:
        was, was_pid = before.rsplit("-", 1)
        comm, pid = after.rsplit("-", 1)
        return self.add(
            before,
            cpu,
            f"sched_switch: prev_comm={was} prev_pid={was_pid} prev_prio=120 prev_state=S ==> "
            f"next_comm={comm} next_pid={pid} next_prio=120",
            "d..2.",
        )

    def fault(self, task: str, cpu: int, address: int, error: int = 4) -> Lines:
        text = f"page_fault_user: address={address:#x} ip=0x4018ee error_code={error:#x}"
        return self.add(task, cpu, text, "d....")

    def flush(self, task: str, cpu: int, pages: int, reason: int, flags: str = "d..2.") -> Lines:
        text = (
            "flush on task switch",
            "remote shootdown",
            "local shootdown",
            "local mm shootdown",
            "remote ipi send",
        )[reason]
        return self.add(task, cpu, f"tlb_flush: pages:{pages} reason:{text} ({reason})", flags)

    def probe(
        self,
        task: str,
        cpu: int,
        pfn: int,
        address: int,
        name: str = "migrate",
        mm: int = MM,
        vma: int = RO_VMA,
    ) -> Lines:
        return self.add(
            task,
            cpu,
            f"{name}_one: (try_to_{name}_one+0x0/0xa00) folio={self.base + pfn * 64:#x} "
            f"vm_flags={vma:#x} mm={mm:#x} addr={address:#x}",
        )

    def entry(
        self, task: str, cpu: int, pfn: int, address: int, kind: int = READABLE, high: int = 0
    ) -> Lines:
        offset = pfn | high << 34
        pte = kind << 59 | ((~offset << 14 & (1 << 64) - 1) >> 5)
        return self.add(task, cpu, f"set_migration_pte: addr={address:x}, pte={pte:x} order=0")

    def back(self, task: str, cpu: int, pfn: int, address: int, writable: bool = False) -> Lines:
        pte = 1 << 63 | pfn << 12 | (0x867 if writable else 0x5)
        return self.add(task, cpu, f"remove_migration_pte: addr={address:x}, pte={pte:x} order=0")

    def migrate(self, task: str, cpu: int, old: int, new: int, address: int) -> Lines:
        """One read-only page, the way Linux 6.1 migrates it, with a shootdown."""
        self.alloc(task, cpu, new).probe(task, cpu, old, address)
        self.flush(task, cpu, 1, 4, "...2.").entry(task, cpu, old, address)
        return self.back(task, cpu, new, address).free(task, cpu, old)

    def text(self) -> str:
        return "".join(f"{row}\n" for row in self.rows)

    def read(self, directory: Path) -> Trace:
        path = directory / "t.trace"
        path.write_text(self.text())
        return read_trace(str(path))


def read_text(directory: Path, text: str | bytes, name: str = "t.trace") -> Trace:
    path = directory / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_trace(str(path))
