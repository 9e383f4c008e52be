"""The book of words: everything that luf-tui names can be looked up, and nothing leads nowhere."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from luf_tui import knowledge, library
from luf_tui.engine.operation import OPERATIONS
from luf_tui.knowledge import KINDS, Entry, book
from luf_tui.machine.events import KINDS as EVENT_KINDS
from luf_tui.machine.schema import STATE_NAMES
from luf_tui.oracle.obligations import ABOUT
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES
from luf_tui.script import vocabulary
from luf_tui.script.verbs import VERBS
from luf_tui.view import legend, marks, names
from luf_tui.view.screen import PANES, ViewState
from tests.view_runs import run

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "luf_tui"
FOLDER = PACKAGE / "knowledge"
ENTRIES = knowledge.entries()

Run = Callable[..., "subprocess.CompletedProcess[str]"]

CODE = re.compile(r"\b(?:O\d+[a-z]?|OP-\d+|[DMSBH]\d+|R[12])\b")
"""Obligations, procedures, defects, mutants, scenarios, and the rules of machine and kernel."""

FUNCTION = re.compile(r"\b[a-z_][a-z0-9_]+(?=\(\))")

ELSEWHERE = re.compile(
    r"\b[MB] \d\.\d|performance\.md|\bdesign,? section|\b(?:mechanism|baseline) reference"
    r"|\bbaseline,? (?:section )?\d|\bsections? \d+(?:\.\d|A)|\bP12-\d|\bK-[a-z]"
)
"""Citations of design notes and of references that are not in the repository."""

WIDTH = 88
"""Columns of the files, so that an editor shows them whole."""


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def strings(path: Path) -> Iterator[str]:
    """Every string of a module, its docstrings included."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def told_by_scenarios() -> Iterator[str]:
    """What scenarios tell their reader."""
    for path in library.scenario_files(library.scenarios_dir()):
        for line in path.read_text(encoding="utf-8").splitlines():
            word, _, rest = line.strip().partition(" ")
            if word in ("title", "about", "note"):
                yield rest


