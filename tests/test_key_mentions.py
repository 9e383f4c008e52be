"""Keys that texts name are those that the registry has, for what the text says they do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from luf_tui import knowledge
from luf_tui.ui import actions
from luf_tui.ui.key_names import with_keys
from tests.test_knowledge import told_by_scenarios

ROOT = Path(__file__).resolve().parent.parent
UI = sorted((ROOT / "luf_tui" / "ui").rglob("*.py"))
KEYS = {key: action for action in actions.ACTIONS for key in map(actions.key_sign, action.keys)}

IN_A_SCENARIO = re.compile(r"\(([^\s(),])(?:, [^()]*)?\)")
"""`(g, flush-before-reuse)`, `(x)`: how a scenario's text names a key."""
IN_A_BOOK = re.compile(r"\bkeys? `(\S)`")
IN_THE_README = re.compile(r"(?<!`)`([^\s`])`(?!`)")
BITS = re.compile(r"\b[A-Z](?: and [A-Z])? bits?\b")
LONE = re.compile(r"(?<![\w.'{}/<%+-])([b-zB-HJ-Z])(?![\w.'}(=%-])")
"""A letter that stands for itself in what the app says."""
PANELS_OWN = {
    "correct the file and press r; esc goes on without",
    "; z puts it back",
}
"""Messages of a panel about a key that the panel itself takes."""


def clauses(text: str) -> list[str]:
    return re.split(r"(?<=[.;])\s+", text)


def mistaken(texts: Iterator[str] | list[str], form: re.Pattern[str]) -> list[str]:
    """Clauses that name a key which is none, or is for something that they do not speak of."""
    wrong = []
    for text in texts:
        for clause in clauses(text):
            for key in form.findall(clause):
                action = KEYS.get(key)
                about = f"{action.label} {action.description}".casefold() if action else ""
                words = {word.rstrip("s") for word in re.findall(r"[a-z]{3,}", about)}
                if not any(word in clause.casefold() for word in words):
                    wrong.append(clause)
    return wrong


def abouts() -> list[str]:
    """Lines of scenarios joined, as they are read."""
    return [" ".join(told_by_scenarios())]


def test_a_key_for_something_else_is_noticed() -> None:
    assert ["Compare policies (C)."] == mistaken(["Compare policies (C)."], IN_A_SCENARIO)
    assert ["Switch the guard off (§)."] == mistaken(["Switch the guard off (§)."], IN_A_SCENARIO)
    assert [] == mistaken(["Compare policies (x)."], IN_A_SCENARIO)


def test_scenarios_name_keys_that_do_what_they_say() -> None:
    assert len(IN_A_SCENARIO.findall(abouts()[0])) > 5
    assert [] == mistaken(abouts(), IN_A_SCENARIO)


def test_scenarios_name_keys_in_one_form_only() -> None:
    """Another would escape the test above."""
    said = IN_A_SCENARIO.sub("", BITS.sub("", abouts()[0]))

    assert [] == LONE.findall(said)


def test_the_book_names_keys_that_do_what_it_says() -> None:
    texts = [" ".join(entry.text.split()) for entry in knowledge.entries()]

    assert any(IN_A_BOOK.search(text) for text in texts)
    assert [] == mistaken(texts, IN_A_BOOK)


def test_the_readme_names_keys_there_are() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    walk = text[text.index("## Two minutes") : text.index("## The command line")]
    named = set(IN_THE_README.findall(walk))

    assert {"n", "w", "G"} <= named
    assert set() == named - set(KEYS)


def test_a_message_has_the_key_of_the_action_it_names() -> None:
    assert "w says why, {nothing} stays" == with_keys("{why} says why, {nothing} stays")


def said_in(path: Path) -> Iterator[str]:
    """What a module may say: strings of several words that document nothing."""
    tree = ast.parse(path.read_text("utf-8"), str(path))
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            hint = "   " in node.value
            if id(node) not in documents and " " in node.value.strip() and not hint:
                yield node.value


def test_no_message_of_the_app_spells_a_key_out() -> None:
    """A person may have other keys; hints of a panel's own keys, three spaces apart, aside."""
    said = {text for path in UI for text in said_in(path)} - PANELS_OWN

    assert [] == [text for text in said if LONE.search(text)]


def test_every_action_that_a_message_names_is_one() -> None:
    named = {
        name
        for path in UI
        for text in said_in(path)
        for name in re.findall(r"\{([a-z]+(?:-[a-z0-9]+)*)\}", text)
    }

    assert {"why", "go-back"} <= named
    assert set() == named - set(actions.BY_ID)
