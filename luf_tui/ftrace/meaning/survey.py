"""What a trace says of itself, before any policy: counts, what was inferred, what is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from attrs import frozen

from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.meaning.meaning import BATCHED, NOT_KNOWN, PER_PAGE, Meaning
from luf_tui.ftrace.meaning.owners import Loaded
from luf_tui.ftrace.meaning.release import batches_migration, masks_lag
from luf_tui.ftrace.reading.line_reader import LineCounts

_NEEDED = (
    (FactKind.SWITCH, "task switches (sched:sched_switch)", "which CPUs may cache what"),
    (FactKind.ALLOC, "allocations (kmem:mm_page_alloc)", "when a freed page gets a new owner"),
    (FactKind.FREE, "frees (kmem:mm_page_free)", "which pages wait on the free lists"),
    (FactKind.UNMAP, "unmaps (the probes of `luf-tui record`)", "what a policy could defer"),
)

_TOLD = (FactKind.UNMAP, FactKind.SENT, FactKind.REMAP, FactKind.LEFT_LAZY, FactKind.RECEIVED)


@frozen
class RecordedCounts:
    """What the recording kernel did."""

    shootdowns: int
    """Flush requests for which IPIs were sent (tlb_flush reason 4)."""
    received: int
    """Shootdowns that arrived at a CPU (reason 1)."""
    unmaps: int
    """Pages unmapped for migration or reclaim, one a mapping."""
    reclaimed: int
    """Those for reclaim."""
    unmaps_readonly: int
    """Those whose PTE certainly could not be written through."""
    unmaps_unsure: int
    """Those of which the trace does not say it."""
    for_unmaps: int
    """Shootdowns sent for one of those unmaps, or for a batch of them."""
    for_copies: int
    """Shootdowns sent for a copy on write."""
    for_pending: int
    """Shootdowns sent for an address space whose unmaps stood in others' batches
    (flush_tlb_batched_pending())."""
    for_cleaning: int
    """Shootdowns sent by kernel threads that make a page clean: writeback, merging."""
    for_others: int
    """Shootdowns sent for munmap, mprotect, fork and the like."""
    local: int
    """Flushes of the asking CPU itself (reasons 2 and 3)."""
    left_lazy: int
    """IPIs that found a CPU lazy and took it off the address space; not among `received`."""
    wrong: int
    """IPIs that found another address space loaded (reason 5); not among `received`."""
    hidden: int
    """Unmaps of pages that NUMA balancing had hidden: no flush was owed."""
    unconfirmed: int
    """Probes without the event that says the PTE was cleared; not among `unmaps`."""
    moved: int
    undone: int
    """Migration entries that became the new page, and the old page again."""
    double_frees: int
    """Frees printed twice, counted once."""

    @property
    def interrupted(self) -> int:
        """CPUs interrupted for shootdowns. `shootdowns` counts requests, and is printed before
        lazy CPUs are left out, so that one may interrupt nobody.
        """
        return self.received + self.left_lazy + self.wrong


@frozen
class Survey:
    """A trace in numbers and sentences."""

    tally: LineCounts
    recorded: RecordedCounts
    facts: int
    kernel: str
    """`per page`, `batched` or `not known`: how it flushes for migrated pages."""
    baseline: str
    """The policy that the kernel follows: `eager`, `batched`, `before-6.3` where reclaim batches
    and migration does not, or empty where nothing tells."""
    masks_lag: bool
    """mm_cpumask also names CPUs that have gone on to another address space, as from 6.13 on; an
    interrupt that finds one tells it, too."""
    vmemmap: int
    vmemmap_how: str
    entry_types: str
    cpus: tuple[int, ...]
    seconds: float
    """Time from the first to the last event, in the recording's clock; 0 if that counts no time."""
    tasks: tuple[tuple[str, int, int], ...]
    """Name, pid and pages allocated of the tasks that allocated most."""
    mms: tuple[tuple[int, int, tuple[int, ...]], ...]
    """Per address space: its mm_struct, pages unmapped, and pids known to run in it."""
    foretold: tuple[int, int]
    """Unmaps for which the followed CPU masks foretell IPIs as recorded, out of so many; only on a
    kernel that flushes page by page."""
    cut: str
    """Why the file ends early; empty if it does not."""
    unknown: tuple[str, ...]
    """What the trace does not say, in sentences."""


