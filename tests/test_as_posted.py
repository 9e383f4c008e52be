"""What the posted versions break, as we read them, and that LUF as intended breaks none of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from luf_tui.oracle.oracle import VIOLATION
from luf_tui.policy.guard import V10, V11, V12, Version
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES
from luf_tui.script.parse import load
from luf_tui.script.program import Program
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline

FOLDER = Path(__file__).parent.parent / "scenarios" / "as-posted"
FILES = sorted(FOLDER.glob("*.luf"))
VERSIONS: tuple[Version, ...] = (V10, V11, V12)


def violations(timeline: Timeline) -> set[str]:
    return {one.obligation for one in timeline.findings if one.weight == VIOLATION}


def posted(program: Program) -> str:
    """The posting that a file is about. It plays it, or `luf` without the guards of its defect
    where the posting breaks something else before that.
    """
    version = program.about.partition("our reading of ")[2].split()[0]
    return f"luf-{version}" if program.without else program.policy


def lacking(program: Program, defect: str) -> tuple[list[str], list[str]]:
    """The guards that a posting lacks for a defect, and those that it lacks for others."""
    version = next(one for one in VERSIONS if posted(program) == f"luf-{one}")
    absent = {guard.name: guard.lacked_by(version) for guard in GUARDS.values()}
    own = [name for name, why in absent.items() if why and why.defect == defect]
    return own, [name for name, why in absent.items() if why and name not in own]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_posted_version_is_luf_without_the_guards_it_lacks(version: Version) -> None:
    absent = {guard for guard in GUARDS.values() if guard.lacked_by(version)}

    assert 11 <= len(absent)
    assert absent == POLICIES["luf"].GUARDS - POLICIES[f"luf-{version}"].GUARDS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_posted_version_breaks_what_its_text_leaves_out(path: Path) -> None:
    program = load(str(path))
    defect = path.stem.partition("-")[0].upper()
    whole = evolve(program, without=())

    assert defect in program.title
    assert "our reading of" in program.about
    assert violations(record(program))
    assert set() == violations(record(whole, "luf"))
    assert violations(record(whole, posted(program)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_the_guards_of_that_defect_that_are_missing(path: Path) -> None:
    """With the guards back that the posting lacks for this defect, the others do no harm here."""
    program = load(str(path))
    defect = path.stem.partition("-")[0].upper()
    own, others = lacking(program, defect)

    assert own
    assert set(program.without) in (set(), set(own))
    mended = record(
        evolve(program, without=()),
        "luf",
        [guard for guard in others if guard not in HIDES.get(defect, ())],
    )
    assert set() == violations(mended)


HIDES: dict[str, tuple[str, ...]] = {
    "D6": ("count-batches",),
    "D8": ("count-batches",),
    "D10": ("mark-on-drain",),
}
"""Guards that a posting lacks besides, and whose absence alone shows in the same scenario."""
