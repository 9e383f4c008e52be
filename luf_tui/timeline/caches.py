"""What questions put to a run keep between askings: a recorded run never changes, its cursor does.

    @per_run
    def page_width(timeline: Timeline) -> int: ...

    @per_position
    def stale_entries(timeline: Timeline) -> frozenset[int]: ...

Answers are kept in the run they are about and go with it. They are shared: nobody changes one.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeAlias, TypeVar, overload

MOST = 4096
"""Answers kept of a question with arguments: more than one screen asks for."""

Answers: TypeAlias = "OrderedDict[Hashable, Any]"


class Kept:
    """The answers kept for one run."""

    def __init__(self) -> None:
        self.of_run: dict[object, Answers] = defaultdict(OrderedDict)
        """Those to each question, wherever the cursor stands."""
        self.here: dict[object, Answers] = defaultdict(OrderedDict)
        """Those to each question where the cursor stood when one was last asked."""
        self.position = -1
        """Where that was."""

    def forget(self) -> None:
        """Keep nothing: every question is answered anew."""
        self.of_run.clear()
        self.here.clear()


class Recorded(Protocol):
    """What is asked: it has a cursor, and a place for answers."""

    kept: Kept
    position: int


Asked = TypeVar("Asked", bound=Recorded)
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class _Cached(Generic[Asked, Given, Answer]):
    """A question that is answered once, then looked up; of more than `most` answers the oldest is
    forgotten.
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
        self.__doc__ = answer.__doc__

    def _key_of(self, *args: Given.args, **kwargs: Given.kwargs) -> Hashable:
        if self._key is not None:
            return self._key(*args, **kwargs)
        return (args, *kwargs.items()) if kwargs else args

    def _keep(self, answers: Answers, key: Hashable, answer: Answer) -> Answer:
        answers[key] = answer
        if len(answers) > self._most:
            answers.popitem(last=False)
        return answer


class _PerRun(_Cached[Asked, Given, Answer]):
    def __call__(self, run: Asked, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        key: Hashable
        if self._key is None:  # as _key_of has it: a screen asks hundreds of times
            key = (args, *kwargs.items()) if kwargs else args
        else:
            key = self._key(*args, **kwargs)
        answers = run.kept.of_run[self]
        try:
            known: Answer = answers[key]
        except KeyError:
            return self._keep(answers, key, self._answer(run, *args, **kwargs))
        return known

    def knows(self, run: Asked, *args: Given.args, **kwargs: Given.kwargs) -> bool:
        """Whether the answer would be looked up."""
        return self._key_of(*args, **kwargs) in run.kept.of_run[self]


class _PerPosition(_Cached[Asked, Given, Answer]):
    def __call__(self, run: Asked, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        kept = run.kept
        if run.position != kept.position:
            kept.here.clear()
            kept.position = run.position
        key = self._key_of(*args, **kwargs) if kwargs else args
        answers = kept.here[self]
        try:
            known: Answer = answers[key]
        except KeyError:
            return self._keep(answers, key, self._answer(run, *args, **kwargs))
        return known


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
    """Keep one answer per run and arguments, at most `most` of them per run: beyond that the
    oldest is forgotten. `key` tells what of the arguments decides the answer,
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
