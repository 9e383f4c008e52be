"""`forever` … `end`: what its lines stand for, and what is wrong in it."""

from __future__ import annotations

import pytest

from luf_tui.errors import InputError, Problem
from luf_tui.script.format import format_text
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.script.values import FRESH
from luf_tui.script.verbs.by_cpu import Write
from tests.forever import SEVERAL, several, two_actors


def texts(program: Program) -> dict[str, list[str]]:
    return {
        branch.name: [" ".join(op.text.split()) for op in branch.ops]
        for branch in program.races[0].branches
    }


def problem(*lines: str, opening: str = "forever") -> Problem:
    with pytest.raises(InputError) as raised:
        several(*lines, opening=opening)
    assert 1 == len(raised.value.problems), raised.value.problems
    return raised.value.problems[0]


def test_any_page_is_each_page_that_who_acts_can_name() -> None:
    found = texts(several("cpu1 read any page", "app pwrite any page new"))
    reads = ["cpu1 read heap.0", "cpu1 read text.0", "cpu1 read text.1"]
    assert {"app": [*reads, "app pwrite lib.0 new", "app pwrite lib.1 new"]} == found
    pages = ["app.heap.0", "text.0", "text.1", "other.heap.0", "other.heap.1"]
    assert {"kswapd": [f"kswapd reclaim {page}" for page in pages]} == texts(
        several("kswapd reclaim any page")
    )


def test_any_page_of_a_region_called_like_its_file_is_a_virtual_page() -> None:
    text = SEVERAL.replace("as text", "as lib").format(
        block="forever\nkswapd reclaim any page\nend"
    )
    ops = parse(text).races[0].branches[0].ops
    assert 5 == len(ops)
    assert all(not target.cached for op in ops for target in op.args.pages)  # type: ignore[attr-defined]


def test_two_of_any_page_are_two_different_ones_of_one_address_space() -> None:
    found = texts(several("monitor uffdio-move any page to any page"))["monitor"]
    pairs = [line.split()[2::2] for line in found]
    assert 6 + 2 == len(pairs)
    assert all(one != other for one, other in pairs)


def test_any_cpu_is_each_cpu_that_runs_a_task() -> None:
    found = several("any cpu write any page fresh")
    assert {
        "app": [f"cpu1 write {page} fresh" for page in ("heap.0", "text.0", "text.1")],
        "other": ["cpu2 write heap.0 fresh", "cpu2 write heap.1 fresh"],
    } == texts(found)
    ops = [op for branch in found.races[0].branches for op in branch.ops]
    assert {ops[0].span} == {op.span for op in ops}
    assert ["any cpu write any page fresh"] * 5 == [op.written for op in ops]


def test_fresh_is_a_content_of_its_own_in_a_forever_block_alone() -> None:
    args = several("cpu1 write heap.0 fresh").races[0].branches[0].ops[0].args
    assert isinstance(args, Write)
    assert FRESH == args.content
    for lines, opening in (
        ('cpu1 write heap.0 "fresh"', "forever"),
        ("cpu1 write heap.0 fresh", "race"),
    ):
        program = several(lines, opening=opening)
        args = program.races[0].branches[0].ops[0].args
        assert isinstance(args, Write)
        assert "fresh" == program.config.contents[args.content]
        assert 0 == program.config.fresh


def test_names_of_fresh_contents_are_never_those_of_the_script() -> None:
    config = several("cpu1 write heap.0 fresh-2", "cpu1 write heap.0 fresh").config
    fresh = config.contents[-config.fresh :]
    assert ("fresh-1", "fresh-3") == fresh[:2]
    assert len(set(config.contents)) == len(config.contents)


def test_a_store_that_names_no_content_stores_the_same_every_time() -> None:
    op = several("cpu1 write heap.0").races[0].branches[0].ops[0]
    assert ('cpu1 write heap.0 "heap.0 v2"', "cpu1 write heap.0") == (op.text, op.written)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("cpu1 read nowhere.0", "'app' has no region 'nowhere'", "known:"),
        ("cpu1 deliver", "'deliver' means nothing in a forever block", "leave the line out"),
        ("kswapd reclaim text.0 stop before flush", "nothing has to stop here", "stop before"),
        ("note hm", "this does not belong into a forever block", "operations"),
        ("any cpu alloc slab", "a line that names something stands for one", ""),
        ("app mremap any page as moved", "a line that names something stands for one", "'moved'"),
        ("forever", "a forever block inside a forever block", "`end` the first one"),
        ("race", "a race inside a forever block", "`end` the first one"),
    ],
)
def test_a_problem_says_where_and_what_next(line: str, message: str, hint: str) -> None:
    found = problem("cpu2 read heap.0", line)
    assert (message, 13) == (found.message, found.span and found.span.line)
    assert hint in found.hint


def test_any_belongs_into_a_forever_block() -> None:
    for line in ("cpu1 read any page", "any cpu read heap.0"):
        found = problem("cpu2 read heap.0", line, opening="race")
        assert "belongs into a forever block" in found.message
        assert found.span
        column = found.span.column - 1
        assert line[column : found.span.end - 1].startswith("any ")


@pytest.mark.parametrize("text", ["forever\n", "forever\nend\n"])
def test_a_block_has_an_end_and_lines(text: str) -> None:
    with pytest.raises(InputError) as raised:
        two_actors(forever=text + "forever")
    assert any("forever block" in one.message for one in raised.value.problems)


def test_a_misspelt_block_is_one_problem() -> None:
    found = problem("any cpu read any page", opening="forevr")
    assert "no line begins with 'forevr'" == found.message
    assert "forever" in found.hint


def test_it_is_aligned_like_a_race() -> None:
    text = SEVERAL.format(block="forever\nany   cpu read any  page # all\ncpu1 read heap.0\nend")
    rows = format_text(text).split("\n")
    assert ["  any cpu  read any page             # all", "  cpu1     read heap.0"] == rows[-4:-2]
    assert format_text("\n".join(rows)) == "\n".join(rows)


@pytest.mark.parametrize(
    ("line", "told", "column"),
    [
        ("any cpu read any cpu", "'cpu' does not fit here", 18),
        ("any page read heap.0", "no line begins with 'any page'", 1),
        ("any", "no line begins with 'any'", 1),
    ],
)
def test_what_is_wrong_behind_any_is_told_where_it_stands(
    line: str, told: str, column: int
) -> None:
    found = problem(line)
    assert found.message == told
    assert found.span is not None
    assert found.span.column == column
