"""Several processes that do one kind of work, with the same results in the same order as one."""

from __future__ import annotations

from functools import partial

import pytest

from luf_tui.errors import LufError
from luf_tui.search.pool import Pool, mapped


def halves(number: int) -> int:
    if number % 2:
        raise LufError(f"{number} is odd")
    return number // 2


def make_halves() -> partial[int]:
    return partial(halves)


@pytest.mark.parametrize("jobs", [1, 2])
def test_answers_come_in_the_order_of_the_tasks(jobs: int) -> None:
    numbers = range(0, 60, 2)
    assert [n // 2 for n in numbers] == list(mapped(jobs, make_halves, numbers))


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_worker_raises_is_raised(jobs: int) -> None:
    with pytest.raises(LufError, match="3 is odd"):
        list(mapped(jobs, make_halves, [2, 3, 4]))


def test_a_process_that_ends_is_told() -> None:
    with Pool(1, make_halves) as pool:
        answers = pool.map([2, 4])
        assert 1 == next(answers)
        pool._processes[0].terminate()
        pool._processes[0].join()
        with pytest.raises(LufError, match="a process of --jobs ended"):
            list(answers)
