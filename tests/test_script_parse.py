"""The scenario language: names become numbers, and every problem is told where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui.errors import InputError, Problem
from luf_tui.script.parse import load, parse, parse_condition
from luf_tui.script.program import Expect, Op, Program, Race
from luf_tui.script.values import Pages
from luf_tui.script.verbs.by_cpu import Read, Write

SAMPLE = """\
title    Flush before reuse
about    A stale entry is harmless until its frame gets a new owner.
machine  cpus 3, dram 8, cxl 8, pcp-batch 1
policy   luf

process  app
file     lib, 2 pages
app      mmap lib read-only as text
cpu1     run app
cpu2     run app

cpu1     read text.0
cpu2     read text.0
kswapd   reclaim text.0              # unmapped and freed; the flush is deferred
expect   stale cpu1 text.0
cpu1     read text.0                 # served by the free frame: same bytes
process  thief
cpu0     run thief
cpu0     write thief.heap.0 secret   # takes the frame: the deferred flush fires here
expect   flushed cpu1 cpu2
cpu1     read text.0
expect   no violation
"""
START = "machine cpus 3\nprocess app\nfile lib, 2 pages\napp mmap lib read-only as text\n"
RUNNING = START + "cpu1 run app\n"


def ops(program: Program) -> list[Op]:
    """The operations of a program."""
    return [item for item in program.items if isinstance(item, Op)]


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text."""
    with pytest.raises(InputError) as caught:
        parse(text)
    return caught.value.problems


def only(text: str) -> Problem:
    """The one thing that is wrong with a text."""
    found = problems(text)
    assert 1 == len(found), found
    return found[0]


def test_the_design_sample_parses() -> None:
    """The README's sample is a scenario, and its title and sizes are taken over."""
    program = parse(SAMPLE)

    assert "Flush before reuse" == program.title
    assert (3, 1, 16) == (program.config.cpus, program.config.pcp_batch, program.config.frames)
    assert "luf" == program.policy


def test_pages_become_numbers_of_the_acting_process() -> None:
    """`text.0` is the page that the running process mapped under that name."""
    read = next(op.args for op in ops(parse(SAMPLE)) if isinstance(op.args, Read))

    assert Pages(0, 2) == read.where
    assert "text.0" == parse(SAMPLE).config.page_name(0, 2)


def test_one_task_a_process_and_cpu() -> None:
    """A process on two CPUs has two tasks, told apart by the CPU in their names."""
    names = [task.name for task in parse(SAMPLE).config.tasks]

    assert ["app/1", "app/2", "kswapd", "thief"] == names


def test_contents_are_numbered_by_first_use() -> None:
    """Zero and poison come first, then files' first versions, then labels."""
    contents = parse(SAMPLE).config.contents

    assert ("zero", "poison", "lib.0 v1", "lib.1 v1", "secret") == contents


def test_a_store_without_a_label_gets_one_of_its_own() -> None:
    """Two unlabelled stores put different contents."""
    program = parse(RUNNING + "cpu1 write heap.0\ncpu1 write heap.0\n")
    stores = [op.args.content for op in ops(program) if isinstance(op.args, Write)]

    assert 2 == len(set(stores))


def test_an_operation_can_stop_half_way() -> None:
    """`stop before` names a micro-step, its words joined."""
    program = parse(RUNNING + "kswapd reclaim text.0 stop before flush\n")

    assert "flush" == ops(program)[-1].stop


def test_a_race_has_a_branch_per_actor() -> None:
    """Lines of one actor form its program, in order."""
    text = RUNNING + "cpu2 run app\nrace\ncpu1 read text.0\nkswapd reclaim text.0\n"
    race = parse(text + "cpu1 read text.1\nschedule kswapd*2 app/1\nend\n").items[-1]

    assert isinstance(race, Race)
    assert [2, 1] == [len(branch.ops) for branch in race.branches]
    assert ("kswapd", "kswapd", "app/1") == race.schedule


def test_conditions_carry_numbers() -> None:
    """An expectation's CPU and page are resolved."""
    expect = parse(RUNNING + "expect stale cpu1 text.1\n").items[-1]

    assert isinstance(expect, Expect)
    assert {"cpu": 1, "mm": 0, "vpn": 3} == dict(expect.condition.args)


def test_a_prompt_can_ask_for_a_condition() -> None:
    """Words typed elsewhere mean what they would mean at the end of the file."""
    condition = parse_condition(parse(SAMPLE), "stale cpu1 text.0")

    assert "stale" == condition.predicate


