"""From a person's words to what a run is held against: a policy, `without GUARD`, `dram 4`, `@L25`.

Two runs of one script, or two places of one run, are the two sides of a comparison.
"""

from __future__ import annotations

from attrs import frozen

from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.policy import own
from luf_tui.policy.base import Policy
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES, make_policy
from luf_tui.runs.opening import names, play
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.script.vocabulary import CHOICES, FLAGS, SETTINGS
from luf_tui.timeline.ask.compare import name_of
from luf_tui.timeline.navigate.alignment import Sides
from luf_tui.timeline.navigate.spots import Spot, spot
from luf_tui.timeline.timeline import Timeline

AT, WITHOUT, NO, MACHINE = "@", "without", "no", "machine"
"""Words that say what the others are."""


@frozen
class Beside:
    """A run to hold another one against, or a place of that one."""

    program: Program
    policy: Policy
    name: str
    """What it is called beside the other."""
    spot: Spot | None = None
    """A place of the same run; None where another run is meant."""

    def sides(self, run: Timeline, other: Timeline | None = None) -> Sides:
        """A run and what it is held against: `other`, or its own place where that is meant.

        Raises LufError when the run has no such place.
        """
        if self.spot is not None:
            return Sides(run, run, self.spot.position(run))
        return Sides(run, other or play(self.program, self.policy))


def beside(program: Program, policy: Policy, words: str) -> Beside:
    """What a run of a program under a policy is to be held against.

    Words are a place (`@L25`, `@end`), a policy (`eager`, `luf without GUARD`), guards that are
    taken away besides (`without GUARD,GUARD`), or settings of the machine (`dram 4`, `arch arm64`,
    `no init-on-free`). Raises LufError, its subclass InputError for settings that do not fit.
    """
    said = words.split()
    if not said:
        raise LufError("say what to hold it against: a policy, `without GUARD`, `dram 4` or `@L25`")
    head, *rest = said
    if head.startswith(AT):
        place = "".join(said)
        return Beside(program, policy, place, spot(place[len(AT) :]))
    if head == WITHOUT:
        return _under(program, make_policy(policy.name, (*policy.without, *_guards(rest))))
    if head in POLICIES or own.MARK in head:
        guards = _guards(rest[1:]) if rest[:1] == [WITHOUT] else ()
        if rest and not guards:
            raise LufError(f"after a policy only `without GUARD` can stand, not '{rest[0]}'")
        return _under(program, make_policy(own.known(head), guards))
    named = rest[:1] if head in (NO, MACHINE) else [head]
    known = (*SETTINGS, *FLAGS, *CHOICES)
    if not named or named[0].strip(",") not in known:
        told = f"'{words}' is no policy, no `without GUARD`, no setting of a machine and no @PLACE"
        if head in GUARDS:
            raise LufError(f"{told}; did you mean '{WITHOUT} {head}'?")
        raise LufError(with_hint(told, nearest(head, (*POLICIES, *known))))
    if program.recorded is not None:
        raise LufError("a recording has no machine to set; hold it against a policy or a place")
    wanted = words.removeprefix(MACHINE).strip()
    return Beside(with_settings(program, wanted), policy, f"{name_of(policy)} · {wanted}")


def _under(program: Program, policy: Policy) -> Beside:
    return Beside(program, policy, name_of(policy))


def _guards(words: list[str]) -> tuple[str, ...]:
    found = names(",".join(words))
    if not found:
        raise LufError("say which guards after `without`")
    return found


def with_settings(program: Program, words: str) -> Program:
    """The program on a machine with other settings: `dram 4, tlb 2`, `no kasan`.

    Its lines keep their numbers, where the script says anything of its machine.
    """
    lines = list(program.source)
    at = [n for n, line in enumerate(lines) if line.split()[:1] == [MACHINE]]
    if not at:
        first = [n for n, line in enumerate(lines) if line.split()[:1] in (["title"], ["about"])]
        at = [max(first, default=-1) + 1]
        lines.insert(at[0], MACHINE)
    for wish in filter(None, (part.split() for part in words.split(","))):
        wanted, taken = (None, wish[1:2]) if wish[0] == NO else (" ".join(wish), wish[:1])
        for number in at:
            lines[number] = _changed(lines[number], taken, None)
        lines[at[-1]] = _changed(lines[at[-1]], [], wanted)
    emptied = {number for number in at if lines[number].split("#")[0].split() == [MACHINE]}
    kept = ["" if number in emptied else line for number, line in enumerate(lines)]
    return parse("\n".join(kept), program.path)


def _changed(line: str, taken: list[str], added: str | None) -> str:
    """A `machine` line without a setting, or with one more."""
    said, mark, comment = line.partition("#")
    settings = [part.strip() for part in said.split(None, 1)[1:] for part in part.split(",")]
    kept = [one for one in settings if one and one.split()[:1] != taken]
    kept += [added] if added else []
    return f"{MACHINE} {', '.join(kept)}{f'  {mark}{comment}' if mark else ''}"
