"""A run as a person holds it, in a notebook or a program of their own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from operator import index
from typing import Any, SupportsIndex

from attrs import frozen

from luf_tui.errors import LufError, expected
from luf_tui.json_object import VERSION, versioned
from luf_tui.machine.event_log import Event
from luf_tui.machine.refs import Ref
from luf_tui.oracle.oracle import Finding
from luf_tui.timeline.answers import Link
from luf_tui.timeline.ask.summary import summary
from luf_tui.timeline.navigate.spots import Spot, spot
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.state import ViewState

WIDTH, HEIGHT = 120, 40
"""The size of a screen unless another is said, in cells."""


@frozen
class Expectation:
    """An `expect` line of the scenario, and how it came out."""

    line: int
    text: str
    step: int
    """Where it was judged."""
    held: bool
    detail: str
    """What was seen instead; empty when it held."""


class Chain(tuple[Link, ...]):
    """Why a thing is as it is: the effect first, then its causes, each with its step.

    As text it is a line a link.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(_told(link) for link in self)


class Run:
    """A recorded run with a cursor: everything that happened, to be walked and asked.

    Positions run from 0, the state at power-on, to `steps`, the end. What moves with the cursor:
    `step`, `line`, `narration`, `why`, `screen`, `svg`. The rest is of the whole run.
    """

    version = VERSION
    """The version of the object that `summary` gives and `luf-tui run --json` prints."""

    def __init__(self, timeline: Timeline) -> None:
        self.drift = ""
        """What has changed since the permalink gone to was made; empty where nothing has."""
        self.timeline = timeline
        """The engine room: history, counters, diffs and the machine at the present step."""

    def __repr__(self) -> str:
        return f"<Run of {self.title}, {self.policy}, step {self.step} of {self.steps}>"

    # -- what it is -------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The scenario's title, or the file's name."""
        return self.timeline.program.title

    @property
    def policy(self) -> str:
        """The policy it was played under, and the guards taken from it."""
        played = self.timeline.policy
        gone = f" without {', '.join(played.without)}" if played.without else ""
        return f"{played.name}{gone}"

    @property
    def steps(self) -> int:
        """How many micro-steps it has, which is the last step's number."""
        return self.timeline.steps

    @property
    def events(self) -> Sequence[Event]:
        """Every event, in order: each has `step`, `name`, `cpu` and `args`."""
        return _Events(self.timeline)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Violations and deviations that the oracle found: each has `step`, `weight`,
        `obligation`, `message`, what the CPU `read` and what was `expected`.
        """
        return self.timeline.findings

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """What the scenario expects, as far as the run came."""
        items = self.timeline.program.items
        return tuple(
            Expectation(
                items[one.item].span.line,
                items[one.item].text,
                one.position,
                one.held,
                "" if one.held else one.detail,
            )
            for one in self.timeline.outcomes
        )

    def summary(self) -> dict[str, Any]:
        """The whole run in figures: the object that `luf-tui run --json` prints."""
        return versioned(summary(self.timeline))

    # -- where one stands -------------------------------------------------------------------

    @property
    def step(self) -> int:
        """The micro-step one stands behind; 0 is the state at power-on."""
        return self.timeline.position

    @property
    def line(self) -> int:
        """The script line being executed, 0 before any."""
        return self.timeline.line_at(self.step)

    @property
    def narration(self) -> str:
        """What the present step did, in a sentence."""
        from luf_tui.timeline.tell.narrate import narrate  # noqa: PLC0415

        return narrate(self.timeline, self.step)

    def seek(self, place: SupportsIndex | str | Spot) -> Run:
        """Go to a step, or to a place in words: `end`, `L25`, `L25+4`. Gives the run itself.

        Raises LufError when the run has no such place; the cursor then stays.
        """
        if isinstance(place, str):
            where = spot(place)
        elif isinstance(place, Spot):
            where = place
        else:
            expected(place, SupportsIndex, "a place is a step, or words such as `L25` and `end`")
            where = Spot(index(place))
            if where.step < 0:
                raise LufError(f"step {where.step} is before the start, which is step 0")
        self.timeline.seek(where.position(self.timeline))
        self.drift = where.drift(self.timeline)
        return self

    def why(self, subject: str | Ref) -> Chain:
        """Why a thing is as it is at the present step, back to what made it so.

        The thing is said as a person says it: a page `text.0`, a frame `f3`, what a CPU caches of
        a page `cpu1 text.0`, a CPU `cpu1`, a debt `key 3` or `zone dram`, or `finding 1`, counted
        from 1 wherever one stands. Raises LufError when there is no such thing.
        """
        from luf_tui.timeline.ask.things import thing  # noqa: PLC0415
        from luf_tui.timeline.ask.why import why, why_finding  # noqa: PLC0415

        expected(subject, (str, Ref), "a thing is said in words, as `text.0` or `cpu1 text.0`")
        if isinstance(subject, Ref):
            return Chain(why(self.timeline, subject, self.step))
        kind, _, number = subject.strip().partition(" ")
        if kind == "finding":
            count = len(self.findings)
            if not number.isdecimal() or not 1 <= int(number) <= count:
                told = f"its findings are 1 to {count}" if count else "the oracle found nothing"
                raise LufError(f"'{subject}' is none of this run: {told}")
            return Chain(why_finding(self.timeline, int(number) - 1))
        return Chain(why(self.timeline, thing(self.timeline, subject), self.step))

    # -- pictures ---------------------------------------------------------------------------

    def screen(self, width: int = WIDTH, height: int = HEIGHT, *, beside: Run | None = None) -> str:
        """The app's screen at the present step as plain text, in cells. `beside`: a run of the same
        script under another policy, whose lanes are shown too.
        """
        from luf_tui.render.text import lines  # noqa: PLC0415
        from luf_tui.view.screen import LANES  # noqa: PLC0415

        _check_size(width, height)
        # Where there is room for one pane only, what is asked for is in it.
        state = ViewState(group=LANES, beside=beside.timeline) if beside else ViewState()
        return "\n".join(lines(self.timeline, width, height, state))

    def diagram(self, first: int | None = None, last: int | None = None) -> str:
        """What led to the present step as the CPU0 / CPU1 diagram of a commit message, 72 cells
        wide in ASCII; at the start, of the whole run. With steps, all from `first` to `last`.

        Raises LufError for more micro-steps than a diagram is made of, or such as there are not.
        """
        from luf_tui.render.diagram import diagram, diagram_of  # noqa: PLC0415

        for step in (first or 0, last or 0):
            expected(step, int, "steps are whole numbers")
        if first is None and last is None:
            with self.timeline.visit(self.step or self.steps):
                return diagram(self.timeline)
        begins, ends = first or 0, self.steps if last is None else last
        if not 0 <= begins <= ends <= self.steps:
            raise LufError(f"steps {begins} to {ends}: this run has {self.steps} micro-steps")
        return diagram_of(self.timeline, begins, ends)

    def svg(self, width: int = WIDTH, height: int = HEIGHT, theme: str = "dark") -> str:
        """The app's screen at the present step as a picture; nothing in it is fetched.

        Raises LufError for a theme that does not exist.
        """
        from luf_tui.render.svg import svg  # noqa: PLC0415
        from luf_tui.view.palette import palette_named  # noqa: PLC0415

        _check_size(width, height)
        expected(theme, str, "a theme is named by a text")
        palette_named(theme)
        return svg(self.timeline, width, height, theme)

    def _repr_html_(self) -> str:
        """What a notebook shows: the run, the present step, and its picture."""
        where = f"{self.policy} · step {self.step} of {self.steps}"
        heads = (f"<b>{escape(self.title)}</b> · {escape(where)}", escape(self.narration))
        rows = "".join(f"<div>{head}</div>" for head in heads)
        return f'<div style="max-width:1100px">{rows}{self.svg()}</div>'


def _check_size(width: int, height: int) -> None:
    for cells in (width, height):
        expected(cells, int, "a size is in whole cells")


class _Events(Sequence[Event]):
    """The events of a run, each made when it is asked for."""

    def __init__(self, timeline: Timeline) -> None:
        self._log = timeline.events

    def __len__(self) -> int:
        return len(self._log)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._log[at] for at in range(*index.indices(len(self)))]
        return self._log[range(len(self))[index]]


def _told(link: Link) -> str:
    return f"step {link.step}: {link.text}" if link.step >= 0 else link.text