def test_all_problems_of_a_file_are_told_at_once() -> None:
    """Five mistakes are five problems, in the order of the lines."""
    text = (
        "machine cpus 3, drom 8\nprocess app\ncpu1 run ap\ncpu1 raed heap.0\ncpu7 run app\n"
        "expect stale cpu1 hep.0\n"
    )
    found = problems(text)
    places = [(p.span.line, p.span.column) for p in found if p.span]

    assert [(1, 17), (3, 10), (4, 6), (5, 1), (6, 19)] == places
    hints = [p.hint for p in found]
    for word, hint in zip(("dram", "app", "read", "cpu0 to cpu2", "heap"), hints, strict=True):
        assert word in hint


def test_a_problem_shows_its_line_with_a_caret() -> None:
    """path:line:col, the source line, a caret under the word, the nearest known word."""
    with pytest.raises(InputError) as caught:
        parse(RUNNING + "   cpu1 raed text.0\n", "a.luf")

    assert (
        "a.luf:6:9: 'raed' does not fit here\n"
        "     cpu1 raed text.0\n"
        "          ^^^^\n"
        "  did you mean 'read'? The line is `cpu1 read PAGE`, as in `cpu1 read text.0`"
    ) == str(caught.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("cpu1 read text.7", "no page '7'"),
        ("cpu1 read nowhere.0", "no region 'nowhere'"),
        ("cpu0 read text.0", "runs no"),
        ("cpu2 read", "too early"),
        ("kswapd reclaim heap", ""),
        ("kswapd demote text.0", "no node is called 'cxl'"),
        ("kernel free thing", "nothing called 'thing'"),
        ("expect reads nonsense", "nothing ever holds"),
        ("expect frobnicated cpu1", "nothing can be expected"),
        ("end", "belongs into a race"),
        ("race", "no `end`"),
        ("machine dram 4", "before what happens"),
        ("process cpu1", "cannot be called"),
        ("process app", "already"),
        ("file lib, 1 page", "already"),
        ("cpu1 mprotect text sideways", "does not fit"),
        ("policy", "too early"),
        ("@directive", "does not fit"),
        ("cpu1 truncate lib to 9", "only shortens"),
        ("cpu1 mmap lib page 5 read-only as far", "pages 0 to 1"),
        ("monitor register text.0 sideways", "does not fit"),
    ],
)
def test_each_mistake_has_words(line: str, told: str) -> None:
    """What is wrong is said; a correct line is told nothing."""
    if not told:
        parse(RUNNING + line + "\n")
        return

    assert told in only(RUNNING + line + "\n").message


def test_an_ambiguous_page_names_its_choices() -> None:
    """A kernel actor must say whose page it means when two processes have one."""
    problem = only("process a\nprocess b\ncpu1 run a\nkswapd reclaim heap.0\n")

    assert "say a.heap.0 or b.heap.0" == problem.hint


def test_carriage_returns_and_tabs_do_no_harm() -> None:
    """A file from elsewhere means the same."""
    assert parse(SAMPLE).items[-1] == parse(SAMPLE.replace("\n", "\r\n")).items[-1]
    assert parse(RUNNING).config == parse(RUNNING.replace(" ", "\t")).config


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "nothing happens"),
        (b"# only a comment\n", "nothing happens"),
        (b"\x00\x01\x02", "binary"),
        (b"title \xff\xfe\n", "UTF-8"),
        (b"cpu1 " + b"x" * 5000, "too long"),
        (b"machine cpus 99999999999999999999\nprocess a\n", "between 1 and 63"),
        (b"title [luf] tlb[cpu0][/]\n[/] x\n", "does not fit"),
    ],
)
def test_broken_files_get_a_message(tmp_path: Path, data: bytes, told: str) -> None:
    """No file makes the reader fall over."""
    path = tmp_path / "broken.luf"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        load(str(path))

    assert told in str(caught.value)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    """The message says which it is."""
    with pytest.raises(InputError, match="No such file"):
        load(str(tmp_path / "none.luf"))
    with pytest.raises(InputError, match="folder"):
        load(str(tmp_path))


def test_a_switch_of_the_machine_takes_no_value() -> None:
    with pytest.raises(InputError) as told:
        parse("machine cpus 2, kasan 3\nprocess app\n")

    (problem,) = told.value.problems
    assert "'kasan' takes no value" == problem.message


def test_a_machine_with_fewer_cpus_than_were_used_above_it_is_refused() -> None:
    told = problems("kswapd on cpu3\nmachine cpus 3\nprocess app\nkswapd drain\n")

    assert ("there is no cpu3, where kswapd is put above",) == tuple(one.message for one in told)
    assert 3 == parse("kswapd on cpu2\nmachine cpus 3\nprocess app\nkswapd drain\n").config.cpus
