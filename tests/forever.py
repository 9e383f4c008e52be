"""What the tests of forever blocks share: small machines, and a search of one."""

from __future__ import annotations

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search.exploration import Exploration, Report

TWO_ACTORS = """\
title    A reader and a reclaimer
machine  cpus 2, dram 1, max-order 0, tlb 2, pcp-high 0, swap 0
policy   batched
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
forever
  cpu1     write heap.0 fresh
  cpu1     read text.0
  kswapd   reclaim text.0
end
expect   no violation
"""
"""Every program of it is safe under `batched`. Without its guard a reader breaks it that comes
before the writer, which no race of these lines in this order has.
"""

SEVERAL = """\
title    Several processes and files
machine  cpus 3, dram 3, max-order 0, tlb 4, swap 1
policy   batched
kswapd   on cpu0
process  app, heap 1 page
process  other, heap 2 pages
file     lib, 2 pages
app      mmap lib read-only as text
cpu1     run app
cpu2     run other
{block}
"""


def two_actors(**words: str) -> Program:
    """The small machine, with words of its text exchanged."""
    text = TWO_ACTORS
    for old, new in words.items():
        assert old in text
        text = text.replace(old, new)
    return parse(text, "two-actors.luf")


def several(*lines: str, opening: str = "forever") -> Program:
    """Three CPUs, two processes and a file, with a block of lines."""
    block = "\n".join([opening, *lines, "end"])
    return parse(SEVERAL.format(block=block), "several.luf")


def explored(program: Program, *without: str, policy: str = "batched", walks: int = 0) -> Report:
    """What exploring it finds."""
    return Exploration(program, make_policy(policy, without), walks=walks).run()


WAITS = """\
title    A page that never arrives
machine  cpus 3, dram 2, cxl 1, max-order 0, tlb 2, pcp-high 0, swap 0
policy   batched
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
cpu2     run app
cpu1     read text.0
kswapd   demote text.0 stop before copy
forever
  cpu1     write heap.0
  cpu2     read text.0
end
"""
"""cpu2 waits for a migration that goes on no more, while cpu1 writes and writes."""

OWED = """\
title    Nobody needs the page
machine  cpus 2, dram 2, max-order 0, tlb 2, pcp-high 0, swap 0
policy   luf
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
cpu1     read text.0
forever
  kswapd   reclaim text.0
end
"""
"""Its flush waits until the page is used again."""

DEVICE = """\
title    A device reads what is reclaimed
machine  cpus 2, dram 1, max-order 0, tlb 1, pcp-high 0, swap 0, secondary-tlb
policy   luf
kswapd   on cpu0
process  app, heap 1 page
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
forever
  cpu1     write heap.0 fresh
  device   dma-read text.0
  cpu1     read text.0
  kswapd   reclaim text.0
end
expect   no violation
"""
