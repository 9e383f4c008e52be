"""Questions put to a run: what changed, since when, why, and where else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from luf_tui.engine.director import StepInfo
from luf_tui.machine import events as ev
from luf_tui.machine.event_log import Event
from luf_tui.machine.machine import Machine
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import FREE_PCP, NONE, PRESENT
from luf_tui.oracle.oracle import Finding
from luf_tui.timeline.ask import diff, history
from luf_tui.timeline.ask.why import why, why_finding, why_step
from luf_tui.timeline.navigate import event_search
from luf_tui.timeline.tell.narrate import narrate, sentence
from luf_tui.timeline.tell.words import cpus
from luf_tui.timeline.timeline import Timeline
from tests.timeline_runs import CONFIG, made_up, program, record, states

STEPS = 120
RUN = made_up(STEPS, seed=3)
VALUES = [memoryview(state).cast("I") for state in states(STEPS, seed=3)]


@given(st.integers(0, STEPS), st.integers(0, STEPS))
def test_the_diff_of_two_positions_is_the_difference_of_their_states(a: int, b: int) -> None:
    low, high = sorted((a, b))
    pairs = enumerate(zip(VALUES[low], VALUES[high], strict=True))
    expected = [(cell, old, new) for cell, (old, new) in pairs if old != new]
    found = diff.named(RUN.machine, RUN.net_changes(low, high))
    assert expected == [(c.cell, c.old, c.new) for c in found]


def test_a_change_names_region_record_and_field() -> None:
    for step in range(1, STEPS + 1):
        for change in diff.step_changes(RUN, step):
            first, end = history.cells_of(RUN, change.ref)
            assert (first, first + 1) == (change.cell, end)


def test_the_history_of_a_field_leads_from_power_on_to_the_end() -> None:
    for ref in (Ref("frame", 2, "content"), Ref("pte", 1, "frame"), Ref("tlb", 3, "mm")):
        value = 0
        for write in history.history(RUN, ref):
            assert value == write.old
            value = write.new
        RUN.seek(STEPS)
        assert RUN.machine.regions[ref.region][ref.index].as_dict()[ref.field] == value


@given(st.integers(0, STEPS))
def test_the_last_write_is_the_last_step_that_changed_the_record(position: int) -> None:
    ref = Ref("pte", 2)
    steps = [w.step for w in history.history(RUN, ref) if w.step <= position]
    assert max(steps, default=0) == history.last_write(RUN, ref, position)


# -- search -------------------------------------------------------------------------------------


def test_search_finds_the_same_events_both_ways() -> None:
    wanted = event_search.query(RUN, "defer")
    forward, at = [], -1
    while (at := event_search.find_next(RUN, wanted, at)) >= 0:
        forward.append(at)
    backward, at = [], len(RUN.events)
    while (at := event_search.find_previous(RUN, wanted, at)) >= 0:
        backward.append(at)
    assert forward
    assert forward == backward[::-1] == list(event_search.find_all(RUN, wanted))


def test_a_query_is_made_of_kind_cpu_frame_task_page_and_text() -> None:
    wanted = event_search.Query("go on", (ev.DEFER,), 2, 3, 1, 0, 1)
    assert wanted == event_search.query(RUN, "defer cpu2 f3 kswapd text.1 go on")


def test_a_cpu_is_found_in_masks_too() -> None:
    found = event_search.find_all(RUN, event_search.query(RUN, "send cpu3"))
    sends = [RUN.events[n] for n in range(len(RUN.events)) if RUN.events.kind_of(n) == ev.SEND]
    assert [e.index for e in sends if e.cpu == 3 or e.args["mask"] & 8] == list(found)


def test_a_task_is_found_by_who_moved() -> None:
    for event in event_search.find_all(RUN, event_search.query(RUN, "kswapd")):
        ctx = RUN.step_info(RUN.step_of_event(event)).ctx
        assert RUN.machine.task_ctx(RUN.machine.task[1]).index == ctx


# -- a small story: read, reclaim without flush, another owner, a read through the old entry ------


def story() -> Timeline:
    machine = Machine(CONFIG)
    emit, frame, pte = machine.events.emit, machine.frame[3], machine.pte_at(machine.mm[0], 0)
    entry = machine.tlb_of(1)[0]

    def moves():  # type: ignore[no-untyped-def]
        machine.events.step = 1
        pte.kind, pte.frame, frame.content = PRESENT, frame, 2
        emit(ev.MAP, 1, 0, 0, 3, 0)
        yield StepInfo(0, 4, 1, 0)
        machine.events.step = 2
        entry.mm, entry.frame = machine.mm[0], frame
        emit(ev.FILL, 1, 0, 0, 3, 0)
        emit(ev.READ, 1, 0, 0, 3, 2)
        yield StepInfo(1, 4, 1, 0)
        machine.events.step = 3
        pte.kind, pte.frame = NONE, None
        emit(ev.UNMAP, 0, 0, 0, 3, 0)
        yield StepInfo(2, 5, 2, 0)
        machine.events.step = 4
        frame.state, frame.mark = FREE_PCP, 7
        emit(ev.DEFER, 0, 3, 7, 0b110)
        yield StepInfo(2, 5, 2, 1)
        machine.events.step = 5
        frame.mark = 0
        emit(ev.PAY, 0, 3, 0b110, ev.REASON["taken off the free lists"])
        yield StepInfo(3, 4, 3, 0)
        machine.events.step = 6
        frame.content = 4
        emit(ev.STORE, 0, 0, 2, 3, 4)
        yield StepInfo(3, 4, 3, 1)
        machine.events.step = 7
        emit(ev.READ, 1, 0, 0, 3, 4)
        yield StepInfo(4, 4, 1, 0)

    def find(first: int, item: int) -> list[Finding]:
        if machine.events.step < 7:
            return []
        said = "cpu1 reads secret where text.0 has lib.0 v1"
        return [
            Finding("violation", "A", "O2", 7, 4, 1, 0, 0, 3, "secret", "lib.0 v1", said, 3, first)
        ]

    return record(moves(), machine, program(5), find)


STORY = story()


def test_a_stale_entry_leads_to_the_cleared_pte_its_operation_and_the_debt() -> None:
    links = why(STORY, Ref("tlb", 8), 4)
    told = [(link.step, link.event) for link in links]
    unmap, defer, pay = (
        event_search.find_all(STORY, event_search.Query(kinds=(kind,)))[0]
        for kind in (ev.UNMAP, ev.DEFER, ev.PAY)
    )
    assert "stale" in links[0].text
    assert [(3, unmap), (3, -1), (4, defer), (5, pay)] == [
        t for t in told if t in ((3, unmap), (3, -1), (4, defer), (5, pay))
    ]


def test_an_entry_that_agrees_is_not_called_stale() -> None:
    links = why(STORY, Ref("tlb", 8), 2)
    assert "the page table agrees" in links[0].text


def test_a_frame_in_debt_tells_what_will_pay_it() -> None:
    texts = [link.text for link in why(STORY, Ref("frame", 3), 4)]
    assert any(text.startswith("later: ") and "fires" in text for text in texts)


def test_a_pte_tells_who_still_holds_the_old_translation() -> None:
    texts = [link.text for link in why(STORY, Ref("pte", 0), 3)]
    assert "cpu1 still has the old translation to f3" in texts


def test_a_thing_nobody_wrote_is_as_at_power_on() -> None:
    assert ["cpu[2] is as it was at power-on"] == [
        link.text for link in why(STORY, Ref("cpu", 2), 7)
    ]


def test_a_field_says_since_when() -> None:
    assert "frame[3].mark is 7, since step 4" == why(STORY, Ref("frame", 3, "mark"), 4)[0].text


def test_nothing_led_to_the_start() -> None:
    assert ((), "the power-on state") == why_step(STORY, 0)


def test_asking_why_leaves_the_cursor_alone() -> None:
    STORY.seek(1)
    why(STORY, Ref("tlb", 8), 4)
    assert 1 == STORY.position


def test_a_finding_leads_back_through_everything_that_made_it_possible() -> None:
    links = why_finding(STORY, 0)
    kinds = [STORY.events[link.event].name for link in links if link.event >= 0]
    assert ["violation", "read", "store", "pay", "defer", "unmap", "fill"] == [
        kind for kind in kinds if kind != "map"
    ]


# -- narration ----------------------------------------------------------------------------------


def test_masks_read_as_cpus() -> None:
    assert ("cpu1 cpu2", "no cpu") == (cpus(0b110), cpus(0))


def test_every_event_has_a_sentence_at_both_levels() -> None:
    for run in (RUN, STORY):
        for event in run.events:
            for level in ("student", "kernel"):
                said = sentence(run, event, level)
                assert said
                assert "{" not in said


def test_every_kind_can_be_told() -> None:
    for kind in ev.KINDS:
        event = Event(0, 0, kind, 1, dict.fromkeys(kind.args, 0))
        for level in ("student", "kernel"):
            assert sentence(STORY, event, level)


def test_the_kernel_level_names_the_function() -> None:
    defer = STORY.events[event_search.find_all(STORY, event_search.Query(kinds=(ev.DEFER,)))[0]]
    assert "fold_unmap_luf()" in sentence(STORY, defer, "kernel")
    assert "f3" in sentence(STORY, defer, "student")


def test_a_step_is_told_by_its_most_telling_event() -> None:
    assert "cpu1 cpu2" in narrate(STORY, 4)
    assert (
        narrate(STORY, 7) == "An obligation is broken: cpu1 reads secret where text.0 has lib.0 v1."
    )
