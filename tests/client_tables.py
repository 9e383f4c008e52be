"""What `python -m tests.clients` has found, as the README's tables have it."""

from __future__ import annotations

from luf_tui.policy.guard import Version
from luf_tui.policy.guards import GUARDS
from luf_tui.search.result import BOUNDED, SAFE, UNSAFE
from tests.clients import POLICIES, VERSIONS, Found, read

HEADS = "client|" + "|".join(POLICIES)
NOT_FOUND = "-"


def table(heads: str, rows: list[tuple[str, ...]]) -> str:
    """A table of Markdown; `heads` are apart by bars."""
    names = heads.split("|")
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(one: Found) -> str:
    """What one search came to."""
    if one["verdict"] == UNSAFE:
        return f"**{one['obligation']}** after {one['turns']} turns"
    if one["verdict"] == BOUNDED:
        return f"nothing in {one['states']:,}"
    return f"{one['states']:,}" if one["verdict"] == SAFE else "not played again"


def clients() -> str:
    """Every client under every policy."""
    told = read()
    found = told["clients"]
    rows = [
        (f"`{name}`", *(cell(one[policy]) for policy in POLICIES))
        for name, one in sorted(found.items())
    ]
    return f"Searched on {told['date']}.\n\n" + table(HEADS, rows)


def findings() -> str:
    """What is not safe, with what is told of it and its smallest script."""
    rows = [
        (f"`{name}`", policy, one["obligation"] or "-", one["message"], f"{one['states']:,}")
        for name, under in sorted(read()["clients"].items())
        for policy, one in under.items()
        if one["verdict"] not in (SAFE, BOUNDED)
    ]
    if not rows:
        return "Nothing is found in any of them, as far as they were searched."
    return table("client|policy|breaks|what is told|states", rows)


def guards() -> str:
    """What finds each missing guard."""
    told = read()
    found = told["guards"]
    rows = [
        (
            f"`{guard}`",
            code(one["scenario"]),
            code(one["race"]),
            by_client(one["client"]),
            NOT_FOUND if one["seed"] is None else f"seed {one['seed']}",
        )
        for guard, one in found.items()
    ]
    counts = [sum(row[column] != NOT_FOUND for row in rows) for column in range(1, 5)]
    total = ("", *(f"**{count} of {len(rows)}**" for count in counts))
    heads = "without|a scenario|a race, searched|a client alone|random programs"
    return f"Tried on {told['date']}.\n\n" + table(heads, [*rows, total])


def posted() -> str:
    """What LUF as posted breaks in each client, and which guard would put it right."""
    found = read()["posted"]
    names = sorted({name for under in found.values() for name in under})
    rows = [
        (f"`{name}`", *(by_posting(found[version].get(name), version) for version in VERSIONS))
        for name in names
    ]
    return table("client|" + "|".join(VERSIONS), rows)


def by_posting(one: Found | None, version: Version) -> str:
    """What a client shows of a posting, and what it lacks for that."""
    if one is None:
        return NOT_FOUND
    right = []
    for name in one["guards"]:
        lacks = GUARDS[name].lacked_by(version)
        assert lacks
        right.append(f"`{name}` ({lacks.defect})")
    return f"{one['obligation']} after {one['turns']} turns: {', '.join(right) or 'several'}"


def by_client(one: Found | None) -> str:
    """The client that finds it; a star where it was not searched to its end with the guard."""
    if one is None:
        return NOT_FOUND
    star = "" if one["ended"] else " \\*"
    return f"`{one['client']}`: {one['obligation']} after {one['turns']} turns{star}"


def code(name: str | None) -> str:
    """A name in a table."""
    return f"`{name}`" if name else NOT_FOUND
