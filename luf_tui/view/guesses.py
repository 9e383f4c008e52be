"""What a micro-step changes of what the panes show, as a question, and how well it was guessed.

A thing is what marks stand for: a CPU, an entry of its TLB, a page of an address space, a frame. A
TLB entry that comes into being is asked of its CPU: there is nothing else to point at before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve, field, frozen

from luf_tui.machine.refs import Ref
from luf_tui.policy.base import OWED, PAYING
from luf_tui.timeline.answers import Change
from luf_tui.timeline.ask.debt_states import in_debt
from luf_tui.timeline.ask.diff import step_changes
from luf_tui.timeline.ask.history import changed
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.tell.narrate import label, telling
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.compose import Block
from luf_tui.view.marks import Mark, Row

ASKED: Final = ("tlbs", "pagetables", "lists", "frames", "ledger", "map")
"""Panes whose marks one can point at."""
SHOWN: Final[Mapping[str, frozenset[str]]] = {
    "tlb": frozenset({"mm", "vpn", "frame", "writable", "dirty", "issued"}),
    "cpu": frozenset({"task", "lazy", "loaded_mm", "ipis", "handling", "irqs_off", "offline"}),
    "shootdown": frozenset({"waiting"}),
    "pte": frozenset(
        {"kind", "frame", "slot", "writable", "dirty", "accessed", "uffd_wp", "prot_none"}
    ),
    "mm": frozenset({"tlb_gen", "cpumask", "writer"}),
    "frame": frozenset({"state", "content", "mark", "order"}),
}
"""What the panes show of a record: its other cells may change unseen."""
NEW: Final = frozenset({"vma", "pte"})
"""Regions whose records come into sight when they are first written."""
POINTED_AT: Final = frozenset({"tlb", "cpu", "pte", "mm", "frame"})
STALE = "stale from here on: the page table disagrees"
FRESH = "not stale any more"
OWES_NOT = "waits for no flush any more"
DEBTS: Final[Mapping[str, str]] = {
    OWED: "owes a flush from here on",
    PAYING: "its flush is being paid from here on",
}
GUESSED, RIGHT, MISSED, WRONG = "?", "✓", "•", "✗"
"""Signs before a thing: marked, marked and changed, changed only, marked only."""
VEIL: Final[Row] = (Mark("?", "dim"),)
"""Stands for what is not to be seen yet."""
ROLES: Final = {GUESSED: "key", RIGHT: "ok", MISSED: "failed", WRONG: "failed"}


@frozen
class Question:
    """What changes in one micro-step."""

    step: int
    asks: str
    """The micro-step by its label, and who makes it."""
    things: Mapping[Ref, tuple[str, str]]
    """What changes, in the order of the panes: what it is called, and how it changes."""


def thing(ref: Ref | None) -> Ref | None:
    """What a mark stands for as a whole; None where it is nothing that is asked for."""
    if ref is None or ref.region not in POINTED_AT:
        return None
    return Ref(ref.region, ref.index) if ref.field else ref


def steps(timeline: Timeline) -> Iterator[int]:
    """The micro-steps that are asked, in order: those that change what is shown, and those that
    there is something to tell of, unless all that changes is new and cannot be pointed at.
    """
    step = step_after(timeline, 0)
    while step >= 0:
        yield step
        step = step_after(timeline, step)


def step_after(timeline: Timeline, position: int) -> int:
    """The first micro-step behind a position that is asked; -1 when there is none."""
    later = range(position + 1, timeline.steps + 1)
    return next((step for step in later if _can_be_asked(timeline, step)), -1)


def _can_be_asked(timeline: Timeline, step: int) -> bool:
    if question(timeline, step).things:
        return True
    if telling(timeline, step) < 0:
        return False
    return not any(change.ref.region in NEW for change in step_changes(timeline, step))


@per_run
def question(timeline: Timeline, step: int) -> Question:
    """What a micro-step changes, of what stood there before it."""
    found: dict[Ref, list[str]] = defaultdict(list)
    with timeline.visit(step):
        stale, debts = names.stale_entries(timeline), _debts(timeline)
        cached = {
            e.index: names.page(timeline.machine, e.mm.index, e.vpn)
            for e in timeline.machine.tlb.records
            if e.mm
        }
    with timeline.visit(step - 1):
        for change in step_changes(timeline, step):
            _take(timeline, change, cached, found)
        for index in names.stale_entries(timeline) ^ stale:
            ref = Ref("tlb", index)
            if timeline.machine.tlb[index].mm and index in cached:
                found[ref].append(STALE if index in stale else FRESH)
        for pfn, _ in sorted(_debts(timeline).items() ^ debts.items()):
            found[Ref("frame", pfn)].append(DEBTS.get(debts.get(pfn, ""), OWES_NOT))
        told = {
            ref: (name(timeline, ref), "; ".join(dict.fromkeys(how)))
            for ref, how in sorted(found.items(), key=_order)
        }
    return Question(step, label(timeline, step), told)


def _debts(timeline: Timeline) -> dict[int, str]:
    """The state of what each frame waits for, where the cursor stands."""
    return {pfn: debt.state for pfn, debt in in_debt(timeline).items()}


def _order(item: tuple[Ref, list[str]]) -> tuple[int, int]:
    return list(SHOWN).index(item[0].region), item[0].index


def _take(
    timeline: Timeline, change: Change, cached: Mapping[int, str], found: dict[Ref, list[str]]
) -> None:
    """Note a change of a cell where a pane shows it, for what one can point at before it."""
    ref, m = change.ref, timeline.machine
    if ref.field not in SHOWN.get(ref.region, ()):
        return
    if ref.region == "tlb":
        entry = m.tlb[ref.index]
        if not entry.mm:
            cpu = ref.index // m.config.tlb_entries
            if cpu < m.config.cpus:
                found[Ref("cpu", cpu)].append(f"caches {cached.get(ref.index, 'a page')}")
            return
        how = changed(timeline, change) if ref.index in cached else "is dropped"
        found[Ref("tlb", ref.index)].append(how)
        return
    if ref.region == "shootdown":
        found[Ref("cpu", ref.index)].append(changed(timeline, change))
        return
    if ref.region == "pte" and not _listed(timeline, ref.index):
        return
    if ref.region == "mm" and not m.mm[ref.index].alive:
        return
    if ref.region == "frame" and ref.index >= m.config.frames:
        return
    found[Ref(ref.region, ref.index)].append(changed(timeline, change))


def _listed(timeline: Timeline, index: int) -> bool:
    """Whether the page tables show a page."""
    m = timeline.machine
    pte, mm = m.pte[index], m.mm[m.place(index)[0]]
    return bool(mm.alive and (pte.kind or m.vma[index].mapped))


def name(timeline: Timeline, ref: Ref) -> str:
    """What a thing is called where the cursor stands."""
    m = timeline.machine
    if ref.region == "cpu":
        return f"cpu{ref.index}"
    if ref.region == "frame":
        return f"f{ref.index}"
    if ref.region == "mm":
        return names.process(m, ref.index)
    if ref.region == "pte":
        mm, vpn = m.place(ref.index)
        return f"{names.process(m, mm)}'s {names.page(m, mm, vpn)}"
    entry = m.tlb[ref.index]
    owner = m.tlb_owner(entry)
    page = names.page(m, entry.mm.index, entry.vpn) if entry.mm else "an empty entry"
    return f"{owner} {page}"


# -- how well it was guessed ------------------------------------------------------------------


@frozen
class Answer:
    """One question answered."""

    question: Question
    guess: frozenset[Ref]

    @property
    def right(self) -> frozenset[Ref]:
        """What was marked and changes."""
        return self.guess & self.question.things.keys()

    @property
    def missed(self) -> frozenset[Ref]:
        """What changes and was not marked."""
        return frozenset(self.question.things.keys() - self.guess)

    @property
    def wrong(self) -> frozenset[Ref]:
        """What was marked and stays as it is."""
        return self.guess - self.question.things.keys()

    @property
    def asked(self) -> int:
        """Points there are: one a thing that changes or was marked, one where nothing is."""
        return max(1, len(self.guess | self.question.things.keys()))

    @property
    def points(self) -> int:
        """Points made: one a thing that is right; one for knowing that nothing changes."""
        return len(self.right) if self.guess or self.question.things else 1

    def sign(self, ref: Ref) -> str:
        """How a thing was guessed; empty where that is nothing to tell."""
        if ref in self.right:
            return RIGHT
        return MISSED if ref in self.missed else WRONG if ref in self.wrong else ""


@frozen
class Score:
    """The answers of a quiz, one a micro-step: the latest counts."""

    answers: Mapping[int, Answer] = field(factory=dict)

    def with_answer(self, answer: Answer) -> Score:
        """With one more, or another in the place of an older one."""
        return evolve(self, answers={**self.answers, answer.question.step: answer})

    @property
    def points(self) -> int:
        """Points made."""
        return sum(answer.points for answer in self.answers.values())

    @property
    def asked(self) -> int:
        """Points there were."""
        return sum(answer.asked for answer in self.answers.values())

    def hardest(self, most: int) -> Sequence[Answer]:
        """The answers with most points lost, those first."""
        lost = [answer for answer in self.answers.values() if answer.points < answer.asked]
        return sorted(lost, key=lambda one: (one.points - one.asked, one.question.step))[:most]


# -- what the panes show of it ----------------------------------------------------------------


def signed(blocks: Collection[Block], signs: Mapping[Ref, str], score: str) -> list[Block]:
    """Blocks with a sign before each thing that has one, and the score in the header."""
    return [_signed(block, signs, score) for block in blocks]


def _signed(block: Block, signs: Mapping[Ref, str], score: str) -> Block:
    pane = block.pane
    if pane.name == "header":
        return evolve(
            block, pane=evolve(pane, rows=tuple(_scored(row, score) for row in pane.rows))
        )
    if pane.name not in ASKED:
        return block
    rows = tuple(_row(row, signs) for row in pane.rows)
    return evolve(block, pane=evolve(pane, rows=rows))


def _scored(row: Row, score: str) -> Row:
    """The header with the score in the place of the title, as far as there is room for it."""
    title = next((n for n, mark in enumerate(row) if mark.role == "title"), None)
    if title is None:
        return row
    room = len(row[title].text)
    return (*row[:title], Mark(f" {score}"[:room].ljust(room), "key"), *row[title + 1 :])


def _row(row: Row, signs: Mapping[Ref, str]) -> Row:
    """A row with signs: in the place of a glyph that stands before a thing, else before it, where
    a blank beside it makes room.
    """
    told: set[Ref] = set()
    found: list[Mark] = []
    over = 0
    for mark in row:
        ref = thing(mark.ref)
        sign = signs.get(ref, "") if ref is not None else ""
        if ref is None or not sign or ref in told:
            if over and len(mark.text) > 1 and mark.text.endswith(" "):
                found.append(evolve(mark, text=mark.text[:-1]))
                over -= 1
            else:
                found.append(mark)
            continue
        told.add(ref)
        glyph = Mark(sign, ROLES[sign], mark.ref)
        if mark.text and len(mark.text.strip()) <= 1:
            found += [glyph, evolve(mark, text=mark.text[1:])]
            continue
        if found and not found[-1].ref and found[-1].text.endswith(" "):
            found[-1] = evolve(found[-1], text=found[-1].text[:-1])
        else:
            over += 1
        found += [glyph, mark]
    return tuple(found)


def without_what_comes(blocks: Collection[Block], position: int) -> list[Block]:
    """Blocks that do not tell what happens after a position: it would be the answer."""
    return [_veiled(block, position) for block in blocks]


def _veiled(block: Block, position: int) -> Block:
    pane = block.pane
    if pane.name == "lanes":
        return evolve(block, pane=evolve(pane, rows=(VEIL,), current=None))
    if pane.name == "events":
        rows = tuple(VEIL if _comes(row, position) else row for row in pane.rows)
        return evolve(block, pane=evolve(pane, rows=rows))
    if pane.name == "strip":
        rows = tuple(tuple(_plain(mark, position) for mark in row) for row in pane.rows)
        return evolve(block, pane=evolve(pane, rows=rows))
    return block


def _comes(row: Row, position: int) -> bool:
    return any(_is_later(mark, position) for mark in row)


def _is_later(mark: Mark, position: int) -> bool:
    return mark.ref is not None and mark.ref.region == "step" and mark.ref.index > position


def _plain(mark: Mark, position: int) -> Mark:
    return Mark("·", "dim", mark.ref) if _is_later(mark, position) else mark
