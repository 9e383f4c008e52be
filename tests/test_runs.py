"""The front door: words to runs, what a run says of itself, and what other programs may ask."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import luf_tui
from luf_tui import library
from luf_tui.errors import InputError, LufError
from luf_tui.policy.own import OWN
from luf_tui.policy.registry import POLICIES
from luf_tui.runs.opening import place
from luf_tui.runs.run import Run
from luf_tui.timeline.navigate.spots import Spot, spot
from luf_tui.timeline.tell.narrate import narrate
from tests.conftest import forgotten

ROOT = Path(__file__).resolve().parent.parent
TOUR = ROOT / "scenarios" / "tour" / "flush-before-reuse.luf"
RECORDING = ROOT / "scenarios" / "traces" / "llm-excerpt.trace.xz"
RECLAIM, STORE = 18, 25
"""Lines of the tour: the page is reclaimed; the thief takes its frame."""


@pytest.fixture(scope="module")
def tour() -> Run:
    return luf_tui.open("tour/flush-before-reuse")


@pytest.fixture(scope="module")
def broken() -> Run:
    return luf_tui.open("tour/flush-before-reuse", without="flush-before-reuse")


# -- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "path"),
    [
        (str(TOUR), TOUR),
        ("tour/flush-before-reuse", TOUR),
        ("a-deferred-flush", TOUR.with_name("a-deferred-flush.luf")),
        ("llm-excerpt", RECORDING),
        ("traces/llm-excerpt", RECORDING),
        ("tour", TOUR.parent),
        ("tour/", TOUR.parent),
    ],
)
def test_a_word_is_a_path_or_the_name_of_what_is_shipped(word: str, path: Path) -> None:
    assert path == library.locate(word)


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.luf").write_text("process app\n", encoding="utf-8")

    assert tmp_path / "mine.luf" == library.locate("~/mine.luf")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("34", Spot(34)),
        ("start", Spot(0)),
        ("end", Spot(end=True)),
        ("L25", Spot(line=25)),
        ("l25+4", Spot(4, 25)),
    ],
)
def test_a_place_is_a_step_a_line_or_the_end(said: str, meant: Spot) -> None:
    assert meant == spot(said)
    assert (TOUR, meant) == (place(f"{TOUR}@{said}").path, place(f"{TOUR}@{said}").spot)


@pytest.mark.parametrize("said", ["", "soon", "L", "L0", "L3+", "-3", "3..9", "٣x"])
def test_what_is_no_place_is_told(said: str) -> None:
    with pytest.raises(LufError, match="is no step or line"):
        place(f"tour/flush-before-reuse@{said}")


def test_a_file_with_an_at_in_its_name_is_found_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text("", encoding="utf-8")
    Path("a@3").write_text("", encoding="utf-8")

    assert (Path("a@3"), None) == (place("a@3").path, place("a@3").spot)
    assert (Path("a@3"), Spot(4)) == (place("a@3@4").path, place("a@3@4").spot)


def test_a_line_is_where_the_run_reaches_it_and_its_steps_are_counted_from_one(tour: Run) -> None:
    first = tour.seek(f"L{STORE}").step
    own = [step for step in range(tour.steps + 1) if tour.timeline.line_at(step) == STORE]

    assert own[0] == first
    assert own == [tour.seek(f"L{STORE}+{n}").step for n in range(1, len(own) + 1)]
    with pytest.raises(LufError, match=f"takes {len(own)} micro-steps"):
        tour.seek(f"L{STORE}+{len(own) + 1}")


def test_a_line_inside_a_race_is_where_its_own_task_reaches_it() -> None:
    run = luf_tui.open("races/flush-before-reuse")
    lines = sorted({run.timeline.line_at(step) for step in range(1, run.steps + 1)})
    inside = [line for line in lines if line > run.timeline.program.races[0].span.line]

    assert inside
    for line in inside:
        assert line == run.seek(f"L{line}+1").line


def test_a_place_past_the_end_leaves_the_cursor_where_it_is(tour: Run) -> None:
    tour.seek(7)
    for said, told in (
        (tour.steps + 1, f"this run has {tour.steps} micro-steps"),
        (-1, "before the start"),
        ("L31", "this scenario has 30 lines"),
        ("L3", "something does in line 8"),
        ("L19+1", "takes no micro-steps"),
    ):
        with pytest.raises(LufError, match=told):
            tour.seek(said)
        assert 7 == tour.step


def test_a_line_that_the_run_never_reaches_is_told(tmp_path: Path) -> None:
    path = tmp_path / "refused.luf"
    text = (
        "process app\ncpu1 run app\napp munmap heap\napp mremap heap as moved\ncpu1 read heap.0\n"
    )
    path.write_text(text, encoding="utf-8")
    run = luf_tui.open(str(path))

    assert run.timeline.refusals
    with pytest.raises(LufError, match="line 5 is not reached in this run"):
        run.seek("L5")


# -- opening --------------------------------------------------------------------------------------


def test_a_run_opens_at_the_start_or_at_the_place_that_is_named(tour: Run) -> None:
    assert 0 == luf_tui.open(str(TOUR)).step
    assert 40 == luf_tui.open("tour/flush-before-reuse@40").step
    assert tour.steps == luf_tui.open("tour/flush-before-reuse@end").step


def test_a_policy_and_guards_may_be_named_instead_of_the_scenarios_own(broken: Run) -> None:
    eager = luf_tui.open(str(TOUR), "eager")
    with forgotten(POLICIES), forgotten(OWN):
        own = f"{ROOT / 'scenarios' / 'policies' / 'latr.py'}:Latr"
        latr = luf_tui.open(str(TOUR), own)

    assert "eager" == eager.policy
    assert "latr" == latr.policy
    assert "luf without flush-before-reuse" == broken.policy
    assert broken.policy == luf_tui.open(str(TOUR), without=["flush-before-reuse"]).policy
    with pytest.raises(LufError, match="no guard is called 'nosuch'"):
        luf_tui.open(str(TOUR), without="nosuch")


def test_a_recording_opens_as_a_run() -> None:
    run = luf_tui.open("llm-excerpt@L2+2")

    assert "llm-excerpt.trace.xz" == run.title
    assert ("luf", 2) == (run.policy, run.line)
    assert "eager" == luf_tui.open("llm-excerpt", "eager").policy


def test_every_problem_of_a_file_comes_with_the_error(tmp_path: Path) -> None:
    path = tmp_path / "bad.luf"
    path.write_text("proces app\ncpu9 raed heap.0\n", encoding="utf-8")
    for ask in (lambda: luf_tui.open(str(path)), lambda: luf_tui.parse(path.read_text())):
        with pytest.raises(luf_tui.InputError) as caught:
            ask()
        assert [1, 2] == [problem.span.line for problem in caught.value.problems]


def test_a_text_is_parsed_to_its_program() -> None:
    program = luf_tui.parse("title Small\nprocess app\ncpu1 run app\n")

    assert "Small" == program.title


# -- what a run says ------------------------------------------------------------------------------


def test_a_run_says_where_it_stands(tour: Run) -> None:
    tour.seek(40)

    assert (40, STORE) == (tour.step, tour.line)
    assert narrate(tour.timeline, 40) == tour.narration
    assert "<Run of Flush before reuse, luf, step 40 of 71>" == repr(tour)


def test_the_events_of_a_run_are_a_sequence(tour: Run) -> None:
    events = tour.events

    assert len(tour.timeline.events) == len(events)
    assert tour.timeline.events[3] == events[3] == events[3 - len(events)] == events[2:4][1]
    assert list(events) == [tour.timeline.events[n] for n in range(len(events))]
    with pytest.raises(IndexError):
        events[len(events)]


def test_findings_say_where_and_what(tour: Run, broken: Run) -> None:
    assert () == tour.findings
    told = broken.findings[-1]

    assert ("violation", "secret") == (told.weight, told.read)
    assert [broken.timeline.step_of_event(event) for event in broken.timeline.finding_events] == [
        one.step for one in broken.findings
    ]


def test_expectations_say_how_they_came_out(tour: Run, broken: Run) -> None:
    assert [True] * 7 == [one.held for one in tour.expectations]
    failed = [one for one in broken.expectations if not one.held]

    assert (26, "expect   flushed cpu1 cpu2") == (failed[0].line, failed[0].text)
    assert failed[0].detail
    assert STORE == broken.seek(failed[0].step).line


def test_the_summary_is_the_object_that_run_prints(tour: Run) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "luf_tui", "run", str(TOUR), "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    printed = json.loads(done.stdout)

    assert tour.version == printed["version"] == 1
    assert {**printed, "scenario": tour.timeline.program.path} == tour.summary()
    assert list(printed) == list(tour.summary())


# -- why ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("text.0", "text.0 no longer leads to f0"),
        ("app.text.0", "text.0 no longer leads to f0"),
        ("cpu1 text.0", "cpu1 has text.0 → f0 cached, read-only; it is stale"),
        ("f0", "f0 is free"),
        ("lib.0", "f0 is free"),
        ("key 1", "key 1: cpu1 cpu2 owe a flush for f0"),
        ("zone dram", "no free page owes anything under the open generation of dram now"),
        ("cpu1", "cpu1"),
    ],
)
def test_why_takes_the_words_a_person_uses(tour: Run, subject: str, told: str) -> None:
    chain = tour.seek(f"L{STORE}").why(subject)

    assert told in chain[0].text
    assert "\n".join(f"step {link.step}: {link.text}" for link in chain if link.step >= 0) in str(
        chain
    )


def test_why_leads_back_to_the_line_that_did_it(tour: Run) -> None:
    said = [link.text for link in tour.seek(f"L{STORE}").why("cpu1 text.0")]

    assert any(text.startswith(f"line {RECLAIM}: ") for text in said)


def test_why_is_asked_of_a_finding_by_its_number(tour: Run, broken: Run) -> None:
    assert broken.findings[0].message == broken.why("finding 1")[0].text
    with pytest.raises(LufError, match="its findings are 1 to"):
        broken.why("finding 99")
    with pytest.raises(LufError, match="the oracle found nothing"):
        tour.why("finding 1")


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("f99", "the last one is number 16"),
        ("cpu9", "the last one is number 2"),
        ("cpu1 text.1", "cpu1 caches nothing of text.1 at step 40"),
        ("txt.0", "one may ask for"),
        ("zone nvme", "known: dram, cxl"),
        ("", "nothing is asked about"),
    ],
)
def test_what_cannot_be_asked_about_is_told(tour: Run, subject: str, told: str) -> None:
    with pytest.raises(LufError, match=re.escape(told)):
        tour.seek(40).why(subject)


def test_a_ledger_is_asked_only_of_a_policy_that_keeps_one() -> None:
    with pytest.raises(LufError, match="policy eager has no such ledger"):
        luf_tui.open(str(TOUR), "eager").why("key 1")


def test_a_recording_knows_frames_and_cpus_but_no_names() -> None:
    run = luf_tui.open("llm-excerpt@end")

    assert "f76 is" in run.why("f76")[0].text
    with pytest.raises(LufError, match="a recording has no names"):
        run.why("text.0")


# -- pictures -------------------------------------------------------------------------------------


def test_the_screen_is_plain_text_of_the_size_asked_for(tour: Run) -> None:
    rows = tour.seek(40).screen(100, 30).split("\n")

    assert 30 == len(rows)
    assert "step 40/71" in rows[0]
    assert 100 >= max(map(len, rows))


def test_a_notebook_shows_the_present_step_and_fetches_nothing(tour: Run) -> None:
    shown = tour.seek(40)._repr_html_()

    assert tour.svg() in shown
    assert "<b>Flush before reuse</b> · luf · step 40 of 71" in shown
    assert tour.narration in shown
    assert ["http://www.w3.org/2000/svg"] == re.findall(r"https?:[^\"'<> ]+", shown)
    assert [] == re.findall(r"<script|<link|<img|<image|@import|url\(|href=|src=", shown)


def test_what_a_file_says_is_text_in_a_notebook(tmp_path: Path) -> None:
    path = tmp_path / "evil.luf"
    path.write_text("title <script>alert(1)</script>\nprocess app\n", encoding="utf-8")

    assert "<script" not in luf_tui.open(str(path))._repr_html_()


# -- explore and replay ---------------------------------------------------------------------------


def test_a_race_that_breaks_gives_a_counterexample_that_opens_where_it_fails() -> None:
    found = luf_tui.explore("races/flush-before-reuse", without="flush-before-reuse")
    run = found.open()

    assert "unsafe" == found.verdict
    assert found.obligation in [one.obligation for one in run.findings]
    assert run.step in [one.step for one in run.findings]
    assert found.counterexample == found.summary()["counterexample"]
    assert list(found.schedule) == found.summary()["schedule"]
    assert ("version", found.states) == (next(iter(found.summary())), found.summary()["states"])


def test_a_race_that_holds_has_no_counterexample() -> None:
    found = luf_tui.explore("races/flush-before-reuse", race=1, shrink=False)

    assert "safe" == found.verdict
    with pytest.raises(LufError, match="there is no counterexample"):
        found.open()
    with pytest.raises(LufError, match="no race 2"):
        luf_tui.explore("races/flush-before-reuse", race=2)


def test_a_search_is_bounded_by_what_is_asked() -> None:
    assert "bounded" == luf_tui.explore("races/flush-before-reuse", max_states=10).verdict


def test_a_replay_is_the_report_and_its_object() -> None:
    found = luf_tui.replay("llm-excerpt", ["eager", "luf"])

    assert ["eager", "luf"] == [one.policy for one in found.outcomes]
    assert ["eager", "luf"] == list(found.summary()["policies"])
    assert ("version", 1) == next(iter(found.summary().items()))
    assert "140 pages unmapped" in str(found)
    with pytest.raises(LufError, match="no policy is called 'eagr'"):
        luf_tui.replay("llm-excerpt", "eagr")
    with pytest.raises(InputError):
        luf_tui.replay(str(ROOT / "LICENSE"))


# -- the face -------------------------------------------------------------------------------------


def test_every_name_of_the_face_is_there_when_asked_for() -> None:
    assert {*luf_tui.__all__, "__version__"} == set(dir(luf_tui))
    for name in luf_tui.__all__:
        assert getattr(luf_tui, name).__doc__, name
    with pytest.raises(AttributeError, match="'nonsense'"):
        _ = luf_tui.nonsense


def test_every_attribute_of_a_run_is_documented() -> None:
    public = [name for name in vars(Run) if not name.startswith("_") and name != "version"]

    assert {"seek", "step", "events", "findings", "why", "expectations", "screen", "svg"} <= set(
        public
    )
    assert [] == [name for name in public if not getattr(Run, name).__doc__]


def test_a_path_opens_as_its_word_does() -> None:
    assert luf_tui.open(str(TOUR)).summary() == luf_tui.open(TOUR).summary()
    assert "safe" == luf_tui.explore(ROOT / "scenarios/races/flush-before-reuse.luf").verdict
    assert "<Replayed" in repr(luf_tui.replay(RECORDING, "eager"))


class Whole:
    """A whole number that is no int, as those of numerical libraries are."""

    def __index__(self) -> int:
        return 12


def test_a_step_may_be_any_whole_number(tour: Run) -> None:
    assert 12 == tour.seek(Whole()).step
    assert type(tour.seek(True).step) is int


def test_a_name_too_long_for_a_file_is_told() -> None:
    with pytest.raises(LufError, match="too long"):
        luf_tui.open("x" * 5000)


def test_a_line_of_a_recording_that_takes_no_micro_step_is_told() -> None:
    run = luf_tui.open(str(RECORDING))

    with pytest.raises(LufError, match="line 12 takes no micro-step"):
        run.seek("L12")
    with pytest.raises(LufError, match="past the end"):
        run.seek("L99999")


def test_bookmarks_beside_a_recording_are_no_recording(tmp_path: Path) -> None:
    (tmp_path / "one.trace.xz").touch()
    (tmp_path / ".one.trace.xz.marks.json").touch()

    assert ["one.trace.xz"] == [one.title for one in library.recordings(tmp_path)]


def test_what_a_recording_shows_is_said_beside_it(tmp_path: Path) -> None:
    (tmp_path / "one.trace.xz").touch()
    (tmp_path / "one.about").write_text("title  A storm\nabout  Of\nabout  flushes.\n", "utf-8")

    (one,) = library.recordings(tmp_path)
    assert ("A storm", True) == (one.title, one.about.startswith("Of flushes. A recording of a"))


def test_the_shipped_recording_shows_debts_put_off_paid_and_saved() -> None:
    (one,) = library.recordings()
    run = luf_tui.open(one.name)
    counters = run.timeline.counters(run.steps)

    assert one.title != one.path.name
    assert min(counters.deferred, counters.paid, counters.saved) > 0
    assert run.timeline.owed(run.steps) > 0
    told = luf_tui.replay(one.name, "luf").summary()["policies"]["luf"]
    figures = (told["deferred"], told["paid_at_takeoff"], told["pending_at_end"])
    assert (140, 9, 31) == figures
    assert "the flushes of 140 pages, and nine allocations pay" in one.about
    assert "31 still owe at the end" in one.about


def test_a_scenario_comes_through_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, TOUR.read_bytes())
    os.close(writing)
    run = luf_tui.open(f"/dev/fd/{reading}")
    os.close(reading)

    assert luf_tui.open(str(TOUR)).steps == run.steps
