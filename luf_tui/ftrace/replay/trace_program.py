"""A recording as a run to be walked: its facts are the lines of a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, overload

from attrs import frozen

from luf_tui.engine.director import ItemInfo, StepInfo
from luf_tui.errors import LufError, Span
from luf_tui.ftrace.meaning.facts import FactKind, Flag
from luf_tui.ftrace.replay.layout import Layout, lay_out
from luf_tui.ftrace.replay.replay import Replay
from luf_tui.ftrace.trace import Trace
from luf_tui.library import RECORDED
from luf_tui.oracle.oracle import Finding
from luf_tui.policy.base import Policy
from luf_tui.script.declaration import Arguments, Verb
from luf_tui.script.program import Item, Op, Program, Recorded
from luf_tui.timeline.recorder import Recorder
from luf_tui.timeline.tell.words import counted

POLICY = "luf"
"""What a recording is replayed under unless another policy is named."""
CPUS = 63
"""As many as a recording to be walked may have: what the log and the events say of CPUs has 63
bits.
"""
LIMIT = 20_000_000
"""Micro-steps after which a recording is walked no further."""
MEMORY = 1 << 30
"""Bytes of history after which a recording is walked no further."""
LOOK = 1024
"""Micro-steps between two looks at how much memory the history takes."""
NAMES = {
    FactKind.SWITCH: "switch",
    FactKind.LEFT_LAZY: "leave lazy mode",
    FactKind.SWITCH_FLUSH: "switch flush",
    FactKind.FAULT: "fault",
    FactKind.UNMAP: "unmap",
    FactKind.REMAP: "remap",
    FactKind.SENT: "send IPIs",
    FactKind.LOCAL: "flush locally",
    FactKind.RECEIVED: "take an IPI",
    FactKind.ALLOC: "alloc",
    FactKind.FREE: "free",
    FactKind.MIGRATE_START: "migrate",
    FactKind.MIGRATE_END: "migrated",
    FactKind.GAP: "lost",
}


@frozen
class Happened(Arguments):
    """A fact of a recording. It begins nothing: the recording says what came of it."""

    verb: ClassVar[Verb] = Verb("", "the recording", __doc__, "", begins=False)
    kind: FactKind


class Lines(Sequence[Item]):
    """The facts of a recording as the operations of a program, made when they are asked for."""

    def __init__(self, trace: Trace, layout: Layout) -> None:
        self.trace = trace
        self.layout = layout
        facts = trace.facts
        self._start = facts.time[0] if len(facts) else 0.0

    def __len__(self) -> int:
        return len(self.trace.facts)

    @overload
    def __getitem__(self, index: int) -> Op: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Op]: ...
    def __getitem__(self, index: int | slice) -> Op | Sequence[Op]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        facts = self.trace.facts
        cpu, kind = facts.cpu[number], FactKind(facts.kind[number])
        text = self.text(number)
        task = self.layout.task(facts.task[number], cpu)
        return Op(Span(number + 1, 1, len(text) + 1), text, task, cpu, Happened(kind))

    def text(self, at: int) -> str:
        """When, where, what and who, with the model's frame and the recorded numbers."""
        facts, trace = self.trace.facts, self.trace
        kind = FactKind(facts.kind[at])
        name, pid = trace.tasks[facts.task[at]]
        when = facts.time[at] - self._start
        said = f"{NAMES[kind]} {self._what(kind, at)}".rstrip()
        return f"{when:10.6f} cpu{facts.cpu[at]} {said}  {name}-{pid}"

    def _what(self, kind: FactKind, at: int) -> str:
        facts, words = self.trace.facts, self.trace.words
        flags, arg = Flag(facts.flags[at]), facts.arg[at]
        if kind in (FactKind.UNMAP, FactKind.REMAP):
            rights = "writable" if flags & Flag.WRITABLE else "read-only"
            why = " for migration" if flags & Flag.MIGRATE else ""
            undone = " (undone)" if flags & Flag.FAILED else ""
            return f"{self._frame(at)} {rights}{why}{undone} at {facts.page[at]:#x}"
        if kind in (FactKind.ALLOC, FactKind.FREE):
            return f"{self._frame(at)} order {arg}"
        if kind in (FactKind.SENT, FactKind.LOCAL, FactKind.RECEIVED):
            pages = "everything" if arg < 0 else counted(arg, "page")
            return pages + (f" for {self._frame(at)}" if flags & Flag.FOR_UNMAP else "")
        if kind is FactKind.FAULT:
            return f"{'write' if arg & 2 else 'read'} at {facts.page[at]:#x}"
        if kind in (FactKind.MIGRATE_START, FactKind.MIGRATE_END):
            return words[arg] if 0 <= arg < len(words) else ""
        return f"{arg} events" if kind is FactKind.GAP and arg >= 0 else ""

    def _frame(self, at: int) -> str:
        pfn = self.trace.facts.pfn[at]
        number = self.layout.frame.get(pfn)
        return f"{pfn:#x}" if number is None else f"f{number} {pfn:#x}"


def program_of(trace: Trace, policy: str = POLICY) -> Program:
    """A recording as a program. Raises LufError for more CPUs than a mask can hold."""
    layout = lay_out(trace)
    if layout.cpus > CPUS:
        raise LufError(
            f"{trace.path}: CPU {layout.cpus - 1} was seen; a recording to be stepped through has "
            f"room for {CPUS} CPUs; `luf-tui replay {trace.path}` counts what each policy does"
        )
    return Program(
        path=trace.path,
        title=Path(trace.path).name,
        about=RECORDED,
        config=layout.config,
        policy=policy,
        without=(),
        items=Lines(trace, layout),
        recorded=Recorded(trace.facts.time, layout.pfns, trace.part, trace.survey.cut),
    )


def prepare(
    program: Program, policy: Policy, limit: int = LIMIT, memory: int = MEMORY
) -> tuple[Recorder, Iterator[ItemInfo]]:
    """A recorder of a replay and what drives it: the recorder is told of every micro-step, the
    iterator of every fact that is done. The oracle is not asked: nobody's reads are recorded.
    `limit` is in micro-steps, `memory` in bytes of history: what there is by then is kept.
    """
    lines = program.items
    assert isinstance(lines, Lines)

    def moved(ctx: int, op: int, pos: int) -> None:
        recorder.step(StepInfo(replay.at, ctx, op, pos))
        if not recorder.position % LOOK and recorder.nbytes > memory:
            recorder.stop(f"the history takes {memory >> 20:,} MiB: stopped")

    replay = Replay(lines.trace, lines.layout, policy, moved)
    recorder = Recorder(program, policy, replay.machine, _unjudged, limit)
    return recorder, (ItemInfo(at) for at in replay.play())


def _unjudged(first: int, item: int) -> tuple[Finding, ...]:
    return ()