def survey(
    meaning: Meaning,
    mm_of: dict[int, int],
    tally: LineCounts,
    *,
    release: str = "",
    cut: str = "",
    torn: bool = False,
) -> Survey:
    """Count and describe settled facts. `release` is that of the kernel, if the file says it."""
    facts = meaning.facts
    kinds = Counter(facts.kind)
    base, how = meaning.vmemmap.base()
    recorded = _recorded(facts, kinds, meaning.double_frees)
    flavour = meaning.flavour.describe()
    if flavour == NOT_KNOWN:
        by_release = {True: BATCHED, False: PER_PAGE, None: NOT_KNOWN}
        flavour = by_release[batches_migration(release)]
    names = meaning.lives.named
    pages, unmapped = _pages(facts)
    pids: dict[int, list[int]] = {}
    for task, mm in sorted(mm_of.items()):
        if task >= 0 and names[task][1] not in pids.setdefault(mm, []):
            pids[mm].append(names[task][1])
    return Survey(
        tally=tally,
        recorded=recorded,
        facts=len(facts),
        kernel=flavour,
        baseline=_baseline(flavour, recorded),
        masks_lag=bool(recorded.wrong or masks_lag(release)),
        vmemmap=base,
        vmemmap_how=how,
        entry_types=meaning.types.describe(),
        cpus=tuple(sorted(set(facts.cpu))),
        seconds=0.0 if tally.counted > 0 else max(0.0, tally.last - tally.first),
        tasks=tuple((*names[task], count) for task, count in pages.most_common(10)),
        mms=tuple(
            (address, unmapped[n], tuple(pids.get(n, ())))
            for n, address in enumerate(meaning.mms, 1)
        ),
        foretold=_foretold(facts) if flavour == "per page" else (0, 0),
        cut=cut,
        unknown=(
            *_unknown(meaning, tally, recorded, kinds, base, cut=cut, torn=torn),
            *_nobody(unmapped, set(mm_of.values())),
            *_by_asking(len(meaning.owners.explained & set(mm_of))),
        ),
    )


def _baseline(flavour: str, recorded: RecordedCounts) -> str:
    """Reclaim has batched since Linux 4.3, migration since 6.3."""
    if not recorded.unmaps:
        return ""
    if flavour == PER_PAGE:
        return "before-6.3" if recorded.reclaimed else "eager"
    return "batched" if flavour == BATCHED or recorded.reclaimed else ""


def _pages(facts: Facts) -> tuple[Counter[int], Counter[int]]:
    """Pages allocated per task, and unmaps per address space."""
    alloc, unmap = int(FactKind.ALLOC), int(FactKind.UNMAP)
    pages: Counter[int] = Counter()
    unmapped: Counter[int] = Counter()
    for at in facts.of(alloc):
        pages[facts.task[at]] += 1 << facts.arg[at]
    for at in facts.of(unmap):
        unmapped[facts.mm[at]] += 1
    return pages, unmapped


def _recorded(facts: Facts, kinds: Counter[int], double_frees: int) -> RecordedCounts:
    columns, told_of = zip(facts.kind, facts.flags, strict=True), set(map(int, _TOLD))
    told = Counter(pair for pair in columns if pair[0] in told_of)
    count: Counter[str] = Counter()
    for (kind, number), times in told.items():
        flags = Flag(number)
        if kind == FactKind.REMAP:
            count["undone" if flags & Flag.FAILED else "moved"] += times
        elif kind == FactKind.SENT:
            count[_sent_for(flags)] += times
        elif kind == FactKind.LEFT_LAZY:
            count["left"] += 0 if flags & Flag.LOCAL else times
        elif kind == FactKind.RECEIVED:
            count["wrong"] += times if flags & Flag.WRONG else 0
        elif not flags & (Flag.CONFIRMED | Flag.SENT | Flag.LOCAL):
            count["unconfirmed"] += times
        else:
            count["unmaps"] += times
            count["reclaimed"] += 0 if flags & Flag.MIGRATE else times
            for name, bit in (("unsure", Flag.UNSURE), ("hidden", Flag.HIDDEN)):
                count[name] += times if flags & bit else 0
            count["readonly"] += 0 if flags & (Flag.WRITABLE | Flag.UNSURE) else times
    return RecordedCounts(
        shootdowns=kinds[FactKind.SENT],
        received=kinds[FactKind.RECEIVED] - count["wrong"],
        unmaps=count["unmaps"],
        reclaimed=count["reclaimed"],
        unmaps_readonly=count["readonly"],
        unmaps_unsure=count["unsure"],
        for_unmaps=count["for unmaps"],
        for_copies=count["for copies"],
        for_pending=count["for pending"],
        for_cleaning=count["for cleaning"],
        for_others=count["for others"],
        local=kinds[FactKind.LOCAL],
        left_lazy=count["left"],
        wrong=count["wrong"],
        hidden=count["hidden"],
        unconfirmed=count["unconfirmed"],
        moved=count["moved"],
        undone=count["undone"],
        double_frees=double_frees,
    )


