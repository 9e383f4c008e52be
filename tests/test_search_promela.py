"""The engine, configured down to a Promela model, reaches exactly what SPIN reaches.

The numbers are SPIN's own on `tests/data/luf.pml` (initial steps left out), without reductions.
`python -m tests.bench explore` measures the full model beside SPIN.
"""

from __future__ import annotations

import random

import pytest

from luf_tui.search.rows.learner import Answer
from tests.promela import actions
from tests.promela.alike import made
from tests.promela.client import Action, Client
from tests.promela.machine import Sizes, power_on
from tests.promela.naming import ALL, FRAMES, PLAIN, RENAMED, Naming
from tests.promela.normal import settled
from tests.promela.policy import ByTheModel
from tests.promela.programs import BUGS, LITMUS, SHORTEST
from tests.promela.projection import project
from tests.promela.search import Search

NEVER = 10**9
"""No level is as large."""
REACHED = {
    "2/1/1": (33, 138),
    "2/2/1": (77, 316),
    "2/3/1": (133, 534),
    "3/1/1": (120, 693),
    "3/2/1": (293, 1590),
    "2/1/2": (1027, 3934),
}
"""CPUs/pages/frames: states and transitions."""
LITMUS_REACHED = {1: (2522, 6424), 2: (8392, 24759)}


def client_of(sizes: Sizes, without: str = "") -> Client:
    """A client at the start, whose states are in no normal form."""
    return Client(power_on(sizes, ByTheModel([without] if without else [])))


def sizes(text: str) -> Sizes:
    return Sizes(*map(int, text.split("/")))


@pytest.mark.parametrize(("size", "counts"), REACHED.items())
def test_every_cpu_doing_anything_reaches_the_states_of_the_model(
    size: str, counts: tuple[int, int]
) -> None:
    found = Search(sizes(size)).run()
    assert (*counts, None) == (found.states, found.transitions, found.finding)


@pytest.mark.parametrize(("prog", "counts"), LITMUS_REACHED.items())
def test_a_litmus_program_reaches_the_states_of_the_model(
    prog: int, counts: tuple[int, int]
) -> None:
    found = Search(programs=LITMUS[prog]).run()
    assert (*counts, None) == (found.states, found.transitions, found.finding)


@pytest.mark.parametrize(
    ("size", "renamed", "counts"),
    [
        ("2/1/3", FRAMES, (9630, 1828, 38644)),
        ("2/2/2", ALL, (12641, 1635, 64808)),
        ("3/2/1", ALL, (293, 42, 1590)),
    ],
)
def test_states_that_differ_by_names_are_visited_once_and_counted_all(
    size: str, renamed: str, counts: tuple[int, int, int]
) -> None:
    found = Search(sizes(size), renamed=renamed).run()
    assert counts == (found.states, found.visited, found.transitions)


@pytest.mark.parametrize("size", ["2/1/2", "2/2/1", "3/1/1"])
def test_whatever_can_be_renamed_into_each_other_becomes_the_same(size: str) -> None:
    """Compared with every permutation: counts alone do not show a renaming that forgets a cell."""
    search = Search(sizes(size))
    search.run(large=NEVER)
    naming = Naming(search.actions.client, search.space.learner.layout.places, ALL)
    symmetry = naming.symmetry
    assert symmetry is not None
    states = set(map(tuple, search.states()))
    orbits: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
    for state in states:
        alike = {
            tuple(symmetry.renamed(state, number)) for number in range(len(symmetry.renamings))
        }
        assert alike <= states, "a renamed state can be reached, too"
        name, *others = {tuple(naming.of(one)) for one in alike}
        assert not others
        assert len(alike) == naming.weight(name)
        orbits.setdefault(name, set()).update(alike)
    assert len(states) == sum(map(len, orbits.values()))


@pytest.mark.parametrize("size", ["2/2/1", "2/1/2"])
def test_a_state_in_normal_form_is_what_the_model_sees_of_it(size: str) -> None:
    search = Search(sizes(size))
    search.run(large=NEVER)
    client, states, seen = search.actions.client, search.states(), set()
    for state in states:
        client.m.cells.apply(enumerate(state))
        seen.add(project(client).packed())
    assert REACHED[size][0] == len(states) == len(seen)


@pytest.mark.parametrize("renamed", RENAMED)
def test_whole_levels_give_what_single_states_give(renamed: str) -> None:
    for size in (Sizes(2, 1, 2), Sizes(3, 1, 1)):
        one_by_one = Search(size, renamed=renamed).run(large=NEVER)
        levels = Search(size, renamed=renamed).run(large=2)
        assert one_by_one == levels


