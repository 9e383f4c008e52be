"""A search that was left off and gone on with finds what one search finds."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from luf_tui import cli
from luf_tui.policy.registry import make_policy
from luf_tui.runs.explored import explore
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search import exploration
from luf_tui.search import search as searching
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.result import BOUNDED, Limits, Progress
from luf_tui.search.rows import levels, saved, shared_levels
from luf_tui.search.rows.saved import Saved, Unusable
from luf_tui.search.search import Search
from tests.races import FOLDER, race, start, tiny
from tests.test_search_forever import WAITS

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL, GUARD = "flush-before-reuse", "flush-before-reuse"
RACE = str(FOLDER / "flush-before-reuse.luf")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(report: Report) -> tuple[object, ...]:
    """All that may not depend on where a search was left off."""
    figures = (report.states, report.transitions, report.collision, report.happened)
    order = (report.obligation, report.message, report.schedule, report.scenario)
    return report.verdict, report.why, figures, order


def explored(
    program: Program,
    *without: str,
    symmetric: bool = True,
    limits: Limits | None = None,
    left: Path | None = None,
) -> tuple[Report, int, Exploration]:
    asked = Exploration(
        program,
        make_policy("luf", without),
        limits=limits,
        symmetric=symmetric,
        saved=Saved(left) if left else None,
    )
    report = asked.run()
    return report, asked.depth, asked


def kept(of: Exploration, name: str = "left.search") -> Path:
    path = Path(name)
    with path.open("wb") as file:
        of.save(file)
    return path


def in_pieces(program: Program, *without: str, symmetric: bool, cuts: list[int]) -> None:
    """Left off at so many states, each time from a file of the time before."""
    whole, depth, once = explored(program, *without, symmetric=symmetric)
    left = None
    for states in cuts:
        report, _, asked = explored(
            program, *without, symmetric=symmetric, limits=Limits(states), left=left
        )
        if report.verdict != BOUNDED:
            return
        left = kept(asked)
    again, same_depth, twice = explored(program, *without, symmetric=symmetric, left=left)
    assert found(whole) == found(again)
    assert isinstance(once.search, Search) and isinstance(twice.search, Search)
    assert once.search.space.deviations == twice.search.space.deviations
    assert depth == same_depth


CUTS = [[1], [2], [41, 150], [7, 8, 90, 91, 440]]


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("without", [(), (GUARD,)])
def test_states_one_by_one(without: tuple[str, ...], symmetric: bool, cuts: list[int]) -> None:
    in_pieces(race(SMALL), *without, symmetric=symmetric, cuts=cuts)


@pytest.fixture
def levels_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "LARGE", 2)
    monkeypatch.setattr(levels, "BLOCK", 20)
    monkeypatch.setattr(levels, "BATCH", 50)


@pytest.mark.usefixtures("levels_at_once")
@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize(("name", "without"), [(SMALL, ()), ("munmap", ("note-pending",))])
def test_whole_levels(name: str, without: tuple[str, ...], cuts: list[int]) -> None:
    in_pieces(race(name), *without, symmetric=False, cuts=cuts)


@pytest.mark.parametrize("cuts", [[5], [25], [5, 35, 300]])
def test_a_search_that_is_judged_now_and_then_and_goes_on_by_levels(
    monkeypatch: pytest.MonkeyPatch, cuts: list[int]
) -> None:
    monkeypatch.setattr(searching, "JUDGE_AT", 30)
    monkeypatch.setattr(searching, "LARGE", 20)
    monkeypatch.setattr(levels, "BLOCK", 16)
    in_pieces(race(SMALL), symmetric=True, cuts=cuts)


def test_a_search_is_judged_again_where_it_would_have_been(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged: list[int] = []
    monkeypatch.setattr(searching, "JUDGE_AT", 30)
    monkeypatch.setattr(Search, "_worthwhile", lambda of, _: judged.append(of.states))
    explored(race(SMALL))
    whole, judged[:] = [*judged], []
    assert len(whole) > 3
    _, _, first = explored(race(SMALL), limits=Limits(200))
    explored(race(SMALL), left=kept(first))
    assert whole == judged


@pytest.mark.parametrize("cuts", [[3], [25, 300]])
def test_a_search_of_states_under_their_names(
    monkeypatch: pytest.MonkeyPatch, cuts: list[int]
) -> None:
    monkeypatch.setattr(searching, "JUDGE_AT", 2)
    monkeypatch.setattr(searching, "WORTHWHILE", 2)
    monkeypatch.setattr(searching, "LARGE", 8)
    monkeypatch.setattr(levels, "BLOCK", 16)
    in_pieces(race(SMALL), symmetric=True, cuts=cuts)
    in_pieces(race(SMALL), GUARD, symmetric=True, cuts=cuts)


@pytest.mark.parametrize(("states", "jobs"), [(3, 1), (30, 2)])
def test_what_lasts_in_a_forever_block(
    monkeypatch: pytest.MonkeyPatch, states: int, jobs: int
) -> None:
    monkeypatch.setattr(searching, "JUDGE_AT", 2)
    monkeypatch.setattr(searching, "LARGE", 8)
    monkeypatch.setattr(shared_levels, "SHARED", 8)

    def of(left: Path | None, limits: Limits | None = None) -> tuple[Report, Exploration]:
        asked = Exploration(
            parse(WAITS),
            make_policy("batched"),
            limits=limits,
            saved=Saved(left) if left else None,
            resumable=limits is not None,
            jobs=jobs,
        )
        return asked.run(), asked

    whole, _ = of(None)
    assert whole.lasting
    _, first = of(None, Limits(states))
    again, _ = of(kept(first))
    assert found(whole) == found(again)
    assert whole.lasting == again.lasting


@pytest.mark.usefixtures("levels_at_once")
@pytest.mark.parametrize("asked", range(1, 50, 7))
def test_a_search_stopped_between_any_two_blocks(
    monkeypatch: pytest.MonkeyPatch, asked: int
) -> None:
    whole, _, _ = explored(race(SMALL), symmetric=False)
    ended, times = Search._ended, [0]

    def stopped(self: Search) -> str:
        times[0] += 1
        return "enough" if times[0] == asked else ended(self)

    monkeypatch.setattr(Search, "_ended", stopped)
    report, _, first = explored(race(SMALL), symmetric=False)
    assert report.why.endswith("enough")
    again, _, _ = explored(race(SMALL), symmetric=False, left=kept(first))
    assert found(whole) == found(again)


@pytest.mark.usefixtures("levels_at_once")
def test_a_search_past_violations(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(limits: Limits | None, left: Path | None) -> tuple[object, Search]:
        transitions = start(race(SMALL), GUARD).transitions
        asked = Search(
            transitions,
            symmetric=False,
            all_findings=True,
            limits=limits,
            saved=Saved(left) if left else None,
        )
        result = asked.run()
        return (result.broken, result.states, result.transitions, result.happened), asked

    wanted, _ = of(None, None)
    _, first = of(Limits(100), None)
    with Path("left").open("wb") as file:
        first.save(file, {})
    assert wanted == of(None, Path("left"))[0]


def test_the_answers_of_the_engine_are_counted_together() -> None:
    whole, _, _ = explored(race(SMALL))
    cut, _, first = explored(race(SMALL), limits=Limits(100))
    again, _, _ = explored(race(SMALL), left=kept(first))
    assert cut.learnt < again.learnt >= whole.learnt
    assert cut.checked < again.checked


# -- files ----------------------------------------------------------------------------------------


def refused(why: str, program: Program, left: Path, *without: str, symmetric: bool = True) -> None:
    with pytest.raises(Unusable, match=why):
        explored(program, *without, symmetric=symmetric, left=left)


def test_a_file_of_another_search_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, first = explored(race(SMALL), limits=Limits(50))
    left = kept(first)
    refused("left.search: .*its scenario is '.*' .*here it is 'A reader", tiny(), left)
    refused(
        "its --policy is luf .*here it is luf without",
        race(SMALL),
        left,
        "flush-before-reuse",
    )
    refused(
        "--no-symmetry is not said, and here it is said",
        race(SMALL),
        left,
        symmetric=False,
    )
    with monkeypatch.context() as later:
        later.setattr(exploration, "DECIDING", ("machine", "script"))
        refused("its version of luf-tui is .*, and here it is ", race(SMALL), left)
    monkeypatch.setattr(saved, "FORM", saved.FORM + 1)
    refused("its version of luf-tui is another", race(SMALL), left)


MINE = """\
from luf_tui.policy.luf import Luf


