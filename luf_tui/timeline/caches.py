"""What questions put to a run keep between askings: a recorded run never changes, its cursor does.

    @per_run
    def page_width(timeline: Timeline) -> int: ...

    @per_position
    def stale_entries(timeline: Timeline) -> frozenset[int]: ...

Answers are kept in the run they are about and go with it. They are shared: nobody changes one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeAlias, TypeVar, overload

MOST = 4096
"""Answers kept of a question with arguments: more than one screen asks for."""

Answers: TypeAlias = "OrderedDict[Hashable, Any]"


class Kept:
    """The answers kept for one run."""

    def __init__(self) -> None:
        self._by_question: dict[object, Answers] = {}
        self._here: dict[object, Answers] = {}
        self._position = -1

    def of_run(self, question: object) -> Answers:
        """Those to one question, wherever the cursor stands."""
        return self._by_question.setdefault(question, OrderedDict())

    def of_position(self, question: object, position: int) -> Answers:
        """Those to one question at the cursor; once it stands elsewhere, all are forgotten."""
        if position != self._position:
            self._here.clear()
            self._position = position
        return self._here.setdefault(question, OrderedDict())

    def forget(self) -> None:
        """Keep nothing: every question is answered anew."""
        self._by_question.clear()
        self._here.clear()


class Run(Protocol):
    """What is asked: it has a cursor, and a place for answers."""

    kept: Kept
    position: int


Asked = TypeVar("Asked", bound=Run)
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class _Cached(ABC, Generic[Asked, Given, Answer]):
    """A question that is answered once, then looked up; of `most` answers the one that nobody
    asked for the longest goes first.
    """

    def __init__(
        self,
        answer: Callable[Concatenate[Asked, Given], Answer],
        most: int,
        key: Callable[Given, Hashable] | None,
    ) -> None:
        self._answer = answer
        self._most = most
        self._key = key
        update_wrapper(self, answer)

    def __call__(self, run: Asked, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        answers, key = self._answers(run), self._key_of(*args, **kwargs)
        if key in answers:
            answers.move_to_end(key)
            known: Answer = answers[key]
            return known
        made = self._answer(run, *args, **kwargs)
        answers[key] = made
        if len(answers) > self._most:
            answers.popitem(last=False)
        return made

    def knows(self, run: Asked, *args: Given.args, **kwargs: Given.kwargs) -> bool:
        """Whether the answer would be looked up."""
        return self._key_of(*args, **kwargs) in self._answers(run)

    def _key_of(self, *args: Given.args, **kwargs: Given.kwargs) -> Hashable:
        if self._key is not None:
            return self._key(*args, **kwargs)
        return (args, *kwargs.items()) if kwargs else args

    @abstractmethod
    def _answers(self, run: Asked) -> Answers: ...


class _PerRun(_Cached[Asked, Given, Answer]):
    def _answers(self, run: Asked) -> Answers:
        return run.kept.of_run(self)


class _PerPosition(_Cached[Asked, Given, Answer]):
    def _answers(self, run: Asked) -> Answers:
        return run.kept.of_position(self, run.position)


class _Decorator(Protocol):
    def __call__(
        self, answer: Callable[Concatenate[Asked, Given], Answer]
    ) -> _PerRun[Asked, Given, Answer]: ...


@overload
def per_run(
    answer: Callable[Concatenate[Asked, Given], Answer], /
) -> _PerRun[Asked, Given, Answer]: ...
@overload
def per_run(*, most: int) -> _Decorator: ...
@overload
def per_run(
    *, most: int, key: Callable[Given, Hashable]
) -> Callable[[Callable[Concatenate[Asked, Given], Answer]], _PerRun[Asked, Given, Answer]]: ...
def per_run(
    answer: Callable[..., Any] | None = None,
    /,
    *,
    most: int = MOST,
    key: Callable[..., Hashable] | None = None,
) -> Any:
    """Keep one answer per run and arguments, at most `most` of them per run: beyond that the one
    not asked for the longest is forgotten. `key` tells what of the arguments decides the answer,
    where they cannot be compared themselves.
    """
    if answer is not None:
        return _PerRun(answer, most, key)
    return lambda answer: _PerRun(answer, most, key)


def per_position(
    answer: Callable[Concatenate[Asked, Given], Answer],
) -> _PerPosition[Asked, Given, Answer]:
    """Keep answers for as long as the cursor of the run stands where it does, at most MOST per
    question; the first question asked elsewhere forgets all of them.
    """
    return _PerPosition(answer, MOST, None)
