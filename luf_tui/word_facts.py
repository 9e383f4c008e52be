"""What the product's own tables say of a word of the book, beside its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from luf_tui import library
from luf_tui.knowledge import Entry
from luf_tui.machine.events import BY_NAME
from luf_tui.policy.guard import Guard
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES
from luf_tui.script.verbs import verbs_called
from luf_tui.script.vocabulary import PREDICATES


def facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """What is known of an entry, as a word and what it is; a text may be empty."""
    if entry.kind == "guard" and entry.word in GUARDS:
        yield from of_guard(GUARDS[entry.word])[1:]
    if entry.kind == "mutant":
        yield "without", ", ".join(one.name for one in GUARDS.values() if one.mutant == entry.word)
    if entry.kind == "event" and entry.word in BY_NAME:
        kind = BY_NAME[entry.word]
        yield "told as", kind.student
        yield "or as", kind.kernel
        yield "arguments", ", ".join(kind.args)
    if entry.kind == "verb":
        for verb in verbs_called(entry.word):
            yield verb.usage, f"{verb.about} As in `{verb.example}`."
    if entry.kind == "predicate" and entry.word in PREDICATES:
        yield "asks", PREDICATES[entry.word][1]
    if entry.kind == "obligation":
        held_by = (one.name for one in GUARDS.values() if entry.word in one.obligation.split(", "))
        yield "upheld by", ", ".join(held_by)
    if entry.kind == "policy" and entry.word in POLICIES:
        yield "in short", POLICIES[entry.word].SUMMARY
    if entry.kind in ("obligation", "defect", "scenario", "mutant"):
        yield "scenarios", ", ".join(_told_of(entry.word))


def _told_of(code: str) -> Iterator[str]:
    """The shipped scenarios whose first lines name a code."""
    named = re.compile(rf"\b{re.escape(code)}\b")
    return (one.name for one in library.shipped() if named.search(f"{one.title} {one.about}"))


def of_guard(guard: Guard) -> list[tuple[str, str]]:
    """All that is known of a guard, as rows of a word and what it is."""
    return [
        ("guard", guard.name),
        ("checks", guard.checks),
        ("level", guard.level),
        ("upholds", guard.obligation),
        ("in v10", guard.v10),
        ("in v12", guard.v12),
        ("mutant", guard.mutant or "-"),
        ("policies", " ".join(policies(guard))),
        *((one["policy"], _reading(one)) for one in lacks(guard)),
    ]


def _reading(one: Mapping[str, str]) -> str:
    patch = "" if one["patch"] == "-" else f", patch {one['patch']}"
    return f"lacks it, as we read it: {one['reading']} ({one['defect']}{patch})"


def policies(guard: Guard) -> Iterator[str]:
    """The policies that perform a guard."""
    return (kind.NAME for kind in POLICIES.values() if guard in kind.GUARDS)


def lacks(guard: Guard) -> Iterator[dict[str, str]]:
    """The posted versions without a guard, and why we read them so."""
    for one in guard.lacks:
        for version in one.versions:
            yield {
                "policy": f"luf-{version}",
                "patch": one.patch,
                "defect": one.defect,
                "reading": one.reading,
            }