class Mine(Luf):
    NAME = "mine"
    API = 2

    def has(self, guard):
        return super().has(guard)
"""


def test_a_policy_whose_file_has_changed_is_another_one(luf_tui: Run) -> None:
    mine = Path("mine.py")
    mine.write_text(MINE, "utf-8")
    words = ("explore", RACE, "--policy", "mine.py:Mine", "--max-states", 20)
    assert 3 == luf_tui(*words, "--save", "left.search").returncode
    assert 3 == luf_tui(*words, "--resume", "left.search").returncode
    mine.write_text(MINE.replace("(guard)\n", "(guard) and True\n"), "utf-8")
    done = luf_tui(*words, "--resume", "left.search")
    assert (2, True) == (done.returncode, "its --policy is mine (" in done.stderr)


@pytest.mark.parametrize("levelled", [True, False])
def test_a_damaged_file_is_told_wherever_it_is_damaged(
    monkeypatch: pytest.MonkeyPatch, levelled: bool
) -> None:
    if levelled:
        monkeypatch.setattr(searching, "LARGE", 20)
    _, _, first = explored(race(SMALL), limits=Limits(150), symmetric=False)
    whole = kept(first).read_bytes()
    assert whole.startswith(b"PK")
    left = Path("damaged")
    for at in range(60, len(whole), len(whole) // 23):
        left.write_bytes(whole[:at])
        refused("damaged: not a search", race(SMALL), left, symmetric=False)
    harmless = 0
    for at in range(0, len(whole), len(whole) // 97):
        left.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        why = ""
        try:
            explored(race(SMALL), left=left, symmetric=False)
        except Unusable as error:
            why = str(error)
        assert not why or "damaged" in why
        harmless += not why  # a date, say, of the archive's own
    assert harmless < 30


@pytest.mark.parametrize("content", [b"", b"Dear diary", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
def test_a_file_of_another_kind_is_told(content: bytes) -> None:
    Path("x").write_bytes(content)
    with pytest.raises(Unusable, match="x: not a search that --save wrote, or damaged"):
        Saved(Path("x"))
    with pytest.raises(Unusable, match=r"no\.search: No such file"):
        Saved(Path("no.search"))


def test_an_array_of_another_program_is_told() -> None:
    np.savez("x.npz", figures=np.zeros(3))
    with pytest.raises(Unusable, match="not a search"):
        Saved(Path("x.npz"))


# -- the command ----------------------------------------------------------------------------------


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = cli.main([*map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_command_saves_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("explore", RACE, "--json")
    code, _, err = told(capsys, *words, "--max-states", 60, "--save", "x.search")
    assert (3, True) == (code, "--resume x.search" in err)
    code, _, _ = told(
        capsys, *words, "--max-states", 90, "--resume", "x.search", "--save", "x.search"
    )
    assert 3 == code
    code, out, err = told(capsys, *words, "--resume", "x.search", "--save", "y.search")
    assert (0, True, False) == (code, "nothing to go on with" in err, Path("y.search").exists())
    again, whole = json.loads(out), json.loads(told(capsys, *words)[1])
    for one in (again, whole):
        del one["seconds"], one["learnt"], one["checked"]
    assert whole == again


def test_only_an_own_file_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.search").write_text("Dear diary", "utf-8")
    words = ("explore", RACE, "--max-states", 60, "--save", "x.search")
    code, out, err = told(capsys, *words)
    assert (2, "") == (code, out)
    assert "--force" in err
    assert b"Dear diary" == Path("x.search").read_bytes()
    assert 3 == told(capsys, *words, "--force")[0]
    assert 3 == told(capsys, *words)[0]
    assert ["x.search"] == [path.name for path in Path().iterdir()]
    assert 2 == told(capsys, "explore", RACE, "--save", RACE)[0]


def test_a_full_disk_takes_nothing_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("explore", RACE, "--save", "x.search")
    assert 3 == told(capsys, *words, "--max-states", 60)[0]
    before = Path("x.search").read_bytes()

    def full(file: object, **_: object) -> None:
        file.write(b"PK")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    code, out, err = told(capsys, *words, "--max-states", 90)
    assert (2, True) == (code, "stopped at 90 states" in out)
    assert "x.search: No space left on device; say a place with room" in err
    assert before == Path("x.search").read_bytes()
    assert ["x.search"] == [path.name for path in Path().iterdir()]


def test_one_race_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(RACE).read_text("utf-8")
    block = text[text.index("\nrace\n") : text.index("\nend\n") + 5]
    Path("two.luf").write_text(text.replace(block, block + block), "utf-8")
    words = ("explore", "two.luf", "--max-states", 20, "--save", "x")
    code, _, err = told(capsys, *words)
    assert (2, True) == (code, "say which one with --race" in err)
    assert 3 == told(capsys, *words, "--race", 1)[0]
    code, _, err = told(capsys, "explore", "two.luf", "--race", 2, "--resume", "x")
    assert (2, True) == (code, "its --race is 1, and here it is 2" in err)


@pytest.mark.parametrize("levelled", [True, False])
def test_ctrl_c_ends_where_one_can_go_on(monkeypatch: pytest.MonkeyPatch, levelled: bool) -> None:
    monkeypatch.setattr(searching, "TELL_EVERY", 10)
    if levelled:
        monkeypatch.setattr(searching, "LARGE", 20)
        monkeypatch.setattr(levels, "BLOCK", 16)
    whole = explore(RACE, symmetry=False)
    usual = signal.getsignal(signal.SIGINT)

    def typed(at: Progress) -> None:
        if at.states > 60 and signal.getsignal(signal.SIGINT) is not usual:
            signal.raise_signal(signal.SIGINT)

    cut = explore(RACE, symmetry=False, resumable=True, tell=typed)
    assert (BOUNDED, True, True) == (cut.verdict, cut.report.interrupted, cut.unfinished)
    assert 60 < cut.states < whole.states
    assert usual is signal.getsignal(signal.SIGINT)
    with Path("x").open("wb") as file:
        cut.save(file)
    again = explore(RACE, symmetry=False, resume="x")
    assert found(whole.report) == found(again.report)


def test_ctrl_c_that_is_ignored_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell has it for what runs in the background."""
    monkeypatch.setattr(searching, "TELL_EVERY", 10)
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        whole = explore(RACE, resumable=True, tell=lambda _: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, usual)
    assert "safe" == whole.verdict


