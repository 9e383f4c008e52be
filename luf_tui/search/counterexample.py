"""From an order that breaks something to an ordinary scenario that plays that order.

The scenario is the same file up to its race, with the policy it was explored under, a `schedule`
line, and notes on the turns that matter. It expects no violation, so it fails as long as the
order breaks something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from luf_tui.engine.operation import step_label
from luf_tui.engine.transitions import Transitions
from luf_tui.machine import events as ev
from luf_tui.policy.base import Policy
from luf_tui.script.format import format_text
from luf_tui.script.program import Program, Race
from luf_tui.script.syntax import strip_comment
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.result import DEADLOCK, Broken

NOTED = frozenset(
    {
        ev.UNMAP,
        ev.PROTECT,
        ev.DEFER,
        ev.PAY,
        ev.COPY,
        ev.ALLOC,
        ev.READ,
        ev.STORE,
        ev.WRITE_FILE,
        ev.WRITE_OUT,
        ev.MUNMAP,
        ev.SWITCH,
        ev.EVICT,
    }
)
"""Kinds of events that make a turn worth a note."""
WIDTH = 72
"""Columns of a schedule line's words."""
MOST_NOTES = 12


def schedule(transitions: Transitions, turns: Sequence[int]) -> list[str]:
    """The words of a schedule, runs of one word shortened: `kswapd*10`."""
    words: list[tuple[str, int]] = []
    for turn in turns:
        word = transitions.word(turn)
        if words and words[-1][0] == word:
            words[-1] = (word, words[-1][1] + 1)
        else:
            words.append((word, 1))
    return [word if count == 1 else f"{word}*{count}" for word, count in words]


def never() -> bool:
    """Nobody asks to stop."""
    return False


def tidy(
    transitions: JudgedTransitions,
    broken: Broken,
    most: int = 4000,
    *,
    stopped: Callable[[], bool] = never,
) -> tuple[int, ...]:
    """The same turns without those that are not needed, and with fewer changes of who moves,
    towards the order a person would play.

    Every step is checked by replaying it to the same obligation, at most `most` times, and until
    `stopped` says so.
    """
    turns = list(broken.turns)
    if broken.finding is None and broken.verdict < 0:
        return broken.turns

    def holds(wanted: list[int]) -> bool:
        return shows(transitions, broken, wanted)

    for at in range(len(turns) - 2, -1, -1):
        if stopped():
            break
        if holds([*turns[:at], *turns[at + 1 :]]):
            del turns[at]
    at = 1
    while at < len(turns) - 1 and most > 0 and not stopped():
        turn = turns[at]
        mover = transitions.mover(turn)
        earlier = [n for n in range(at - 1) if transitions.mover(turns[n]) == mover]
        if mover == transitions.mover(turns[at - 1]) or not earlier:
            at += 1
            continue
        after = earlier[-1] + 1
        wanted = [*turns[:after], turn, *turns[after:at], *turns[at + 1 :]]
        most -= 1
        if holds(wanted):
            turns = wanted
        at += 1
    return tuple(turns)


def shows(transitions: JudgedTransitions, broken: Broken, turns: Sequence[int]) -> bool:
    """Whether these turns go wrong as others do that were found."""
    came = transitions.comes_to(turns, behind=broken.behind)
    if came is None:
        return False
    if broken.verdict >= 0:
        return broken.verdict in came.codes
    return any((one.obligation or one.rule) == broken.obligation for one in came.findings[:1])


def notes(transitions: Transitions, turns: Sequence[int]) -> list[str]:
    """What the turns that matter do, a line each."""
    told: list[str] = []
    m, start = transitions.machine, transitions.mark()
    for number, turn in enumerate(turns, start=1):
        top = transitions.k.top(m.ctx[turn]) if turn < m.contexts else None
        doing = step_label(top.NUMBER, top.pos) if top is not None else ""
        transitions.make(turn)
        events, first = m.events, transitions.first
        kinds = [events.kind_of(event) for event in range(first, len(events))]
        if NOTED.intersection(kinds) or number == len(turns):
            what = doing or _begun(transitions, first)
            told.append(f"turn {number}, {transitions.word(turn)}: {what}")
    transitions.undo(start)
    return told[-MOST_NOTES:]


