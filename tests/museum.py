"""The pieces of the museum; run by hand, what a search finds in each.

`python -m tests.museum` searches every piece with its guard and without, and writes that to
`tests/data/museum.json`; which client alone finds a guard is known from `python -m tests.clients
guards`. Then `python -m tests.readme` puts the table into the README.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load
from luf_tui.script.program import Program
from luf_tui.search.exploration import Exploration
from tests.client_tables import by_client, table
from tests.clients import read as of_clients
from tests.conftest import ROOT

FOLDER = ROOT / "scenarios" / "museum"
DATA = ROOT / "tests" / "data" / "museum.json"
SOURCE = re.compile(r"\b[0-9a-f]{12}\b|CVE-\d{4}-\d+|Linux \d+(?:\.\d+)+")
"""How a piece names a commit, a CVE, or the release that has the fix."""
SUBJECT = re.compile(r'^"([^"]+)"')
"""How it names a commit whose hash nobody here is sure of."""
YEAR = re.compile(r"\b(?:19|20)\d\d\b(?!-)")

PIECES = {
    "a-cpu-comes-back": ("flush-on-online", "O10"),
    "batch-without-generation": ("flush-without-generation", "O2"),
    "device-against-cow": ("notify-with-flush", "O29"),
    "device-of-a-dying-process": ("notify-to-the-end", "O29"),
    "direct-io-into-a-page-given-up": ("keep-referenced", "O40"),
    "direct-write-beside-a-reader": ("drop-after-direct-write", "O40"),
    "dontneed-against-madvise-free": ("keep-huge-present", "O40"),
    "dontneed-against-numa-scan": ("keep-huge-present", "O40"),
    "driver-frees-what-munmap-hides": ("flush-frame-maps", "O2"),
    "fault-against-invalidate": ("map-what-is-cached", "O42"),
    "fault-against-truncate": ("recheck-size", "O42"),
    "flag-for-two-flushes": ("count-gathers", "O5"),
    "fork-against-faults": ("lock-fork", "O5"),
    "fork-against-migration": ("share-entries", "O41"),
    "fork-against-pin": ("copy-pinned-on-fork", "O41"),
    "freed-before-the-flush": ("flush-before-gather-free", "O2"),
    "full-gather": ("flush-what-is-gathered", "O2"),
    "hidden-page-migrated": ("flush-hidden-while-pending", "O3"),
    "hint-against-write-protect": ("hint-keeps-rights", "O42"),
    "invalidate-against-store": ("keep-dirty", "O40"),
    "ksm-against-pin": ("merge-unpinned", "O41"),
    "ksm-page-given-up": ("merged-is-dirty", "O40"),
    "large-entry-loses-dirty": ("keep-huge-dirty", "O40"),
    "left-the-mask-too-early": ("stay-in-mask", "O10"),
    "migration-against-write-protect": ("restore-rights", "O42"),
    "migration-loses-dirty": ("carry-dirty", "O40"),
    "migration-without-the-lock": ("flush-under-lock", "O10"),
    "mprotect-against-migration": ("protect-entries", "O42"),
    "mprotect-during-reclaim": ("flush-batched-pending", "O13"),
    "mremap-against-truncate": ("flush-before-unlock", "O2"),
    "mremap-against-writeback": ("flush-before-unlock", "O5"),
    "munmap-against-writeback": ("delay-rmap", "O5"),
    "nested-gather-forgets-tables": ("nested-flush-tables", "O32"),
    "numa-flag-after-the-pte": ("announce-first", "O5"),
    "page-table-freed-at-once": ("flush-before-table-free", "O32"),
    "page-table-under-a-lazy-cpu": ("flush-before-table-free", "O32"),
    "pending-flag-against-reclaim": ("count-pending", "O10"),
    "pin-against-collapse": ("recheck-table", "O40"),
    "pinned-while-shared": ("unshare-before-pin", "O41"),
    "reaper-without-a-flush": ("flush-on-exit", "O2"),
    "second-gather": ("flush-nested-gather", "O12"),
    "self-modifying-code": ("flush-before-set", "O6"),
    "soft-dirty-against-cow": ("lock-soft-dirty", "O3"),
    "soft-dirty-without-a-flush": ("flush-soft-dirty", "O13"),
    "split-against-reuse": ("count-through-split", "O41"),
    "swap-in-past-the-cache": ("swap-cache-first", "O40"),
    "switch-against-flush": ("mask-before-load", "O10"),
    "switch-against-should-flush": ("flush-while-switching", "O10"),
    "truncate-against-swap": ("truncate-swapped", "O42"),
    "uffd-against-cow": ("uffd-flush", "O3"),
}
"""Each piece, the guard that is the kernel's fix, and the obligation broken without it."""


def piece(name: str) -> Program:
    """A piece of the museum."""
    return load(str(FOLDER / f"{name}.luf"))


def sources(about: str) -> str:
    """The commit, the CVE or the release that a piece names first; else a commit's subject."""
    text = " ".join(about.split())
    first = text.partition(" guard ")[0]
    cves = [one for one in SOURCE.findall(first) if one.startswith("CVE")]
    others = [one for one in SOURCE.findall(first) if not one.startswith("CVE")]
    found = cves + others[:1]
    subject = SUBJECT.search(text)
    return ", ".join(found) or (f'"{subject[1]}"' if subject else "")


def year(about: str) -> str:
    """The year in which the fix was made, where a piece tells it."""
    found = YEAR.search(re.sub(r"CVE-\d{4}-\d+", "", " ".join(about.split())))
    return found[0] if found else ""


def searched(name: str) -> dict[str, Any]:
    """A piece with its guard and without."""
    program = piece(name)
    guard, _ = PIECES[name]
    whole = Exploration(program, make_policy(program.policy, ())).run()
    bug = Exploration(program, make_policy(program.policy, (guard,))).run()
    return {"states": whole.states, "turns": len(bug.schedule), "obligation": bug.obligation}


def read() -> dict[str, Any]:
    """The data file."""
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return found


def rows() -> str:
    """The table of the README."""
    found = read()
    clients = of_clients()["guards"]
    heads = "piece|fixed by|year|the fix is guard|states with it|without it|a client alone"
    lines: list[tuple[str, ...]] = []
    for name, (guard, obligation) in PIECES.items():
        about, one = piece(name).about, found[name]
        broken = f"{obligation} after {one['turns']} turns"
        client = by_client(clients[guard]["client"])
        fix, states = f"`{guard}`", f"{one['states']:,}"
        lines.append((f"`{name}`", sources(about), year(about), fix, states, broken, client))
    return table(heads, lines)


def main() -> None:
    """Search every piece, or those named."""
    found = read() if DATA.exists() else {}
    for name in sys.argv[1:] or PIECES:
        found[name] = searched(name)
        sys.stderr.write(f"{name}: {found[name]}\n")
    kept = {name: found[name] for name in PIECES}
    DATA.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
