"""Guards that a run asks for: those that are not make no difference to it, and are told apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest

import luf_tui
from luf_tui import cli, library
from luf_tui.policy.guards import GUARDS
from luf_tui.runs import opening
from luf_tui.timeline import recorder
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.app import LufApp
from luf_tui.ui.background.guard_trials import GuardTrials, Trial
from luf_tui.ui.panels.guard_switches import GuardsPanel
from luf_tui.ui.session import Session
from tests.ui_driver import driven, shown_run, text

TOUR = "tour/flush-before-reuse"


@pytest.fixture(scope="module")
def tour() -> Timeline:
    return luf_tui.open(TOUR).timeline


@pytest.mark.parametrize("name", [TOUR, "races/munmap", "hazards/write-fault"])
def test_a_guard_that_is_not_asked_for_makes_no_difference(name: str) -> None:
    run = luf_tui.open(name).timeline
    program = run.program

    assert 0 < len(run.asked) < len(GUARDS)
    for guard in sorted(set(GUARDS) - set(run.asked)):
        policy = opening.policy_of(program, None, guard)
        assert run.digest() == opening.play(program, policy).digest(), guard


def test_noting_what_is_asked_changes_nothing(
    tour: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "noted", lambda policy, now: nullcontext({}))
    plain = luf_tui.open(TOUR).timeline

    assert {} == plain.asked
    assert plain.digest() == tour.digest()


def test_a_guard_is_asked_for_first_where_it_matters(tour: Timeline) -> None:
    step = tour.asked["flush-before-reuse"]

    assert 25 == tour.line_at(step)
    assert "has" not in vars(tour.policy)


def test_the_json_of_a_run_has_the_guards_asked_for(
    tour: Timeline, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["run", TOUR, "--json"])

    assert dict(tour.asked) == json.loads(capsys.readouterr().out)["asked"]


def test_a_matrix_names_the_guards_that_nothing_asks_for_together(
    tour: Timeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == cli.main(["matrix", TOUR])
    table, _, rest = capsys.readouterr().out.partition("\n\n")
    rows = [row.split()[0] for row in table.splitlines()[1:]]
    told = " ".join(rest.partition("\n\n")[0].split())

    assert set(tour.asked) == set(rows)
    idle = [guard for guard in GUARDS if guard not in tour.asked]
    assert f"{len(idle)} guards that nothing here asks for: {', '.join(idle)}" == told


def test_the_json_of_a_matrix_has_every_guard_and_who_asks_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cli.main(["matrix", TOUR, "--json"])
    found = json.loads(capsys.readouterr().out)["guards"]

    assert list(GUARDS) == list(found)
    assert [TOUR] == found["flush-before-reuse"]["asked_by"]
    assert [TOUR] == found["flush-before-reuse"]["killed_by"]
    assert [] == found["refuse-kasan"]["asked_by"]


def test_trials_say_what_switching_a_guard_makes_of_a_run(tour: Timeline) -> None:
    trials = GuardTrials(tour)
    trials.done(300)

    assert set(tour.asked) == set(trials.known)
    broken = trials.known["flush-before-reuse"]
    assert (3, 4, 25) == (broken.violations, broken.failed, broken.line)
    assert "3 violations, line 25" == broken.told
    assert Trial(0, 0, 0, 0) == trials.known["skip-offline"]


def test_trials_of_a_run_without_a_guard_put_it_back(tour: Timeline) -> None:
    trials = GuardTrials(luf_tui.open(TOUR, without="flush-before-reuse").timeline)
    trials.done(300)

    assert not trials.known["flush-before-reuse"].bad
    assert 25 == trials.known["flush-before-reuse"].parts


def names(panel: GuardsPanel) -> list[object]:
    return [item.value for item in panel.items if not item.heading]


def shown(panel: GuardsPanel) -> str:
    pane = panel.pane(74, 60)
    return "\n".join("".join(mark.text for mark in row) for row in pane.rows)


def test_the_panel_has_the_guards_first_that_the_run_asks_for(tour: Timeline) -> None:
    panel = GuardsPanel(Session(tour))

    assert set(tour.asked) == set(names(panel)[: len(tour.asked)])
    assert set(GUARDS) == set(names(panel))
    assert f"{len(tour.asked)} this run asks for" in shown(panel)


def test_the_cursor_begins_on_the_guard_that_the_scenario_says_to_switch_off() -> None:
    for name, guard in ((TOUR, "flush-before-reuse"), ("tour/last-owner", "flush-on-write-fault")):
        panel = GuardsPanel(Session(luf_tui.open(name).timeline))
        assert panel.item is not None
        assert guard == panel.item.value


def test_of_a_race_the_panel_says_that_other_orders_may_ask_for_more(tour: Timeline) -> None:
    """What `tour-doubt/every-order` says to switch off, its own order never asks for."""
    race = GuardsPanel(Session(luf_tui.open("tour-doubt/every-order").timeline))
    of_race, of_line = (
        " ".join(mark.text for item in panel.items if item.heading for mark in item.row)
        for panel in (race, GuardsPanel(Session(tour)))
    )

    assert "in others they may be" in of_race
    assert "changes nothing" not in of_race
    assert "changes nothing" in of_line
    assert "no violation, the expectation holds" in shown(race)


def test_the_panel_is_narrowed_while_one_types(tour: Timeline) -> None:
    panel = GuardsPanel(Session(tour))
    for letter in "reuse":
        panel.key(letter, letter)

    assert "flush-before-reuse" == names(panel)[0]
    assert len(names(panel)) < 6
    assert panel.item is not None
    assert "flush-before-reuse" == panel.item.value
    panel.key("escape", None)
    assert len(GUARDS) == len(names(panel))


def test_the_panel_tells_what_is_known_of_the_run_without_a_guard(tour: Timeline) -> None:
    known: dict[str, Trial] = {}

    def trials(run: Timeline) -> Mapping[str, Trial]:
        return known

    panel = GuardsPanel(Session(tour), trials)
    assert "violations" not in shown(panel)
    known["flush-before-reuse"] = Trial(3, 4, 25, 25)

    (row,) = [row for row in shown(panel).splitlines() if "flush-before-reuse" in row]
    assert row.rstrip().endswith("40 L25  ✖ 3 violations, line 25")


@driven
async def test_the_trials_come_into_the_panel(tmp_path: Path) -> None:
    async with LufApp(library.locate(TOUR)).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("g")
        await pilot.pause()
        trials = shown_run(pilot.app).guard_trials
        assert trials is not None
        trials.done(300)
        await pilot.pause()

        assert "✖ 3 violations, line 25" in text(pilot.app)
