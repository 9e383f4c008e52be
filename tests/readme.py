"""What the README has from the product itself: tables, a diagram and pictures.

`python -m tests.readme` writes them anew; a test holds that they are what it would write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path

import luf_tui
from luf_tui import library
from luf_tui.commands.man import ENVIRONMENT
from luf_tui.knowledge import find
from luf_tui.machine import events as ev
from luf_tui.machine.config import MachineConfig
from luf_tui.render.formats import export
from luf_tui.render.svg import picture
from luf_tui.script.verbs import verbs_by_actor
from luf_tui.script.vocabulary import CHOICES, FLAGS, SETTINGS
from luf_tui.timeline.navigate.alignment import Sides
from luf_tui.ui import actions
from luf_tui.view.palette import PALETTES
from luf_tui.view.screen import MAP
from luf_tui.view.sides import Names
from luf_tui.view.sides import rows as two_sides
from luf_tui.view.state import ViewState
from tests import client_tables, museum

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PICTURES_IN = ROOT / ".github"
TOUR, GUARD = "tour/flush-before-reuse", "flush-before-reuse"
TIERS = "tiering/model-weights"
SIZE, MAP_SIZE = (140, 44), (120, 40)


def table(heads: str, rows: list[tuple[str, ...]]) -> str:
    """A table of Markdown; `heads` are apart by bars."""
    names = heads.split("|")
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(cell.strip() for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """A piece of code inside a table."""
    return f"`{text}`".replace("|", "\\|") if text else ""


# -- tables ---------------------------------------------------------------------------------------


def verbs() -> str:
    """The verbs as their declarations have them."""
    return table(
        "who|the line|what it does",
        [
            (actor if verb is found[0] else "", code(verb.usage), verb.about)
            for actor, found in verbs_by_actor().items()
            for verb in found
        ],
    )


def scenarios() -> str:
    """What is shipped: a table a folder, the title of each scenario."""
    entries = [*library.shipped(), *library.recordings()]
    rows = [
        (f"**{folder}**" if number == 0 else "", code(one.name.partition("/")[2]), one.title)
        for folder, found in groupby(entries, key=lambda one: one.name.partition("/")[0])
        for number, one in enumerate(found)
    ]
    return table("folder|scenario|what it shows", rows)


def keys() -> str:
    """The keys of a run and of the gallery, as the help screen has them."""
    rows: list[tuple[str, ...]] = []
    for screen in (actions.STEPPER, actions.GALLERY):
        for group, lines in actions.help_lines(screen):
            where = "gallery" if screen == actions.GALLERY else group.lower()
            rows += [(where, code(keys), about, code(name)) for keys, about, name in lines]
    return table("|keys|what they do|id", rows)


def settings() -> str:
    """The settings of the machine line with their ranges and defaults."""
    plain = MachineConfig()
    rows = []
    for name, one in SETTINGS.items():
        nodes = {node.name: node.frames for node in plain.nodes}
        usual = nodes[name] if name in nodes else getattr(plain, one.field)
        rows.append((code(f"{name} N"), f"{one.low}–{one.high}", str(usual), one.about))
    for name, (field, words) in CHOICES.items():
        about = find(name)[0].text.partition("\n")[0]
        rows.append((code(f"{name} WORD"), ", ".join(words), getattr(plain, field), about))
    rows += [(code(name), "", "off", find(name)[0].text.partition("\n")[0]) for name in FLAGS]
    return table("setting|range|else|what it is", rows)


def environment() -> str:
    """The variables of the environment."""
    return table("variable|what it does", [(code(name), about) for name, about in ENVIRONMENT])


def diagram() -> str:
    """The diagram of the first story, without the guard that it is about."""
    run = luf_tui.open("museum/mprotect-during-reclaim", without="flush-batched-pending")
    return f"```\n{run.diagram()}```"


GENERATED: Mapping[str, Callable[[], str]] = {
    "verbs": verbs,
    "scenarios": scenarios,
    "keys": keys,
    "settings": settings,
    "environment": environment,
    "diagram": diagram,
    "museum": museum.rows,
    "clients": client_tables.clients,
    "findings": client_tables.findings,
    "guards": client_tables.guards,
    "posted": client_tables.posted,
}
"""Parts of the README by the name in their markers."""


def parts(readme: str, name: str) -> tuple[str, str, str]:
    """The README before a part of it, that part, and what follows."""
    before, begin, rest = readme.partition(f"<!-- {name} -->\n")
    part, end, after = rest.partition(f"\n<!-- end of {name} -->")
    assert begin, f"no <!-- {name} -->"
    assert end, f"no <!-- end of {name} -->"
    return before + begin, part, end + after


# -- pictures -------------------------------------------------------------------------------------


def _screen(kind: int, *without: str, last: bool = False) -> str:
    """The screen of the tour at the first or last event of a kind."""
    run = luf_tui.open(TOUR, without=without).timeline
    events = run.index.by_kind[kind]
    return export(run, run.step_of_event(events[-1 if last else 0]), "svg", *SIZE)


def _map() -> str:
    """The map of a few pages that lie in both tiers, where a stale entry is read through."""
    run = luf_tui.open(TIERS).timeline
    step = run.step_of_event(run.index.by_kind[ev.STALE][0])
    return export(run, step, "svg", *MAP_SIZE, state=ViewState(group=MAP))


def _pair() -> str:
    """The lanes of a run at its end, those of the kernel of today above them."""
    run = luf_tui.open(TIERS).timeline
    beside = luf_tui.open(TIERS, policy="eager").timeline
    return export(run, run.steps, "svg", *SIZE, state=ViewState(beside=beside))


def _sides() -> str:
    """The tour with its guard beside the tour without it, where the two part."""
    left, right = (luf_tui.open(TOUR, without=gone).timeline for gone in ((), (GUARD,)))
    sides = Sides(left, right)
    step = left.step_of_event(left.index.by_kind[ev.FLUSHED][0])
    names = Names("luf", f"without {GUARD}")
    rows = two_sides(sides, names, step, *SIZE)
    return picture(left, rows, SIZE[0], PALETTES["dark"])


PICTURES: Mapping[str, Callable[[], str]] = {
    "screen": lambda: _screen(ev.DEFER),
    "fires": lambda: _screen(ev.SEND),
    "violation": lambda: _screen(ev.VIOLATION, GUARD, last=True),
    "map": _map,
    "sides": _sides,
    "lanes": _pair,
}
"""Pictures of the README by name, each an SVG in `.github`."""


def picture_path(name: str) -> Path:
    """Where a picture is kept."""
    return PICTURES_IN / f"{name}.svg"


def shown() -> set[str]:
    """The names of the pictures that the README shows."""
    return set(re.findall(r"\(\.github/([\w-]+)\.svg\)", README.read_text(encoding="utf-8")))


def main() -> None:
    """Write all of it anew."""
    for name, make in GENERATED.items():
        before, _, after = parts(README.read_text(encoding="utf-8"), name)
        README.write_text(before + make() + after, encoding="utf-8")
    for name, draw in PICTURES.items():
        picture_path(name).write_text(draw(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
