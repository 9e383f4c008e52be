"""How much memory this process takes, and how much it may still have."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

SHARE = 2 / 3
"""What a search may take of the memory that is free, unless told otherwise."""
MEMINFO = Path("/proc/meminfo")
STATM = Path("/proc/self/statm")
PROCESSES = Path("/proc")
GROUP = Path("/sys/fs/cgroup")


def used() -> int:
    """Bytes that this process holds in memory now; where nobody tells, the most it ever did."""
    try:
        return int(STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def alone(process: int) -> int:
    """Bytes that another process holds and shares with nobody; where nobody tells, as many as this
    one holds.
    """
    try:
        words = (PROCESSES / str(process) / "statm").read_text(encoding="ascii").split()
        return (int(words[1]) - int(words[2])) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return used()


def free() -> int:
    """Bytes that can be had beside those in use, by the machine and by the process's group."""
    found = [_of_machine()]
    try:
        limit, now = (
            (GROUP / name).read_text(encoding="ascii").strip()
            for name in ("memory.max", "memory.current")
        )
        found.append(int(limit) - int(now))
    except (OSError, ValueError):
        pass  # no group, or one without a limit
    return max(0, min(found))


def usual_limit() -> int:
    """Bytes that a search may take unless told otherwise, those included that are taken already."""
    return used() + int(SHARE * free())


def told(count: int) -> str:
    """Bytes as a person reads them."""
    if count >= 1 << 30:
        return f"{count / (1 << 30):.1f} GB"
    return f"{count >> 20} MB"


def _of_machine() -> int:
    try:
        for line in MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass  # another system
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