def _begun(transitions: Transitions, first: int) -> str:
    """What a turn did that found nothing in flight, by its first event worth telling."""
    events = transitions.machine.events
    for event in range(first, len(events)):
        if events.kind_of(event) in NOTED:
            return f"begins: {ev.KINDS[events.kind_of(event)].name}"
    return "begins"


def path_of(program: Program) -> str:
    """What a counterexample that is not written anywhere is called in messages about it."""
    return f"{Path(program.path).stem}-counterexample.luf"


def text(
    program: Program,
    policy: Policy,
    transitions: Transitions,
    broken: Broken,
    turns: Sequence[int],
    *,
    early: int | None = None,
    upto: int = 0,
    before: Mapping[int, Sequence[str]] = {},
) -> str:
    """The scenario that plays an order, which may be a tidied one of `broken`.

    `early` is the item before the race that breaks it already: the scenario ends there. With `upto`
    it ends at that line behind the race. `before` are the schedules of races before it, by their
    lines. Raises InputError if the file cannot be read again.
    """
    ends = program.items[transitions.item if early is None else early]
    played: Sequence[str] | None = None
    rows: list[str] = []
    inside = False
    for number, line in enumerate(program.source, start=1):
        words = strip_comment(line).split()
        first = words[0] if words else ""
        if first in ("policy", "tour"):
            continue
        if number in before:
            played = before[number]
        if played is not None and first in ("schedule", "end"):
            if first == "schedule":
                continue
            rows += _wrapped(played)
            played = None
        if number == ends.span.line:
            inside = True
            said = (
                _story(policy, transitions, broken, turns)
                if early is None
                else _early(policy, broken)
            )
            rows += [f"note {line}" for line in said]
        if inside and early is None and first == "schedule":
            continue
        if inside and (first == "end" or not isinstance(ends, Race)):
            if early is None:
                rows += _wrapped(schedule(transitions, turns))
            if not upto:
                rows += [line, *_expectation(transitions, broken)]
                break
            inside = False
        rows.append(line)
        if number == upto:
            rows += _expectation(transitions, broken)
            break
        if first == "machine":
            rows.append(policy_line(policy))
    if not any(row.split()[:1] == ["policy"] for row in rows):
        rows.insert(_before_what_happens(rows), policy_line(policy))
    return format_text("\n".join(rows), path_of(program))


def policy_line(policy: Policy) -> str:
    """The line that asks for a policy with what was taken from it."""
    without = f" without {', '.join(policy.without)}" if policy.without else ""
    return f"policy {policy.name}{without}"


def _before_what_happens(rows: Sequence[str]) -> int:
    """The first row that is neither title nor about nor blank."""
    for number, row in enumerate(rows):
        words = row.split()
        if words and words[0] not in ("title", "about") and not words[0].startswith("#"):
            return number
    return len(rows)


def _story(
    policy: Policy, transitions: Transitions, broken: Broken, turns: Sequence[int]
) -> list[str]:
    name = policy_line(policy).removeprefix("policy ")
    told = "" if broken.finding is None else f" ({broken.obligation})"
    return [
        f"Found by search under {name}, in {len(turns)} turns{told}: {broken.message}.",
        *notes(transitions, turns),
    ]


def _early(policy: Policy, broken: Broken) -> list[str]:
    name = policy_line(policy).removeprefix("policy ")
    said = f"Under {name} this breaks {broken.obligation} already, before the race"
    return [f"{said}: {broken.message}."]


def _expectation(transitions: Transitions, broken: Broken) -> list[str]:
    """What the scenario expects and does not get; one that the file has stands there already."""
    if broken.verdict >= 0:
        return []
    if broken.obligation != DEADLOCK:
        return ["expect no violation"]
    m = transitions.machine
    name = m.ctx_name(m.ctx[broken.waiting[0]])
    return [f"expect not blocked {name.partition('/')[0]}"]


def _wrapped(words: Iterable[str]) -> list[str]:
    """Schedule lines of no more than `WIDTH` columns of words."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) < WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [f"schedule {line}" for line in lines]
