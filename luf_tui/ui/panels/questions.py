"""Panels that answer questions about the run: why, history, comparison."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from luf_tui.machine.events import KINDS
from luf_tui.machine.refs import Ref
from luf_tui.policy.registry import POLICIES
from luf_tui.timeline.answers import Link
from luf_tui.timeline.ask import compare, history, why
from luf_tui.timeline.ask.costs import bill
from luf_tui.timeline.tell import narrate
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.panels.intents import Close, Go, Intent, Select, Stay
from luf_tui.ui.panels.panel import ACCENT, BAD, DIM, HEADING, Item, ListPanel
from luf_tui.ui.session import Reply, Session
from luf_tui.view.glyphs import of_kind
from luf_tui.view.marks import Mark

WHY_HINT = "⏎ go there and ask on   ⌫ back   esc close"
MOST_WRITES = 2_000
MOST_CPUS = 4
COLUMN = 9
"""Cells of a column of numbers: a table of six fits on 80."""


@frozen
class Question:
    """A question once asked: about what, and where one stood."""

    ref: Ref | None
    position: int


class WhyPanel(ListPanel):
    """The chain behind one thing, effect first; Enter goes to a link and asks on from there."""

    name = "why"
    width = 72

    def __init__(self, session: Session) -> None:
        super().__init__("why", (), hint=WHY_HINT, empty="nothing led to this")
        self.session = session
        self.asked: list[Question] = []
        """The way that led here, the latest last."""
        self._shown: Question | None = None
        self.refresh()

    def refresh(self) -> None:
        """Answer for what is selected now and where the session stands; the cursor is back at the
        top where that is another question.
        """
        session = self.session
        question = Question(session.selected, session.position)
        if question == self._shown:
            return
        self._shown = question
        links, subject = explain(session)
        self.title = f"why {subject} · step {session.position}"
        self.items = [link_item(session.timeline, link) for link in links]
        self.cursor = 0

    def key(self, key: str, character: str | None) -> Intent | None:
        """Ask on, or go back over what was asked; everything else is as in a list."""
        if key == "backspace":
            return self._go_back()
        if key == "w":
            return self.use(self.item) if self.item else Stay()
        return super().key(key, character)

    def use(self, item: Item) -> Intent:
        """Go to a link and ask on from there."""
        link = item.value
        assert isinstance(link, Link)
        before = Question(self.session.selected, self.session.position)
        if link.step < 0 or (link.ref, link.step) == (before.ref, before.position):
            return Stay()
        self.asked.append(before)
        return Select(link.ref or before.ref, link.step)

    def _go_back(self) -> Intent:
        if not self.asked:
            return Close()
        before = self.asked.pop()
        return Select(before.ref, before.position)


def explain(session: Session) -> tuple[tuple[Link, ...], str]:
    """The links for the selected thing, else for the finding or the event of this step."""
    timeline, at = session.timeline, session.position
    if session.selected is not None:
        links = why.why(timeline, session.selected, at, session.level)
        return links, ref_name(timeline, session.selected)
    return why.why_step(timeline, at, session.level)


def link_item(timeline: Timeline, link: Link) -> Item:
    """A link as a line of a list."""
    kind = KINDS[timeline.events.kind_of(link.event)] if link.event >= 0 else None
    glyph = Mark("  ") if kind is None else Mark(f"{of_kind(kind)} ", kind.role or "text")
    step = f"{link.step:>6} " if link.step >= 0 else "     – "
    return Item((Mark(step, DIM), glyph), text=link.text, value=link)


def history_panel(session: Session, ref: Ref) -> ListPanel:
    """Every write to one thing; Enter goes to it."""
    timeline = session.timeline
    writes = history.history(timeline, ref)
    items: list[Item] = []
    cursor = 0
    for write in writes[:MOST_WRITES]:
        if write.step <= session.position:
            cursor = len(items)
        changed = history.changed(timeline, write)
        said = narrate.narrate(timeline, write.step, session.level) if write.step else "power-on"
        items.append(
            Item((Mark(f"{write.step:>6} ", DIM),), text=changed, about=said, choose=Go(write.step))
        )
    panel = ListPanel(
        f"history of {ref_name(timeline, ref)} · {len(writes)} changes",
        items,
        hint="⏎ go there   esc close",
        empty="it never changes in this run",
        cursor=cursor,
    )
    panel.name = "history"
    return panel


def compare_panel(runs: Sequence[Timeline]) -> ListPanel:
    """Counters of several runs side by side, and where they part; Enter goes there."""
    found = compare.compare(runs)
    heads = ("IPIs", "deferred", "paid", "saved", "stale", "broken")
    wide = max(12, *(len(name) for name in found.policies)) + 1
    items = [
        Item(
            (Mark(" " * (wide + 2), DIM), *(Mark(f"{head:>{COLUMN}}", HEADING) for head in heads)),
            heading=True,
        )
    ]
    for name, count in zip(found.policies, found.counters, strict=True):
        numbers = (count.ipis, count.deferred, count.paid, count.saved, count.stale_hits)
        bad = BAD if count.violations else "text"
        row = (
            Mark(f"{name:<{wide}}", ACCENT),
            *(Mark(f"{number:>{COLUMN}}") for number in numbers),
            Mark(f"{count.violations:>{COLUMN}}", bad),
        )
        items.append(
            Item(row, about=f"{name}: {POLICIES[name].SUMMARY}" if name in POLICIES else "")
        )
    items += _costs(runs, found.policies, wide)
    cursor = len(items)
    for title, place in (
        ("the runs part", found.divergence),
        ("a program can notice", found.outside),
    ):
        items.append(Item((), heading=True))
        if place is None:
            items.append(Item((Mark(f"  {title}: never", DIM),), heading=True))
            continue
        first, other = found.policies[0], place.other
        both = f"{first}: {place.text or 'nothing'}\n{other}: {place.other_text or 'nothing'}"
        head = (Mark(f"{title} at step {place.step}, line {place.line}"),)
        items.append(Item(head, about=both, choose=Go(place.step)))
    panel = ListPanel(
        "compare",
        items,
        hint="⏎ go there   esc close",
        cursor=cursor,
    )
    panel.name, panel.width = "compare", wide + COLUMN * len(heads) + 8
    return panel


def _costs(runs: Sequence[Timeline], policies: Sequence[str], wide: int) -> list[Item]:
    """Who pays, a row a policy: time lost to flushes, and the CPUs that lose most of it."""
    bills = [bill(run, run.steps) for run in runs]
    lost = [[share.waiting + share.interrupted for share in one.cpus] for one in bills]
    most = sorted(range(len(lost[0])), key=lambda cpu: -sum(row[cpu] for row in lost))
    shown = sorted(cpu for cpu in most[:MOST_CPUS] if any(row[cpu] for row in lost))
    heads = ("waiting", "handlers", *(f"cpu{cpu}" for cpu in shown))
    items = [Item((), heading=True)]
    title = (Mark(f"  {'model ns lost':<{wide}}", DIM),)
    items.append(
        Item((*title, *(Mark(f"{head:>{COLUMN}}", HEADING) for head in heads)), heading=True)
    )
    for name, one, row in zip(policies, bills, lost, strict=True):
        numbers = (one.waiting, one.interrupted, *(row[cpu] for cpu in shown))
        spent = (Mark(f"{number:>{COLUMN},}") for number in numbers)
        who = [f"{actor} waits {share.waiting:,}" for actor, share in one.actors.items()]
        told = ", ".join(text for text in who if not text.endswith(" 0")) or "nobody waits"
        items.append(Item((Mark(f"{name:<{wide}}", ACCENT), *spent), about=f"{name}: {told}"))
    return items


def ref_name(timeline: Timeline, ref: Ref) -> str:
    """What a person calls a thing."""
    config = timeline.config
    if ref.region == "frame":
        name = f"f{ref.index}" if ref.index < config.frames else "the zero page"
    elif ref.region in ("pte", "vma"):
        mm, vpn = timeline.machine.place(ref.index)
        name = f"{config.processes[mm].name} {config.page_name(mm, vpn)}"
    elif ref.region == "tlb":
        entry = ref.index % config.tlb_entries
        name = f"{timeline.machine.tlb_owner(timeline.machine.tlb[ref.index])} tlb[{entry}]"
    elif ref.region == "cpu":
        name = f"cpu{ref.index}"
    elif ref.region == "lists":
        name = timeline.machine.list_name(timeline.machine.lists[ref.index])
    elif ref.region == "task":
        name = config.tasks[ref.index].name
    elif ref.region == "mm":
        name = config.processes[ref.index].name
    else:
        name = timeline.machine.regions.name_of(timeline.machine.regions[ref.region][ref.index])
    return f"{name}.{ref.field}" if ref.field else name


def nothing_selected(session: Session) -> Reply:
    """What to say when a question needs something selected."""
    return Reply(
        "select something first: click it, or {next-pane} to its pane and press {select}",
        moved=False,
    )
