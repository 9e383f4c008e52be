"""The verbs: one declaration each, from which parser, formatter, engine and help know them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from luf_tui.cli import main
from luf_tui.engine.arguments import STARTS
from luf_tui.engine.director import Director
from luf_tui.errors import WIDEST, InputError, Refused
from luf_tui.policy.registry import make_policy
from luf_tui.script.declaration import Arguments, Verb, Word
from luf_tui.script.format import format_text
from luf_tui.script.parameters import WORDS
from luf_tui.script.parse import parse
from luf_tui.script.program import Op
from luf_tui.script.verbs import VERBS, verbs_called
from luf_tui.search.random_programs.random_program import random_program
from luf_tui.ui.panels.problems import WIDE, problem_rows
from luf_tui.view.columns import length

ROOT = Path(__file__).resolve().parent.parent
WORLD = """\
machine cpus 3, dram 16, cxl 8, secondary-tlb, pinned-io, frame-maps
process app
file lib, 2 pages
app mmap lib read-only as text
cpu1 run app
cpu1 write heap.0 secret
cpu1 write heap.1 secret
kernel alloc slab
"""
EVERY = pytest.mark.parametrize("kind", VERBS.values(), ids=VERBS)


def refusal(text: str) -> str:
    """Why the machine does not play a scenario to its end; empty if it does."""
    director = Director(parse(text), make_policy("luf"))
    try:
        for _ in director.play():
            pass
    except Refused as refused:
        return str(refused)
    return ""


def only(line: str) -> tuple[str, str]:
    """What is wrong with a line after the world, and the hint."""
    with pytest.raises(InputError) as caught:
        parse(f"{WORLD}{line}\n")
    (problem,) = caught.value.problems
    return problem.message, problem.hint


@EVERY
def test_the_example_of_a_verb_is_a_line_with_that_verb(kind: type[Arguments]) -> None:
    op = parse(f"{WORLD}{kind.verb.example}\n").items[-1]

    assert isinstance(op, Op)
    assert kind is type(op.args)


@EVERY
def test_the_example_of_a_verb_is_formatted_as_it_is(kind: type[Arguments]) -> None:
    actor, _, rest = kind.verb.example.partition(" ")

    assert f"{actor:<8} {rest}\n" == format_text(kind.verb.example)


@EVERY
def test_the_example_of_a_verb_runs_or_is_refused_by_name(kind: type[Arguments]) -> None:
    example = kind.verb.example
    reason = refusal(f"{WORLD}{example}\n")

    assert "" == reason or reason.startswith(f"{example}: ")


def test_every_verb_that_begins_an_operation_has_a_start() -> None:
    assert {kind for kind in VERBS.values() if kind.verb.begins} == set(STARTS)


def test_random_programs_do_whatever_can_be_done() -> None:
    """Large pages are drawn where they are asked for: much else is not taught what they are."""
    programs = [random_program(seed) for seed in range(400)]
    programs += [random_program(seed, huge_pages=2) for seed in range(40)]
    items = [item for program in programs for item in program.items]
    drawn = {type(item.args) for item in items if isinstance(item, Op)}

    assert set(VERBS.values()) == drawn


def test_a_verb_is_told_by_its_sentence() -> None:
    assert [] == [verb.word for verb in told() if not verb.about.endswith(".")]


def told() -> list[Verb]:
    """The facts of every verb."""
    return [kind.verb for kind in VERBS.values()]


RIGHT = """\
from luf_tui.script.values import Pages, Rights
from luf_tui.script.verbs.by_process import Mprotect

