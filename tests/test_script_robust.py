"""What a person may do wrong in a scenario: told once, in its place, and never a traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luf_tui.errors import MOST_TOLD, WIDEST, InputError, Problem
from luf_tui.script.format import format_text
from luf_tui.script.parse import parse, parse_condition
from luf_tui.script.program import Expect, Op
from luf_tui.script.syntax import MOST_PROBLEMS
from luf_tui.script.verbs.by_process import ClearSoftDirty
from luf_tui.ui.panels.problems import problem_rows

RUNNING = (
    "machine cpus 3, dram 8, cxl 4\nprocess app\nfile lib, 2 pages\n"
    "app mmap lib read-only as text\ncpu1 run app\n"
)
NASTY = ("lib.²", "cpu１", "app*9", "O99", '"', '""', '"a , b"', "#", "=", "\x1c", "\x1b[")
PLAIN = ["read", "write", "text.0", "race", "end", "schedule", "expect", "no", "violation"]
WORDS = st.sampled_from([*RUNNING.split(), *PLAIN, *NASTY])
TEXTS = st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=12).map("\n".join)


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text."""
    with pytest.raises(InputError) as caught:
        parse(text)
    return caught.value.problems


def only(line: str) -> Problem:
    """The one thing that is wrong with a line after a right beginning."""
    found = problems(RUNNING + line + "\n")
    assert 1 == len(found), found
    return found[0]


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_no_text_makes_the_parser_fall_over(text: str) -> None:
    """Any text is a program, or problems that lie inside it."""
    try:
        parse(RUNNING + text)
    except InputError as error:
        for problem in error.problems:
            if problem.span is not None:
                line = error.source[problem.span.line - 1]
                assert 1 <= problem.span.column <= len(line) + 1
                assert problem.span.end > problem.span.column


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_formatting_keeps_what_a_text_means(text: str) -> None:
    """What parses still parses when formatted, to the same machine and the same arguments."""
    try:
        before = parse(RUNNING + text)
    except InputError:
        return
    after = parse(format_text(RUNNING + text))

    assert before.config == after.config
    assert [i.args for i in before.items if isinstance(i, Op)] == [
        i.args for i in after.items if isinstance(i, Op)
    ]


@pytest.mark.parametrize("line", ["cpu1 read text.²", "kswapd reclaim lib.²", "cpu１ idle"])
def test_digits_are_those_of_ascii(line: str) -> None:
    """Other scripts' digits are letters here."""
    assert only(line).message


def test_a_control_character_is_told_like_any_word() -> None:
    """Where a word breaks off at one, the line is wrong from there on."""
    assert "does not fit" in only("kswapd on c\x1cu2").message


@pytest.mark.parametrize("times", ["0", "100001", "999999999999"])
def test_a_schedule_has_an_end(times: str) -> None:
    """A repeat count cannot fill the memory, nor mean nothing."""
    text = f"{RUNNING}race\ncpu1 read text.0\nschedule app*{times}\nend\n"

    assert "1 to 100000 turns" in problems(text)[0].message


@pytest.mark.parametrize("read", [parse, format_text])
def test_a_file_of_nothing_but_mistakes_is_left_unread(read: Callable[[str], object]) -> None:
    """After many problems reading stops, and the last line told says so."""
    with pytest.raises(InputError) as caught:
        read("x y z\n" * (MOST_PROBLEMS + 50))

    assert MOST_PROBLEMS == len(caught.value.problems)
    last = f"and {MOST_PROBLEMS - MOST_TOLD} more; after line {MOST_PROBLEMS} nothing was read"
    assert str(caught.value).endswith(f"\nscenario: {last}")


@pytest.mark.parametrize("read", [parse, format_text])
def test_problems_beyond_a_screenful_are_counted(read: Callable[[str], object]) -> None:
    """Twenty are told, by the commands and by the screen alike; of the rest, how many they are."""
    with pytest.raises(InputError) as caught:
        read("cpu1 rea\n" * (MOST_TOLD + 3))

    rows = ["".join(mark.text for mark in row) for row in problem_rows(caught.value)]
    assert [MOST_TOLD] * 2 == [
        sum("does not fit" in row for row in told) for told in (str(caught.value).split("\n"), rows)
    ]
    assert "scenario: and 3 more" == str(caught.value).split("\n")[-1]
    assert f"scenario  {MOST_TOLD + 3} problems" == rows[0]
    assert "✖ and 3 more" in rows


def test_as_many_problems_as_are_told_leave_no_more() -> None:
    with pytest.raises(InputError) as caught:
        parse("x y z\n" * MOST_TOLD)

    assert "more" not in str(caught.value)


def test_stores_without_a_label_are_numbered_page_by_page() -> None:
    """Each has the next version of its own page, and a label taken already is left out."""
    text = (
        'cpu1 write heap.0\ncpu1 write heap.1\ncpu1 write heap.0 "heap.0 v3"\ncpu1 write heap.0\n'
    )
    contents = parse(RUNNING + text).config.contents

    assert ("heap.0 v2", "heap.1 v2", "heap.0 v3", "heap.0 v4") == contents[4:]


def test_what_follows_from_a_mistake_is_no_mistake_of_its_own() -> None:
    """Two wrong declarations are two problems, whatever was built on them."""
    found = problems(
        "proces app\nfile lib 2 pages\napp mmap lib read-only as text\ncpu1 run app\n"
        "cpu1 read text.0\nexpect stale cpu1 text.0\n"
    )

    assert [1, 2] == [problem.span.line for problem in found if problem.span]


