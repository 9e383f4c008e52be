"""Every verb of the language: one class a verb, in the module of who does it."""

from __future__ import annotations

from luf_tui.script.declaration import CPU, PROCESS, VERBS, Verb
from luf_tui.script.verbs import by_cpu, by_kernel, by_process
from luf_tui.script.vocabulary import KERNEL_ACTORS

__all__ = [
    "VERBS",
    "by_cpu",
    "by_kernel",
    "by_process",
    "verbs_by_actor",
    "verbs_called",
    "verbs_of",
]


def verbs_by_actor() -> dict[str, list[Verb]]:
    """The verbs of each who does any, as their declarations follow one another."""
    verbs = [kind.verb for kind in VERBS.values()]
    everyone = (CPU, PROCESS, *KERNEL_ACTORS)
    return {actor: [verb for verb in verbs if verb.by == actor] for actor in everyone}


def verbs_called(word: str) -> list[Verb]:
    """The verbs that a word may be; two are called `offline`."""
    return [kind.verb for kind in VERBS.values() if kind.verb.word == word]


def verbs_of(actor: str) -> list[str]:
    """The words for what an actor does: a CPU what its process does, too, and the kernel's threads
    one another's work.
    """
    users = (CPU, PROCESS)
    kernel = actor in KERNEL_ACTORS
    return sorted(
        {kind.verb.word for kind in VERBS.values() if (kind.verb.by not in users) == kernel}
    )