def docstrings(path: Path) -> Iterator[str]:
    """Every string of a module that stands alone: of modules, classes, functions and fields."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def codes(texts: Iterable[str]) -> set[str]:
    return {code for text in texts for code in CODE.findall(text)}


def functions(texts: Iterable[str]) -> set[str]:
    """Functions that some texts name as `name()`."""
    return {name for text in texts for name in FUNCTION.findall(text)}


def without_entry(named: Iterable[str], kind: str = "") -> list[str]:
    """Those of some words that have no entry, or none of the kind they should have."""
    return [
        word
        for word in named
        if not any(kind in ("", entry.kind) for entry in knowledge.find(word))
    ]


# -- what is named has an entry ---------------------------------------------------------------


def test_a_word_that_nobody_explains_is_noticed() -> None:
    assert ["O99", "frobnicate"] == without_entry(["O2", "O99", "frobnicate", "TLB"])
    assert ["TLB"] == without_entry(["TLB"], "guard")
    assert {"O2", "OP-9", "D5", "O6a", "M38", "B1"} == codes(
        ["O2, OP-9; D5 O6a", "M38 (B1) O_2 v12"]
    )


def test_every_code_in_a_string_or_docstring_has_an_entry() -> None:
    used = codes(text for path in PACKAGE.rglob("*.py") for text in strings(path))

    assert {"O2", "O24"} <= used
    assert [] == without_entry(sorted(used))


def test_every_code_that_a_scenario_or_the_readme_tells_has_an_entry() -> None:
    used = codes([*told_by_scenarios(), (ROOT / "README.md").read_text(encoding="utf-8")])

    assert {"S12", "O2"} <= used
    assert [] == without_entry(sorted(used))


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("guard", [*GUARDS]),
        ("operation", [one.NAME for one in OPERATIONS]),
        ("event", [one.name for one in EVENT_KINDS]),
        ("policy", [*POLICIES]),
        ("mutant", [one.mutant for one in GUARDS.values() if one.mutant]),
        ("verb", [kind.verb.word for kind in VERBS.values()]),
        ("predicate", [*vocabulary.PREDICATES]),
        ("setting", [*vocabulary.SETTINGS, *vocabulary.FLAGS, *vocabulary.CHOICES]),
    ],
)
def test_a_kind_of_entries_holds_all_that_there_is_and_nothing_else(
    kind: str, named: list[str]
) -> None:
    about_the_kind = {
        "guard": {"guard"},
        "operation": {"operation"},
        "event": {"event"},
        "policy": {"policy", "LATR"},
        "verb": {
            "verb",
            "actor",
            "stop before",
            "any page",
            "any cpu",
            "fresh",
            "always",
            "sometimes",
            *vocabulary.LINES,
        }
        - {"machine", "policy"},
        "predicate": {"predicate"},
        "setting": {"machine"},
    }
    entries = {entry.word for entry in knowledge.entries(kind)}

    assert set(named) == entries - about_the_kind.get(kind, set())


def test_every_obligation_that_the_oracle_names_has_an_entry_of_its_kind() -> None:
    assert [] == without_entry(ABOUT, "obligation")
    assert {f"O{number}" for number in range(1, 44)} | {"O6a", "O8a", "O8b"} == {
        entry.word for entry in knowledge.entries("obligation")
    }


def test_every_kernel_function_that_guards_and_narration_name_has_an_entry() -> None:
    guards = [text for guard in GUARDS.values() for text in (guard.v10, guard.v12)]
    fields = {word for text in guards for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text)}
    named = functions([*guards, *(kind.kernel for kind in EVENT_KINDS)]) | fields

    assert {"ptep_clear_flush", "csd_unlock", "luf_gen_done"} <= named
    assert [] == without_entry(sorted(named))


def test_every_kernel_function_that_a_docstring_names_has_an_entry() -> None:
    modules = [*PACKAGE.rglob("*.py")]
    ours = {
        node.name
        for path in modules
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
    }
    named = functions(text for path in modules for text in docstrings(path)) - ours

    assert "set_pte_at" in named
    assert [] == without_entry(sorted(named))


def test_every_state_of_a_frame_and_every_actor_has_an_entry() -> None:
    assert [] == without_entry([*STATE_NAMES, *vocabulary.KERNEL_ACTORS])


def test_every_pane_has_an_entry_by_its_name_and_by_its_title() -> None:
    timeline = run("tour/flush-before-reuse")
    panes = [build(timeline, ViewState(), 100, 30) for build in PANES.values()]
    titles = [pane.title[0].text for pane in panes if pane.title]

    assert "owed" in titles
    assert [] == without_entry([*PANES, *titles], "screen")


def test_every_glyph_letter_and_role_of_the_legend_has_an_entry() -> None:
    signs = [sign for sign, _ in legend.LETTERS]
    shown = {role.glyph for role in marks.ROLES.values() if role.glyph}
    shown |= {glyph for glyph, _ in names.FRAME_GLYPHS.values()}
    roles = [name for name, role in marks.ROLES.items() if role.glyph]
    roles += [
        word for role in marks.ROLES.values() if role.event for word in role.event.split(", ")
    ]

    assert [] == without_entry([*sorted(shown), *roles])
    assert [] == [s for s in signs if without_entry([s]) and without_entry(s.split())]


# -- the book itself --------------------------------------------------------------------------


def test_every_link_leads_to_another_entry() -> None:
    nowhere = [
        f"{entry.kind} {entry.word}: {word}"
        for entry in ENTRIES
        for word in entry.see
        if all(found is entry for found in knowledge.find(word))
    ]

    assert [] == nowhere


def test_every_entry_is_found_by_every_name_it_has() -> None:
    lost = [e.word for e in ENTRIES for name in e.names if e not in knowledge.find(name)]

    assert [] == lost


def test_no_two_entries_of_a_kind_share_a_word() -> None:
    seen = Counter((entry.kind, book.key_of(entry.word)) for entry in ENTRIES)

    assert [] == [key for key, times in seen.items() if times > 1]


def test_every_file_of_the_book_is_a_kind_and_is_read() -> None:
    assert sorted(KINDS.values()) == sorted(path.name for path in FOLDER.glob("*.md"))
    assert [] == [kind for kind in KINDS if not knowledge.entries(kind)]


def test_every_entry_has_a_text_of_whole_sentences() -> None:
    assert [] == [entry.word for entry in ENTRIES if not entry.text or entry.text[-1] not in ".`!"]


def test_codes_and_commands_in_texts_can_be_looked_up_too() -> None:
    assert [] == without_entry(sorted(codes(entry.text for entry in ENTRIES)))


def test_the_files_fit_an_editor() -> None:
    wide = [
        f"{path.name}:{number}"
        for path in FOLDER.glob("*.md")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > WIDTH and not line.startswith("see: ")
    ]

    assert [] == wide


def test_an_entry_is_a_heading_paragraphs_and_links() -> None:
    source = "# For editors\n\n## PCP list, pcp\n\nOne\ntwo.\n\n- a\n  b\n- c\n\nsee: TLB, O2\n"

    assert [Entry("PCP list", ("pcp",), "term", "One two.\n\n- a b\n- c", ("TLB", "O2"))] == [
        *book.parse(source, "term")
    ]


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("pcp list", "pcp list"),
        ("PCP", "pcp list"),
        ("pcp_list", "pcp list"),
        ("o2", "O2"),
        ("Flush Before Reuse", "flush-before-reuse"),
        ("d5", "D5"),
        ("m7", "M7"),
        ("S12", "S12"),
        ("op9", "OP-9"),
        ("TLB-GEN", "tlb_gen"),
        ("prep_new_page()", "alloc"),
        ("◆", "◆"),
    ],
)
def test_a_word_is_found_however_it_is_written(asked: str, word: str) -> None:
    assert word == knowledge.find(asked)[0].word


def test_an_entry_of_that_word_comes_before_one_that_only_has_it_as_an_alias() -> None:
    found = knowledge.find("invalidate")

    assert ["verb", "operation"] == [entry.kind for entry in found]


# -- what the product cites -------------------------------------------------------------------


def citations(text: str) -> list[str]:
    """Places of documents that nobody who has the package can look up."""
    return [found.group() for found in ELSEWHERE.finditer(text)]


@pytest.mark.parametrize(
    "text",
    [
        "(B 1.2)",
        "the mark (M 2.2).",
        "gates of baseline section 2.4",
        "(baseline 6.3)",
        "(baseline, section 3)",
        "the mechanism reference, section 4.1",
        "performance.md",
        "(design, section 7)",
        "keys of design section 11",
        "the generation (P12-21)",
        "(K-arm64)",
        "section 3A",
    ],
)
def test_a_citation_of_another_document_is_noticed(text: str) -> None:
    assert citations(text)


def test_nothing_cites_a_document_that_does_not_ship() -> None:
    ours = Path(__file__)
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.md"), *ROOT.glob("tests/**/*.py")]
    files += [*library.scenario_files(library.scenarios_dir()), ROOT / "README.md"]
    cited = [
        f"{path.relative_to(ROOT)}: {found}"
        for path in files
        if path != ours
        for found in citations(path.read_text(encoding="utf-8"))
    ]

    assert [] == cited


# -- the command ------------------------------------------------------------------------------


def test_explain_prints_an_entry_and_what_the_tables_know(luf_tui: Run) -> None:
    done = luf_tui("explain", "flush_before_reuse")

    assert (0, "") == (done.returncode, done.stderr)
    assert "flush-before-reuse (guard)" in done.stdout
    assert "luf_takeoff_end()" in done.stdout
    assert re.search(r"^mutant +M1$", done.stdout, re.MULTILINE)


def test_explain_tells_how_an_event_is_told_and_what_it_carries(luf_tui: Run) -> None:
    told = json.loads(luf_tui("explain", "freedwalk", "--json").stdout)

    assert "mm, vpn, pfn" == told["facts"]["arguments"]


def test_explain_shows_how_every_verb_of_a_word_is_written(luf_tui: Run) -> None:
    facts = json.loads(luf_tui("explain", "offline", "--json").stdout)["facts"]

    assert {"offline", "offline NODE"} == facts.keys()


def test_explain_names_the_scenarios_that_are_about_a_code(luf_tui: Run) -> None:
    assert "hazards/shared-file-store" in luf_tui("explain", "S12").stdout


def test_explain_tells_of_everything_that_a_word_names(luf_tui: Run) -> None:
    done = luf_tui("explain", "free", "--json")
    told = json.loads(done.stdout)

    assert ["version", "word", "kind", "aliases", "text", "see", "facts", "others"] == [*told]
    assert (1, "free") == (told["version"], told["word"])
    assert {"operation", "event", "verb", "predicate"} == {
        told["kind"],
        *(other["kind"] for other in told["others"]),
    }


def test_explain_of_an_unknown_word_names_the_nearest_and_exits_2(luf_tui: Run) -> None:
    done = luf_tui("explain", "shotdown")

    assert (2, "") == (done.returncode, done.stdout)
    assert "did you mean 'shootdown'?" in done.stderr


def test_explain_without_a_word_lists_all_by_kind(luf_tui: Run) -> None:
    told = json.loads(luf_tui("explain", "--json").stdout)
    plain = luf_tui("explain").stdout

    assert {kind: [e.word for e in knowledge.entries(kind)] for kind in KINDS} == told["words"]
    assert [*KINDS] == [line for line in plain.splitlines() if not line.startswith(" ")]
