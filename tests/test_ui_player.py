"""Playing: how many steps are due."""

from __future__ import annotations

from luf_tui.ui.player import SPEEDS, Player


def test_steps_due_add_up_to_the_speed() -> None:
    player = Player()
    player.at = SPEEDS.index(125)
    player.start(0.0)

    assert 125 == sum(player.due((tick + 1) / 30) for tick in range(30))


def test_slow_play_makes_one_step_a_tick() -> None:
    player = Player()
    player.at = SPEEDS.index(4)
    player.start(0.0)

    assert [1, 1, 1, 1] == [player.due(0.25 * (tick + 1)) for tick in range(4)]


def test_a_stall_is_not_made_up_for() -> None:
    player = Player()
    player.at = SPEEDS.index(30)
    player.start(0.0)

    assert player.due(60.0) <= 30


def test_speed_stops_at_its_ends() -> None:
    player = Player()

    assert not player.change(-100) or not player.change(-1)
    assert SPEEDS[0] == player.speed