def test_ctrl_c_twice_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "TELL_EVERY", 10)

    def typed(_: Progress) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    cut = explore(RACE, resumable=True, tell=typed)
    assert (BOUNDED, True) == (cut.verdict, cut.report.interrupted)


def test_what_is_ready_cannot_be_saved() -> None:
    for resumable in (True, False):
        with pytest.raises(Exception, match="safe, so there is nothing to go on with"):
            explore(RACE, resumable=resumable).save(io.BytesIO())


# -- memory ---------------------------------------------------------------------------------------


def bytes_of(search: Search) -> int:
    assert search._levels is not None
    runs = [run for _, run in search._levels.seen.runs()]
    ways = search.space.ways.arrays
    held = sum(run.first.nbytes + run.second.nbytes for run in runs)
    assert all(run.first.base is None and run.second.base is None for run in runs)
    return held + sum(map(sys.getsizeof, ways)) - 2 * sys.getsizeof(array("H"))


def test_a_stored_state_takes_24_bytes_at_most_way_back_included() -> None:
    """Beside the level at hand, and what is being put together of the next one."""
    _, _, asked = explored(race("four-cpus"), limits=Limits(60_000))
    assert isinstance(asked.search, Search)
    assert 22 * asked.states <= bytes_of(asked.search) <= 24 * asked.states
    assert not asked.search._one_by_one.seen
