"""`luf-tui run`: play a scenario to the end without a screen."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from luf_tui.commands import terminal, verdict
from luf_tui.commands.programs import add_beside, add_policy, exclude, needs, size
from luf_tui.machine import events as ev
from luf_tui.machine.config import X86, MachineConfig
from luf_tui.machine.kind import LOUD
from luf_tui.runs.opening import open_run, place
from luf_tui.script.program import SOMETIMES, Expect, Note, Op, Race
from luf_tui.timeline.ask.compare import policy_name
from luf_tui.timeline.ask.failing import lasting
from luf_tui.timeline.tell.narrate import most_telling, plainly, sentence
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.marks import ROLES

SIZE = (160, 50)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file",
        metavar="FILE[@PLACE]",
        help="a scenario or a recording; with a place, what is printed is up to there",
    )
    add_policy(parser)
    parser.add_argument(
        "--plain", action="store_true", help="print the app's screen at PLACE, or at the end"
    )
    parser.add_argument("--size", type=size, metavar="WxH", help="of that screen; default 160x50")
    add_beside(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Play one scenario and print what came of it. Exit code as the verdict of the whole says."""
    needs(args, "--plain", "--size", "--beside")
    exclude(args, "--json", "--plain")
    spot = place(args.file).spot
    if args.json and spot is not None:
        terminal.say("luf-tui: the object is about the whole run, not up to the place")
    found = open_run(args.file, args.policy, args.without)
    if found.drift:
        terminal.say(found.drift)
    if spot is None:
        found.seek("end")
    played = found.timeline
    judged = verdict.judged(played)
    if args.json:
        terminal.put_json(found.summary())
        for reason in judged.reasons:
            terminal.say(reason)
        return judged.code
    if args.plain:
        beside = open_run(place(args.file).path, args.beside) if args.beside else None
        shown = found.screen(*(args.size or SIZE), beside=beside).split("\n")
    else:
        shown = report(played, found.step)
    for line in shown:
        terminal.put(line)
    if judged.reasons:
        terminal.say(f"{played.program.path}: {judged.word}")
    return judged.code


def report(played: Timeline, until: int) -> list[str]:
    """The run up to a position as lines: what it is, every item with its result, findings,
    totals.
    """
    program = played.program
    lines = [program.title or program.path]
    lines += [f"  {line}" for line in program.about.splitlines()]
    lines += [f"policy {policy_name(played)} · {machine(played.config)}", ""]
    width = len(str(program.items[-1].span.line)) if program.items else 1
    rows = list(items(played, until))
    text_width = min(44, max((len(text) for _, text, _ in rows), default=0))
    for line, text, result in rows:
        lines.append(f"{line:>{width}}  {text:<{text_width}}  {result}".rstrip())
    lines.append("")
    if until < played.steps:
        lines.append(f"at step {until} of {played.steps}; what follows is up to there")
    lines += findings(played, until)
    lines += totals(played, until)
    return lines


def machine(config: MachineConfig) -> str:
    """The machine in a line."""
    nodes = ", ".join(f"{node.name} {node.frames} frames" for node in config.nodes)
    arch = "" if config.arch == X86 else f"{config.arch}, "
    return f"{arch}{config.cpus} cpus, {nodes}"


def items(played: Timeline, until: int) -> Iterator[tuple[int, str, str]]:
    """Line number, text and result of everything in the script that a position is behind; at the
    end of the run, of all.
    """
    whole = until == played.steps
    outcomes = {one.item: one for one in played.outcomes}
    refusals = {one.item: one.reason for one in played.refusals}
    for number, item in enumerate(played.program.items):
        if not whole and not 0 <= played.item_position(number) <= until:
            continue
        if isinstance(item, Note):
            result = ""
        elif isinstance(item, Expect) and number in outcomes:
            outcome = outcomes[number]
            result = "holds" if outcome.held else f"FAILS: {outcome.detail}"
        elif isinstance(item, Expect) and item.inside and not played.refusals:
            told = item.mood == SOMETIMES
            result = "held in no state of this order" if told else "not judged in this order"
        elif number in refusals:
            result = f"refused: {refusals[number]}"
        elif isinstance(item, Op | Race):
            result = operation(played, number, until)
        else:
            result = "" if played.item_position(number) >= 0 else "not reached"
        yield item.span.line, item.text.splitlines()[0] if item.text else "", result