def test_a_mistake_excuses_no_other() -> None:
    """A wrong setting takes only its own name away: a CPU there is not is still told."""
    found = problems("machine cpus 3, drom 8\nprocess app\ncpu7 run app\n")

    assert [1, 3] == [problem.span.line for problem in found if problem.span]


def test_an_unfinished_race_line_does_not_empty_the_race() -> None:
    """A race whose only operation is wrong has one problem."""
    text = f"{RUNNING}race\ncpu1 raed text.0\nend\n"

    assert [7] == [problem.span.line for problem in problems(text) if problem.span]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("proces two", "'process'"),
        ("expct no violation", "'expect'"),
        ("kswpd drain x", "'kswapd'"),
    ],
)
def test_a_misspelt_first_word_is_the_problem(line: str, hint: str) -> None:
    """The first word is blamed, not the second."""
    problem = only(line)

    assert problem.span is not None
    assert 1 == problem.span.column
    assert hint in problem.hint


@pytest.mark.parametrize("line", ["break", "note hi", "process late"])
def test_a_race_holds_operations_only(line: str) -> None:
    """What would silently happen before the race is told instead."""
    text = f"{RUNNING}race\ncpu1 read text.0\n{line}\nend\n"

    assert ["this does not belong into a race"] == [problem.message for problem in problems(text)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("cpu1 mmap lib read-only read-write as two", "'read-write' after 'read-only'"),
        ("cpu1 mmap lib shared private as two", "'private' after 'shared'"),
        ("cpu1 mprotect text shared", "'shared' does not fit here"),
        ("cpu1 fork app as cpu2", "cannot be called 'cpu2'"),
        ("cpu1 fork app as kswapd", "cannot be called 'kswapd'"),
        ("process note", "cannot be called 'note'"),
        ("file expect, 1 page", "cannot be called 'expect'"),
        ('cpu1 write heap.0 ""', "does not fit"),
        ("expect blocked cpu0", "runs nothing"),
        ("expect on text.0 nowhere", "no node is called 'nowhere'"),
        ("expect violation O99", "no obligation is called 'O99'"),
        ("process two\ntwo evict app.heap.0", "'two' runs on no CPU"),
        ("process two\ntwo prefetch app.heap.0", "'two' runs on no CPU"),
        ("monitor clear-soft-dirty", "monitor runs no process"),
        ("expect violation Q", "says nothing of a finding"),
    ],
)
def test_what_cannot_be_meant_is_told(line: str, told: str) -> None:
    """Nothing is taken to mean something else, or nothing at all."""
    assert told in only(line).message


def test_soft_dirty_is_cleared_in_the_space_of_whoever_asks() -> None:
    """The address space is named, and is not the last one declared."""
    program = parse(RUNNING + "process last\ncpu1 clear-soft-dirty\n")
    ops = [item.args for item in program.items if isinstance(item, Op)]

    assert ClearSoftDirty(mm=0) in ops


def test_a_page_on_a_node_can_be_said_either_way() -> None:
    """`on text.0 dram` carries the node just as `text.0 on dram` does."""
    program = parse(RUNNING + "expect on text.0 cxl\nexpect text.0 on cxl\n")
    nodes = [i.condition.args["node"] for i in program.items if isinstance(i, Expect)]

    assert [1, 1] == nodes


def test_a_second_policy_is_told_unless_it_is_the_same() -> None:
    """Which of two would rule cannot be seen; the same line twice is harmless."""
    assert "second policy" in problems("policy luf\nprocess a\npolicy eager\n")[0].message
    assert "luf" == parse("policy luf\npolicy luf\nprocess a\n").policy


@pytest.mark.parametrize("words", ["", "# said", "\n"])
def test_an_empty_condition_is_told(words: str) -> None:
    """A prompt that was asked nothing says so."""
    with pytest.raises(InputError, match="a condition is missing"):
        parse_condition(parse(RUNNING), words)


def test_a_condition_counts_columns_as_typed() -> None:
    """The caret stands under what was typed at the prompt."""
    with pytest.raises(InputError) as caught:
        parse_condition(parse(RUNNING), "stale cpu1 txt.0")
    (problem,) = caught.value.problems

    assert problem.span is not None
    assert (12, 17) == (problem.span.column, problem.span.end)


def test_commas_inside_quotes_stay() -> None:
    """The formatter leaves a label as it is."""
    assert 'cpu1     write heap.0 "a ,b"\n' == format_text('cpu1 write heap.0 "a ,b"\n')


def test_lark_is_loaded_by_the_first_line_only() -> None:
    """Programs made elsewhere, by the replay or the explorer, cost no grammar."""
    code = "import sys, luf_tui.script.program, luf_tui.script.parse; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False" == done.stdout.strip()


@pytest.mark.parametrize("line", ["note " + "x" * 1_000_000, "cpu1 " + "é" * 1500])
def test_a_long_line_is_quoted_in_part(line: str) -> None:
    """Neither the message nor the line under it floods the screen; the carets are in place."""
    with pytest.raises(InputError) as caught:
        parse(f"{RUNNING}{line}\n")

    rows = str(caught.value).split("\n")
    assert WIDEST + 10 > max(len(row) for row in rows)
    assert rows[2].index("^") == rows[1].index(line[0 if line[0] == "n" else 5])


def test_what_stands_far_to_the_right_is_quoted_with_its_surroundings() -> None:
    with pytest.raises(InputError) as caught:
        parse(f'{RUNNING}cpu1 write heap.0 "{"a" * 300}" wrong here\n')

    rows = str(caught.value).split("\n")
    assert "wrong" == rows[2].replace("^" * 5, "wrong").strip()
    assert rows[1][rows[2].index("^") :].startswith("wrong here")
