"""What the code that printed a line was in: the letters before the time stamp."""

from __future__ import annotations

from enum import IntFlag


class Context(IntFlag):
    """What forbids to wait where a line was printed; 0 is nothing."""

    INTERRUPT = 1
    """A hard interrupt or NMI."""
    SOFTIRQ = 2
    IRQS_OFF = 4
    NO_PREEMPTION = 8
    """Preemption or the bottom halves were disabled."""
    NOT_PRINTED = 16
    """The format does not say, as that of perf script."""


_IRQS = {"d": Context.IRQS_OFF, "D": Context.IRQS_OFF | Context.NO_PREEMPTION}
_IRQS["b"] = Context.NO_PREEMPTION
_IN = dict.fromkeys("hzZ", Context.INTERRUPT)
_IN |= {"H": Context.INTERRUPT | Context.SOFTIRQ, "s": Context.SOFTIRQ}


def context_of(letters: str) -> int:
    """The context that letters such as `d.h1.` name."""
    if len(letters) < 4:
        return int(Context.NOT_PRINTED)
    found = _IRQS.get(letters[0], 0) | _IN.get(letters[2], 0)
    return int(found | (Context.NO_PREEMPTION if letters[3] in "123456789abcdef" else 0))
