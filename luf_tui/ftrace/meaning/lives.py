"""Which program runs behind a pid: exec, exit and a reused pid begin another life.

A line names a pid by the command that `saved_cmdlines` holds when it is read, so that one pid goes
by several names at a time, and by one name before and after exec. What parts two programs is that
an address space is loaded outside a switch, `sched_process_exec`, and the last switch of a task.
"""

from __future__ import annotations

from bisect import bisect_right

from luf_tui.ftrace.reading.tracepoints import Names

IDLE = 0
"""The life that stands for the idle tasks of all CPUs."""


class Lives:
    """Numbers lives as they appear; what a recording calls a task is one of them."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.named: list[tuple[str, int]] = []
        """Name and pid per life."""
        self._tgids: list[int] = []
        self._current: dict[int, int] = {}
        self._of: dict[int, int] = {}
        self._numbers: dict[int, list[int]] = {}
        self._began: dict[int, list[int]] = {}
        self.of(0)

    def of(self, task: int) -> int:
        """The present life of a task as the reader numbers it."""
        life = self._of.get(task)
        if life is not None:
            return life
        name, pid = self._names.tasks[task]
        life = self._current.get(pid)
        if life is None:
            life = self._begin(name, pid)
        self._of[task] = life
        self._numbers.setdefault(pid, []).append(task)
        if self._names.tgids[task]:
            self._tgids[life] = self._names.tgids[task]
        return life

    def _begin(self, name: str, pid: int) -> int:
        life = self._current[pid] = len(self.named)
        self.named.append((name, pid))
        self._tgids.append(0)
        self._began.setdefault(pid, []).append(life)
        return life

    def called(self, task: int) -> int:
        """The life of a task that a switch calls by its name of that moment."""
        life = self.of(task)
        if self.named[life] != self._names.tasks[task]:
            self.named[life] = self._names.tasks[task]
        return life

    def another(self, life: int) -> int:
        """The pid of a life goes on as another program."""
        name, pid = self.named[life]
        self.end(life)
        return self._begin(name, pid)

    def end(self, life: int) -> None:
        """What comes next under its pid is somebody else."""
        pid = self.named[life][1]
        if pid and self._current.get(pid) == life:
            del self._current[pid]
            for task in self._numbers.pop(pid, ()):
                self._of.pop(task, None)

    def back(self, life: int) -> None:
        """The pid of a life is that life again, whatever was begun since."""
        pid = self.named[life][1]
        last = self._current.get(pid)
        if last is not None:
            self.end(last)
        self._current[pid] = life

    def groups(self) -> dict[int, tuple[int, int]]:
        """Thread group per life, where the recording says it: its id, and the how many-eth program
        its leader runs.
        """
        found = {}
        for task, pid in enumerate(pid for _, pid in self._names.tasks):
            tgid = self._names.tgids[task]
            if tgid:
                for life in self._began.get(pid, ()):
                    self._tgids[life] = self._tgids[life] or tgid
        for life, tgid in enumerate(self._tgids):
            if tgid:
                found[life] = (tgid, max(1, bisect_right(self._began.get(tgid, []), life)))
        return found
