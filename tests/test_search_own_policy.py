"""A person's own policy in a search: what it hides, and what it writes, is told as such; it is
never called unsafe for that, nor safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from luf_tui.errors import LufError
from luf_tui.policy.own import OWN, known
from luf_tui.policy.registry import POLICIES, make_policy
from luf_tui.script.parse import load, parse
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.result import SAFE, UNSAFE
from tests.clients import CLIENTS
from tests.races import FOLDER

HEAD = """\
from luf_tui.policy.luf import Luf
asked = []
class {name}(Luf):
    NAME = {name!r}
    API = 2
"""
EMPTIES = (
    "        for cpu in m.cpu:\n            for entry in m.tlb_of(cpu.index):\n"
    "                entry.clear()\n        return True\n"
)
WRITES = {
    "ClassMethod": f"    @classmethod\n    def take_buddy(cls, m, *a):\n{EMPTIES}",
    "StaticMethod": f"    @staticmethod\n    def take_buddy(m, *a):\n{EMPTIES}",
    "OwnAttribute": "    def __init__(self, without=()):\n        super().__init__(without)\n"
    f"        self.take_buddy = self._other\n    def _other(self, m, *a):\n{EMPTIES}",
    "PowerOn": "    def power_on(self, m):\n        super().power_on(m)\n"
    "        m.cpu[0].lazy = 1\n",
}
"""Ways to write what is not one's own."""
FORTY = "        self.asked.append(1)\n        mask = super().takeoff_end(*a)\n"
HIDES = {
    "InItsClass": "    asked = []\n    def takeoff_end(self, *a):\n"
    f"{FORTY}        return mask if len(self.asked) < 40 else 0\n",
    "InItsModule": "    def takeoff_end(self, *a):\n"
    + FORTY.replace("self.", "")
    + "        return mask if len(asked) < 40 else 0\n",
}
"""Ways to remember outside the cells what makes the fortieth payment fail."""
KEEPS = "    def power_on(self, m):\n        super().power_on(m)\n        self.machine = m\n"
SLOTS = (
    "    __slots__ = ('mine',)\n    def __init__(self, without=()):\n"
    "        super().__init__(without)\n        self.mine = 3\n"
    "    def takeoff_end(self, *a):\n        assert self.mine == 3\n"
    "        return super().takeoff_end(*a)\n"
)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """The policies of these files are nobody else's."""
    before = dict(POLICIES), dict(OWN)
    yield
    for names, was in zip((POLICIES, OWN), before, strict=True):
        names.clear()  # type: ignore[attr-defined]
        names.update(was)  # type: ignore[attr-defined]


def explored(folder: Path, name: str, body: str, client: str = "", walks: int = 0) -> Report:
    path = folder / f"{name.lower()}.py"
    path.write_text(HEAD.format(name=name) + body, encoding="utf-8")
    policy = make_policy(known(f"{path}:{name}"))
    program = CLIENTS[client] if client else load(str(FOLDER / "split.luf"))
    return Exploration(program, policy, walks=walks).run()


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("walks", [0, 20])
def test_whatever_a_hook_is_it_writes_its_own_regions_only(
    tmp_path: Path, name: str, walks: int
) -> None:
    hook = "power_on" if name == "PowerOn" else "take_buddy"
    with pytest.raises(LufError, match=rf"{name}: {hook}\(\) writes .*; a policy writes its own"):
        explored(tmp_path, name, WRITES[name], walks=walks)


@pytest.mark.parametrize("name", HIDES)
def test_what_a_class_or_a_module_remembers_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(LufError, match="not in `self`, its class or its module"):
        explored(tmp_path, name, HIDES[name], "tiers")


def test_a_policy_that_keeps_a_machine_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(LufError, match=r"Keeps: it keeps a machine in `self\.machine`"):
        explored(tmp_path, "Keeps", KEEPS)


def test_a_policy_may_have_slots(tmp_path: Path) -> None:
    assert explored(tmp_path, "Slots", SLOTS).verdict == SAFE


# -- what a "safe" is worth -----------------------------------------------------------------------

LOCAL = """\
machine  cpus 2, dram 1, max-order 0, pcp-high 0, swap 0
process  app, heap 1 page
process  two, heap 1 page
cpu0     run app
cpu1     run two
cpu0     write heap.0 a
race
  cpu0     munmap heap
  cpu1     write heap.0 b
end
"""
PAID = """\
machine  cpus 2, dram 4, max-order 0
process  app, heap 2 pages
cpu0     run app
cpu1     run app
cpu0     write heap.0 a
cpu1     read heap.0
cpu0     munmap heap.0
race
  cpu0     read heap.1
  cpu1     read heap.1
end
"""


def test_a_flush_of_ones_own_cpu_alone_is_something_to_flush_for() -> None:
    report = Exploration(parse(LOCAL), make_policy("luf")).run()
    assert (SAFE, False) == (report.verdict, report.vacuous)
    broken = Exploration(parse(LOCAL), make_policy("luf", ("flush-before-gather-free",))).run()
    assert UNSAFE == broken.verdict


def test_what_was_paid_before_a_race_makes_nothing_of_it_dangerous() -> None:
    report = Exploration(parse(PAID), make_policy("luf")).run()
    assert (SAFE, True) == (report.verdict, report.vacuous)