def _sent_for(flags: Flag) -> str:
    if flags & (Flag.FOR_UNMAP | Flag.BATCH):
        return "for unmaps"
    if flags & Flag.PENDING:
        return "for pending"
    if flags & Flag.CLEAN:
        return "for cleaning"
    return "for copies" if flags & Flag.COPY else "for others"


def _foretold(facts: Facts) -> tuple[int, int]:
    """Follow what each CPU has loaded, and compare with the IPIs that were sent."""
    loaded = Loaded()
    right = total = 0
    unmap, confirmed = int(FactKind.UNMAP), int(Flag.CONFIRMED)
    hidden, sent = int(Flag.HIDDEN), int(Flag.SENT)
    for at in facts.of(unmap, *Loaded.FOLLOWS):
        kind = facts.kind[at]
        if kind in Loaded.FOLLOWS:
            loaded.follow(facts, at)
        elif kind == unmap and facts.flags[at] & confirmed:
            flags = facts.flags[at]
            others = loaded.mask(facts.mm[at]) & ~(1 << facts.cpu[at])
            right += (bool(others) and not flags & hidden) == bool(flags & sent)
            total += 1
    return right, total


def _nobody(unmapped: Counter[int], owned: set[int]) -> Iterator[str]:
    """What is not known of whose the unmapped pages are."""
    if unmapped[0]:
        yield (
            f"Whose {unmapped[0]} unmapped pages are, which no probe of `luf-tui record` tells: "
            "they count as of one address space that nobody has loaded, and ask nobody."
        )
    spaces = [mm for mm in unmapped if mm and mm not in owned]
    if spaces:
        pages = sum(unmapped[mm] for mm in spaces)
        yield (
            f"Who has {len(spaces)} of the {len(unmapped) - (0 in unmapped)} address spaces from "
            f"which pages are unmapped: nobody is asked for their {pages} pages."
        )


def _by_asking(tasks: int) -> Iterator[str]:
    """What the agreement of a replay with its recording rests on."""
    if tasks:
        yield (
            f"Which address space {tasks} tasks have, threads counted once, but by when others "
            "were asked: there the policy of the recorded kernel agrees with the recording as a "
            "matter of course."
        )


def _unknown(
    meaning: Meaning,
    tally: LineCounts,
    recorded: RecordedCounts,
    kinds: Counter[int],
    base: int,
    *,
    cut: str,
    torn: bool,
) -> list[str]:
    said = []
    if cut:
        said.append(f"What came after line {tally.lines}: {cut}.")
    if torn:
        said.append("The last line has no end and was left out.")
    if tally.lost_marks:
        said.append(
            f"What {tally.lost or 'an unknown number of'} events were that the kernel dropped in "
            f"{tally.lost_marks} gaps; record with larger buffers."
        )
    if tally.counted > 0:
        said.append(
            "How long anything took: the recording's clock counts events, ticks or cycles; "
            "record with `echo mono > trace_clock`."
        )
    if tally.backwards:
        said.append(f"The order of {tally.backwards} events, whose time is before the last one's.")
    for name, number in sorted(tally.layouts.items()):
        said.append(f"What {number} lines say: they are {name}.")
    if tally.overwritten:
        said.append(f"{tally.overwritten} events overwritten before the trace was read.")
    said.extend(
        f"{why.capitalize()}: the trace holds no {what}."
        for kind, what, why in _NEEDED
        if not kinds[int(kind)]
    )
    if not base and any(not meaning.facts.pfn[at] for at, _ in meaning.folios):
        said.append("Which frames were unmapped: the base of vmemmap could not be inferred.")
    if recorded.unmaps_unsure:
        said.append(
            f"Whether {recorded.unmaps_unsure} unmapped PTEs could be written: no event says it; "
            "their mapping allows it, so they count as writable, and for the bounds as read-only."
        )
    if recorded.hidden:
        said.append(
            f"Whether NUMA balancing had hidden other pages than the {recorded.hidden} that were "
            "unmapped to be promoted."
        )
    return said