where, rights = Pages(0, 0), Rights()
right = Mprotect(where=where, rights=rights)
"""


MISTAKES = {
    "Mprotect(wher=where, rights=rights)": "Unexpected keyword",
    "Mprotect(where)": "Missing positional",
    "right.wher": "has no attribute",
    "Mprotect(rights, rights)": "incompatible type",
}


def test_a_wrong_name_or_type_of_an_argument_is_an_error_of_mypy(tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(RIGHT + "\n".join(MISTAKES) + "\n", encoding="utf-8")
    words = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(path)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    errors = [row.split(": error: ") for row in done.stdout.splitlines() if ": error: " in row]

    first = RIGHT.count("\n") + 1
    places = [f"{path}:{first + n}" for n in range(len(MISTAKES))]
    assert places == [place for place, _ in errors]
    assert all(told in error for told, (_, error) in zip(MISTAKES.values(), errors, strict=True))


def test_a_keyword_is_a_whole_word() -> None:
    told = "did you mean 'run'? The line is `cpu1 run PROCESS`, as in `cpu1 run app`"
    assert ("'runn' does not fit here", told) == only("cpu1 runn app")
    message, hint = only("cpu1 munmap heap stopp before flush")
    assert "'stopp' does not fit here" == message
    assert hint.startswith("did you mean 'stop'? It may be stop, the end of the line; the line is")


def test_an_unknown_verb_gets_the_verbs_of_its_actor() -> None:
    _, of_a_cpu = only("cpu1 frobnicate heap")
    _, of_the_kernel = only("kswapd frobnicate heap")

    assert {"mprotect", "run", "read"} <= set(of_a_cpu.removeprefix("expected ").split(", "))
    assert "reclaim" not in of_a_cpu
    assert "reclaim" in of_the_kernel
    assert "mprotect" not in of_the_kernel


def test_a_long_hint_is_broken_into_rows() -> None:
    """On the terminal and in the app alike, no list of verbs runs out of the screen."""
    with pytest.raises(InputError) as caught:
        parse(f"{WORLD}cpu1 frobnicate heap\n")

    rows = [length(row) for row in problem_rows(caught.value)]
    assert max(rows) <= WIDE
    assert max(map(len, str(caught.value).splitlines())) <= WIDEST + 2


@pytest.mark.parametrize("line", ["zzz collapse heap", "zzz reclaim heap"])
def test_an_unknown_actor_gets_the_actors(line: str) -> None:
    _, hint = only(line)

    assert hint.startswith("actors are app, kswapd,")
    assert hint.endswith("cpu0 to cpu2")


def wrong_lines(kind: type[Arguments]) -> list[str]:
    """A verb's example with each of its words but the first left out, made no word and made one
    that nobody knows; and with a word too many.
    """
    words = kind.verb.example.split()
    changed = [
        " ".join((*words[:at], *instead, *words[at + 1 :]))
        for at in range(1, len(words))
        for instead in ((), ("=",), ("qqzz",))
    ]
    return [*changed, f"{kind.verb.example} 17"]


@EVERY
def test_whatever_is_wrong_with_a_line_the_hint_says_what_it_should_be(
    kind: type[Arguments],
) -> None:
    verb, wrong = kind.verb, []
    for line in wrong_lines(kind):
        try:
            parse(f"{WORLD}{line}\n")
        except InputError as error:
            (problem,) = error.problems
            unknown = line.split()[1:2] != [verb.word]
            syntax = "does not fit" in problem.message or "too early" in problem.message
            told = re.search("expected|may be", problem.hint)
            form = unknown or f"{verb.usage}`" in problem.hint
            if not ((told and form) if syntax else problem.hint):
                wrong.append((line, problem.message, problem.hint))

    assert [] == wrong


def _words_of(verb: Verb) -> list[Word]:
    """The kinds of word that its parameters have."""
    grammar = " ".join(one.grammar for _, one in verb.kinds)
    return [word for name, word in WORDS.items() if re.search(rf"\b{name}\b", grammar)]


@EVERY
def test_a_hint_lists_all_that_may_stand_where_it_is_one_of_several_words(
    kind: type[Arguments],
) -> None:
    """Each word of a choice is misspelt; whichever is the nearest, all are told."""
    words = kind.verb.example.split()
    for at, word in enumerate(words[2:], start=2):
        for choices in (one.choices for one in _words_of(kind.verb) if word in one.choices):
            _, hint = only(" ".join((*words[:at], f"{word}qz", *words[at + 1 :])))
            assert [] == [choice for choice in choices if choice not in hint], hint


@EVERY
def test_a_line_that_begins_with_a_verb_is_told_who_does_it(kind: type[Arguments]) -> None:
    verb = kind.verb
    message, hint = only(verb.example.partition(" ")[2])

    assert f"a line begins with who does '{verb.word}'" == message
    assert f"{verb.usage}`, as in `{verb.example}`" in hint


@EVERY
def test_a_misspelt_verb_is_recognised_with_its_operands(kind: type[Arguments]) -> None:
    actor, word, *rest = kind.verb.example.split()
    misspelt = f"{word[:-1]}{word[-1]}{word[-1]}"
    message, hint = only(" ".join((actor, misspelt, *rest)))

    assert f"'{misspelt}' does not fit here" == message
    assert hint.startswith(f"did you mean '{word}'? The line is `{actor} {word}")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("cpu1 mprotect heap PROT_WRITE", "expected none, read-only, read-write; the line "),
        ("cpu1 mprotect heap read-execute", "did you mean 'read-write'? It may be none, read-"),
        ("cpu1 fork child", "expected as; the line is `cpu1 fork PROCESS as NAME`, as in "),
        ("cpu1 fork as child", "as in `app fork app as child`"),
        ("cpu1 read", "expected a page such as heap.0; the line is `cpu1 read PAGE`, as"),
        (
            "kernel move heap.0 to",
            "expected a node such as cxl; the line is `kernel move PAGE… to N",
        ),
        ("kernel online", "as in `cpu1 online`, `kernel online cxl`"),
        ("app dma-read heap.0", "as in `device dma-read heap.0`"),
    ],
)
def test_what_a_parameter_may_be_is_told_with_a_line_that_is_right(line: str, hint: str) -> None:
    assert hint in only(line)[1]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("app mmap lib readonly as moved", "cpu1 read moved.0"),
        ("app mremap heap at moved as moved", "cpu1 read moved.0"),
        ("cpu1 fork ap as kid", "cpu2 run kid"),
        ("kernel alloc thing ordr 1", "kernel free thing"),
        ("cpu1 probe hep.0 broken", "expect reads broken"),
        ("device dma-write hep.0 sent", "expect reads sent"),
    ],
)
def test_what_a_wrong_line_would_have_made_is_not_missed(line: str, after: str) -> None:
    only(f"{line}\n{after}")


def shown(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints."""
    assert 0 == main(words)
    return capsys.readouterr().out