def operation(played: Timeline, number: int, until: int) -> str:
    """How many micro-steps an operation took up to a position, what stands out, and its most
    telling event.
    """
    own = [step for step in played.item_steps(number) if played.item_at(step) == number]
    steps = [step for step in own if step <= until]
    if not steps:
        # A recorded flush takes no step where the policy does not ask for one.
        replayed = played.program.recorded is not None and not played.incomplete
        return "" if replayed or played.item_position(number) >= 0 else "not reached"
    events = [n for step in steps for n in played.events_of(step) if _own(played, n, number)]
    roles = {ev.KINDS[played.events.kind_of(event)].role for event in events}
    glyphs = "".join(role.glyph for name, role in ROLES.items() if name in roles)
    told = _telling(played, events)
    said = sentence(played, played.events[told]) if told >= 0 else plainly(played, steps[-1])
    count = f"{len(steps)} step" + "s" * (len(steps) != 1)
    if len(steps) < len(own):
        count = f"{len(steps)} of {len(own)}"
    return "  ".join(part for part in (f"{count:>9}", f"{glyphs:<3}", said) if part)


def _telling(played: Timeline, events: list[int]) -> int:
    """The event to tell of an operation: what went wrong or was put off, then what it got."""
    kind_of = played.events.kind_of
    loud = [event for event in events if ev.KINDS[kind_of(event)].rank < LOUD]
    got = [event for event in events if kind_of(event) in (ev.READ, ev.STORE)]
    done = [
        event
        for event in events
        if kind_of(event) not in (ev.SWITCH, ev.LAZY) and not _dropped_nothing(played, event)
    ]
    told = most_telling(played, loud or got[-1:] or done)
    return told if told >= 0 else most_telling(played, events)


def _dropped_nothing(played: Timeline, event: int) -> bool:
    log = played.events
    return log.kind_of(event) == ev.FLUSH and not log.argument(event, ev.FLUSH.dropped)


def _own(played: Timeline, event: int, number: int) -> bool:
    """Whether an event is none of a later line, such as a note or an expectation."""
    return played.events[event].args.get("item", number + 1) == number + 1


def findings(played: Timeline, until: int) -> Iterator[str]:
    """Lines that were refused, violations and deviations up to a position, a line each."""
    for one in played.refused:
        if one.line and one.position <= until:
            yield f"line {one.line} was refused in this order: {one.reason}"
    for remark in played.remarks:
        yield f"line {played.program.items[remark.item].span.line}: {remark.text}"
    for found, event in zip(played.findings, played.finding_events, strict=True):
        step = played.step_of_event(event)
        if step > until:
            return
        yield (
            f"{found.weight} of {found.obligation} at step {step}, line {played.line_at(step)}: "
            f"{found.message}"
        )


def totals(played: Timeline, until: int) -> Iterator[str]:
    """The counters of the run up to a position."""
    if played.incomplete and until == played.steps:
        yield f"{played.incomplete}; what follows is up to there"
    total = played.counters(until)
    judged = [one for one in played.outcomes if one.position <= until]
    held = sum(one.held for one in judged)
    yield (
        f"{until} micro-steps, {played.event_index_at(until)} events; "
        f"expectations: {held} held, {len(judged) - held} failed"
    )
    yield (
        f"flushes owed {played.owed(until)}, paid {total.paid}, saved {total.saved}; "
        f"IPIs {total.ipis}, CPUs interrupted {total.interrupted}; "
        f"stale hits {total.stale_hits}, deviations {total.deviations}, "
        f"violations {total.violations}"
    )
    for left in lasting(played):
        yield f"at the end: {left}"
