"""What a message suggests works when it is typed: a word in the place of the wrong one, a command
as it is named, a line of a script as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import luf_tui
from luf_tui import cli
from luf_tui.errors import InputError, LufError
from luf_tui.runs.run import Run
from luf_tui.script.declaration import Arguments
from luf_tui.script.parse import parse
from luf_tui.script.verbs import VERBS
from luf_tui.ui import typed_lines
from luf_tui.ui.session import Session
from tests.test_script_verbs import WORLD

TOUR = "tour/flush-before-reuse"
WRONG = [
    "{chek} tour/who-pays",
    "run {flush-before-ruse}",
    "run {tour/who-pay}",
    "run {nosuch/tour/who-pays.luf}",
    f"run {TOUR} --policy {{lfu}}",
    f"run {TOUR} --without {{flush-before-resue}}",
    f"compare {TOUR} --policies eager,{{batchd}}",
    f"export {TOUR} -o - --format {{svgg}}",
    f"export {TOUR} -o - --format svg --theme {{drak}}",
    "list {tuor}",
    "list {clints}",
    "show {who-pyas}",
    "replay {llm-exerpt}",
    "help {mprotct}",
    "guards {flush-before-resue}",
    "explain {tlbb}",
    "check {tour/who-pay}",
]
"""Commands with a wrong word, in braces."""


def told(capsys: pytest.CaptureFixture[str], words: str) -> tuple[int, str]:
    """Exit code and stderr of a command."""
    code = cli.main(words.split())
    return code, capsys.readouterr().err


def suggested(text: str) -> list[str]:
    """The words that a message offers in the place of a wrong one."""
    found = re.search(r"(?:did you mean|could be) (.*?)(?:\?|$)", text, re.MULTILINE)
    return re.split(" or ", found[1].replace("'", "")) if found else []


@pytest.mark.parametrize("words", WRONG)
def test_a_word_that_is_suggested_does_in_the_place_of_the_wrong_one(
    capsys: pytest.CaptureFixture[str], words: str
) -> None:
    code, err = told(capsys, re.sub("[{}]", "", words))
    offered = suggested(err)

    assert 2 == code
    assert offered or re.search("`luf-tui [^`]+`", err), err
    for word in offered:
        code, err = told(capsys, re.sub("{.*}", word, words))
        # Which of several files is meant may still be asked.
        assert code in (0, 1) or suggested(err), (word, err)
    for command in re.findall("`luf-tui ([^`]+)`", err):
        assert 0 == told(capsys, command)[0], command


def test_no_message_ends_where_a_hint_should_be(capsys: pytest.CaptureFixture[str]) -> None:
    for words in WRONG:
        _, err = told(capsys, re.sub(r"{.*}", "xyzzy", words))
        assert not re.search(r"[;:,]\s*$", err), err


def lines_with_a_slip(kind: type[Arguments]) -> list[tuple[list[str], int]]:
    """A verb's example with a letter too many in one of its words, and which word that is."""
    words = kind.verb.example.split()
    slips = []
    for at, word in enumerate(words):
        name, dot, number = word.partition(".")
        slip = f"{name}{name[-1]}{dot}{number}"
        slips.append(([*words[:at], slip, *words[at + 1 :]], at))
    return slips


@pytest.mark.parametrize("kind", VERBS.values(), ids=VERBS)
def test_a_word_that_a_script_is_offered_is_right_in_its_place(kind: type[Arguments]) -> None:
    for words, at in lines_with_a_slip(kind):
        try:
            parse(f"{WORLD}{' '.join(words)}\n")
        except InputError as error:
            (problem,) = error.problems
        else:
            continue
        for offered in suggested(problem.hint):
            number = re.sub(r"^[^.]*", "", words[at])
            mended = offered if "." in offered else f"{offered}{number}"
            parse(f"{WORLD}{' '.join((*words[:at], mended, *words[at + 1 :]))}\n")


@pytest.mark.parametrize("kind", VERBS.values(), ids=VERBS)
def test_the_example_that_a_hint_shows_is_a_line(kind: type[Arguments]) -> None:
    with pytest.raises(InputError) as caught:
        parse(f"{WORLD}{kind.verb.example} = =\n")
    shown = re.findall("as in `([^`]+)`", caught.value.problems[0].hint)

    assert kind.verb.example in shown
    for line in shown:
        parse(f"{WORLD}{line}\n")


@pytest.fixture(scope="module")
def tour() -> Run:
    return luf_tui.open(TOUR)


Asking = Callable[[Run, str], object]
TYPED: dict[str, tuple[Asking, str]] = {
    "go to an event": (lambda run, word: Session(run.timeline).goto(word), "defr"),
    "break at a condition": (
        lambda run, word: typed_lines.parse_breakpoint(word, run.timeline),
        "when stael cpu1 text.0",
    ),
    "break without when": (
        lambda run, word: typed_lines.parse_breakpoint(word, run.timeline),
        "stale cpu1 text.0",
    ),
    "break at a thing": (
        lambda run, word: typed_lines.parse_breakpoint(word, run.timeline),
        "when stale cpu1 txt.0",
    ),
    "put a line in": (
        lambda run, word: typed_lines.with_line(run.timeline.program, 25, word),
        "cpu1 raed text.0",
    ),
    "why of a thing": (lambda run, word: run.why(word), "txt.0"),
    "a theme": (lambda run, word: run.svg(theme=word), "drak"),
}


@pytest.mark.parametrize("asked", TYPED)
def test_a_word_that_a_prompt_is_offered_is_right_in_its_place(tour: Run, asked: str) -> None:
    ask, typed = TYPED[asked]
    with pytest.raises(LufError) as caught:
        ask(tour, typed)
    offered = suggested(str(caught.value))

    assert offered, str(caught.value)
    for word in offered:
        close = min(typed.split(), key=lambda one: _apart(one, word))
        kept = "" if "." in word else re.sub(r"^[^.]*", "", close)
        ask(tour, word if typed in word else typed.replace(close, word + kept))


def _apart(one: str, other: str) -> int:
    """How unlike two words are: letters that one of them has and the other has not."""
    return len(set(one) ^ set(other))


def test_a_script_is_told_a_file_that_works(tmp_path: Path) -> None:
    path = tmp_path / "wrong.luf"
    path.write_text("policy lfu without flush-before-resue\nprocess app\n", "utf-8")
    with pytest.raises(InputError) as caught:
        luf_tui.open(str(path))
    offered = [word for problem in caught.value.problems for word in suggested(problem.hint)]

    assert "luf" in offered
    path.write_text("policy luf without flush-before-reuse\nprocess app\n", "utf-8")
    luf_tui.open(str(path))