def test_help_of_a_verb_has_its_operands_its_sentence_and_its_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        "PROCESS mprotect RANGE none|read-only|read-write\n"
        "  Changes the rights of a range.\n"
        "    RANGE  a range such as heap or text.1\n"
        "  as in `app mprotect heap read-only`\n"
    ) == shown("help", "mprotect", capsys=capsys)


@EVERY
def test_help_explains_every_operand(
    kind: type[Arguments], capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown("help", kind.verb.word, capsys=capsys)
    rows = [row.strip() for row in text.splitlines() if row.startswith("    ")]

    for usage in (one.usage for _, one in kind.verb.kinds if re.search("[A-Z]", one.usage)):
        (explained, *_) = [row for row in rows if row.startswith(f"{usage}  ")]
        assert len(explained) > len(usage) + 5


def test_help_says_who_else_may_do_it(capsys: pytest.CaptureFixture[str]) -> None:
    for verb, told in (("munmap", True), ("reclaim", False)):
        assert 0 == main(["help", verb])
        err = capsys.readouterr().err
        assert told == err.startswith("\nA CPU may stand for the process")
        assert "stop before STEP" in err


def test_help_tells_of_both_verbs_that_have_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    rows = shown("help", "offline", capsys=capsys).splitlines()

    assert ["CPU offline", "kernel offline NODE"] == [row for row in rows if row[0] != " "]
    assert 2 == len(verbs_called("offline"))


def test_help_alone_has_a_line_for_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    rows = shown("help", capsys=capsys).splitlines()

    assert len(VERBS) == len(rows)
    assert all(any(f" {verb.word} " in row for row in rows) for verb in told())


def test_help_of_another_word_says_where_it_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["help", "expect"])
    assert "`luf-tui explain expect` says" in capsys.readouterr().err


def test_help_of_no_verb_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["help", "mprotct"])
    assert "no verb is called 'mprotct'; did you mean 'mprotect'?" in capsys.readouterr().err