@pytest.mark.parametrize("size", ["2/2/1", "2/1/2"])
def test_what_is_played_for_others_is_what_the_engine_does(
    size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Search(sizes(size), renamed=ALL)
    search.run(large=NEVER)
    layout, space, checked = search.space.learner.layout, search.space, []

    def noted(client: Client, action: Action) -> Answer:
        checked.append(action)
        return made(client, action)

    monkeypatch.setattr(actions, "made", noted)
    for state in search.states():
        space.check(layout.state(state))
    assert len(search.states()) * len(space.turns) == len(checked), "the engine itself was asked"


@pytest.mark.parametrize("bug", ["", *BUGS.values()])
def test_the_normal_form_looks_to_the_model_as_the_state_does(bug: str) -> None:
    plain, normal = client_of(Sizes(2, 2, 2), bug), settled(Sizes(2, 2, 2), bug)
    naming = Naming(normal, (), PLAIN)
    choose = random.Random(1)
    for _ in range(600):
        actions = plain.actions()
        assert actions == normal.actions()
        action = choose.choice(actions)
        for client in (plain, normal):
            client.make(action)
        assert bool(plain.findings) == bool(normal.findings)
        if plain.findings:
            break
        normal.m.cells.apply(enumerate(naming.of(normal.m.cells.values.tolist())))
        assert project(plain) == project(normal)


@pytest.mark.parametrize("renamed", RENAMED)
@pytest.mark.parametrize("bug", BUGS)
def test_a_broken_variant_has_a_shortest_counterexample_as_long_as_the_models(
    bug: int, renamed: str
) -> None:
    found = Search(without=BUGS[bug], renamed=renamed).run()
    assert SHORTEST[bug] == len(found.path)
    assert found.finding is not None


def test_a_counterexample_ends_with_the_access_that_the_model_asserts_about() -> None:
    path = Search(without=BUGS[2], renamed=ALL).run().path
    expected = ["fault", "load", "reclaim", "fault", "upgrade", "store", "load"]
    assert expected == [action[0] for action in path]
    assert path[-1][1] != path[-2][1], "one CPU stores, the other reads the old version"


@pytest.mark.parametrize(("bug", "prog"), [(1, 2), (2, 1), (3, 1)])
def test_a_program_that_does_not_reach_a_bug_says_so_as_the_model_does(bug: int, prog: int) -> None:
    expected = {(1, 2): (8350, 25875), (2, 1): (2522, 6424), (3, 1): (2522, 6424)}[bug, prog]
    found = Search(without=BUGS[bug], programs=LITMUS[prog], renamed=FRAMES).run()
    assert (*expected, None) == (found.states, found.transitions, found.finding)


def test_what_the_projection_leaves_out_changes_no_move() -> None:
    """Generations, list orders, versions and whoever stored last differ from one visit of a state
    to the next; what can happen there, and what comes of it, does not.
    """
    client = client_of(Sizes(2, 1, 2))
    cells, events = client.m.cells, client.m.events
    choose, known, again = random.Random(1), dict[bytes, dict[Action, bytes]](), 0
    for _ in range(600):
        moves: dict[Action, bytes] = {}
        here, mark, first = project(client).packed(), cells.mark(), len(events)
        for action in client.actions():
            client.make(action)
            moves[action] = project(client).packed()
            cells.undo(mark)
            events.truncate(first)
        again += here in known
        assert moves == known.setdefault(here, moves)
        client.make(choose.choice(list(moves)))
    assert 200 < again


def test_an_entry_that_a_load_made_is_clean_until_its_first_store() -> None:
    client = client_of(Sizes(1, 1, 1))
    dirty = []
    for what, pfn in (("fault", 0), ("upgrade", -1), ("load", -1), ("store", -1)):
        client.make((what, 0, 0, pfn))
        entry = client.entry(0, 0)
        dirty.append(entry.dirty if entry else None)
    assert [None, None, 0, 1] == dirty
    assert client.m.config.dirty_on_load is False


def test_an_ipi_is_answered_in_full_by_a_cpu_that_has_flushed_meanwhile() -> None:
    client = client_of(Sizes(2, 1, 2))
    for pfn in (0, 1):
        client.make(("fault", 0, 0, pfn))
        client.make(("reclaim", 0, 0, -1))
    client.make(("fault", 0, 0, 0))
    client.make(("fault", 1, 0, 1))
    client.make(("load", 1, 0, -1))
    assert client.entry(1, 0) is not None
    client.make(("deliver", 1, -1, -1))
    assert client.entry(1, 0) is None


def test_a_task_bound_to_a_frame_gets_it_wherever_it_stands() -> None:
    for pfn in range(3):
        client = client_of(Sizes(2, 1, 3))
        client.make(("fault", 1, 0, pfn))
        assert client.m.frame[pfn] is client.pte(0).frame
