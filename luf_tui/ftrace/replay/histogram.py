"""A histogram of numbers that span many powers of ten, drawn in text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

WIDTH = 40
_EIGHTHS = " ▏▎▍▌▋▊▉"
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def bins(values: Sequence[float], base: float = 10.0) -> list[tuple[float, float, int]]:
    """Bins of [low, high) by powers of `base`, from the least value to the largest; the first bin
    holds the zeros, if there are any.
    """
    positive = [value for value in values if value > 0]
    zeros = len(values) - len(positive)
    found = [(0.0, 0.0, zeros)] if zeros else []
    if not positive:
        return found
    low = _floor(min(positive), base)
    counts: dict[int, int] = {}
    for value in positive:
        number, edge = 0, low * base
        while value >= edge:
            number, edge = number + 1, edge * base
        counts[number] = counts.get(number, 0) + 1
    found += [
        (low * base**number, low * base ** (number + 1), counts.get(number, 0))
        for number in range(max(counts) + 1)
    ]
    return found


def _floor(value: float, base: float) -> float:
    """The largest power of `base` that is not above a positive value."""
    edge = 1.0
    while edge > value:
        edge /= base
    while edge * base <= value:
        edge *= base
    return edge


def bar(share: float, width: int = WIDTH) -> str:
    """A bar of a share of `width` columns, to an eighth of a column; never empty above 0."""
    eighths = round(share * width * 8)
    if share > 0:
        eighths = max(1, eighths)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def span(seconds: float) -> str:
    """A time as a person reads it: `0 s`, `30 µs`, `1.5 ms`, `12 s`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns" if seconds > 0 else "0 s"


def count(number: float) -> str:
    """A number of events."""
    return f"{number:,.0f}"


def draw(
    values: Sequence[float], name: Callable[[float], str] = count, width: int = WIDTH
) -> list[str]:
    """The histogram as lines: `low to high  count  bar`. `name` writes an edge of a bin."""
    rows = bins(values)
    most = max((times for _, _, times in rows), default=0)
    labels = [f"{name(low)} to {name(high)}" if high else name(0.0) for low, high, _ in rows]
    wide = max(map(len, labels), default=0)
    digits = len(f"{most:,}")
    return [
        f"{label:>{wide}}  {times:>{digits},}  {bar(times / most, width)}".rstrip()
        for label, (_, _, times) in zip(labels, rows, strict=True)
    ]
