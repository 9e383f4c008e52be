"""What is kept of a run's answers, and for how long."""

from __future__ import annotations

from luf_tui.timeline.caches import MOST, Kept, per_position, per_run


class Walked:
    """A run, as far as caches know one."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.position = 0
        self.asked: list[int] = []


@per_run(most=2)
def doubled(run: Walked, number: int) -> int:
    run.asked.append(number)
    return 2 * number


def size(names: list[str]) -> int:
    return len(names)


@per_run(most=2, key=size)
def counted(run: Walked, names: list[str]) -> int:
    run.asked.append(len(names))
    return len(names)


@per_run
def halved(run: Walked, number: int) -> int:
    run.asked.append(number)
    return number // 2


@per_position
def ahead(run: Walked, by: int = 1) -> int:
    run.asked.append(by)
    return run.position + by


def test_an_answer_is_computed_once_per_run_and_arguments() -> None:
    run, other = Walked(), Walked()

    assert [2, 2, 4, 2] == [doubled(r, n) for r, n in ((run, 1), (run, 1), (run, 2), (other, 1))]
    assert ([1, 2], [1]) == (run.asked, other.asked)


def test_an_answer_per_run_outlives_a_seek() -> None:
    run = Walked()
    doubled(run, 1)
    run.position = 5
    doubled(run, 1)

    assert [1] == run.asked


def test_an_answer_per_position_is_computed_once_there_and_anew_after_a_seek() -> None:
    run = Walked()
    here = [ahead(run), ahead(run)]
    run.position = 5
    there = [ahead(run), ahead(run)]
    run.position = 0

    assert ([1, 1], [6, 6], 1) == (here, there, ahead(run))
    assert [1, 1, 1] == run.asked


def test_an_answer_per_position_is_of_its_arguments() -> None:
    run = Walked()

    assert [1, 3] == [ahead(run), ahead(run, by=3)]


def test_of_too_many_answers_the_oldest_is_forgotten() -> None:
    run = Walked()
    for number in (1, 2, 3, 2):
        doubled(run, number)

    assert [False, True, True] == [doubled.knows(run, number) for number in (1, 2, 3)]
    assert [1, 2, 3] == run.asked


def test_answers_are_bounded_unless_a_question_says_otherwise() -> None:
    run = Walked()
    for number in range(2 * MOST):
        halved(run, number)
        ahead(run, number)

    assert MOST == sum(halved.knows(run, number) for number in range(2 * MOST))
    assert MOST == sum(map(len, run.kept.here.values()))


def test_a_key_tells_which_arguments_are_the_same_question() -> None:
    run = Walked()

    assert [1, 1] == [counted(run, ["a"]), counted(run, ["b"])]
    assert [1] == run.asked


def test_what_is_forgotten_is_computed_anew() -> None:
    run = Walked()
    doubled(run, 1)
    ahead(run)
    run.kept.forget()
    doubled(run, 1)
    ahead(run)

    assert [1, 1, 1, 1] == run.asked
