"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from luf_tui import library
from luf_tui.script.format import format_text

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "luf_tui"
MODULES = sorted(PACKAGE.rglob("*.py"))

WRITERS = {"machine/cells.py", "timeline/store/checkpoints.py"}
"""Who may put values into the cells: the logged write, and the cursor moving over its log."""
MOVERS = {
    "apply": {"timeline/timeline.py"},
    "restore": {"timeline/timeline.py"},
    "undo": {"timeline/recorder.py", "engine/transitions.py"},
    "forget": {
        "machine/machine.py",
        "engine/director.py",
        "timeline/store/deltas.py",
        "ftrace/replay/layout.py",
        "ftrace/replay/outcome.py",
    },
}
"""Who may move the cells along their log, by what they call."""


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def bound_names(function: ast.AST) -> set[str]:
    """Names that a function binds to the array of values."""
    names: set[str] = set()
    for node in ast.walk(function):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs += zip(target.elts, node.value.elts, strict=False)
                else:
                    pairs.append((target, node.value))
        for target, value in pairs:
            if not isinstance(target, ast.Name) or not isinstance(value, ast.Attribute):
                continue
            if value.attr == "values" or (value.attr == "cells" and of_record(value)):
                names.add(target.id)
    return names


def of_record(node: ast.Attribute) -> bool:
    """Whether `.cells` is a record's view of the array and not a machine's store."""
    return isinstance(node.value, ast.Name) and node.value.id in ("record", "self")


def stores(path: Path) -> Iterator[int]:
    """Lines that put a value into the cells without the logged write."""
    tree = tree_of(path)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    for scope in [tree, *functions]:
        names = bound_names(scope)
        for node in ast.walk(scope):
            targets: list[ast.expr] = []
            if isinstance(node, (ast.Assign, ast.Delete)):
                targets = list(node.targets)
            elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
                targets = [node.target]
            for target in targets:
                parts = target.elts if isinstance(target, ast.Tuple) else [target]
                for part in parts:
                    if isinstance(part, ast.Subscript) and is_array(part.value, names):
                        yield part.lineno


def is_array(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("values", "_raw") or (node.attr == "cells" and of_record(node))
    return isinstance(node, ast.Name) and node.id in names


def method_calls(path: Path, method: str) -> Iterator[int]:
    """Lines that call a method of that name on something called `cells`."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder = node.func.value
            named = holder.attr if isinstance(holder, ast.Attribute) else ""
            named = holder.id if isinstance(holder, ast.Name) else named
            if node.func.attr == method and named in ("cells", "store"):
                yield node.lineno


def test_only_the_logged_write_changes_a_cell() -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in MODULES
        if name_of(path) not in WRITERS
        for line in stores(path)
    ]

    assert [] == found


def test_the_scan_for_stores_sees_a_store(tmp_path: Path) -> None:
    source = tmp_path / "guilty.py"
    source.write_text(
        "def f(m, record):\n"
        "    m.cells.values[3] = 1\n"
        "    values, other = m.cells.values, 0\n"
        "    values[3] += 1\n"
        "    record.cells[0] = 2\n"
        "    other[0] = values[1]\n",
        encoding="utf-8",
    )

    assert {2, 4, 5} == set(stores(source))


@pytest.mark.parametrize("method", sorted(MOVERS))
def test_only_declared_places_move_the_cells_along_their_log(method: str) -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in MODULES
        if name_of(path) not in MOVERS[method] and not name_of(path).startswith("search/")
        for line in method_calls(path, method)
    ]

    assert [] == found


def test_the_engine_knows_no_clock_and_no_chance() -> None:
    banned = {"random", "time", "datetime", "secrets", "uuid", "os", "threading"}
    below = ("machine/", "policy/", "engine/", "oracle/")
    found = []
    for path in MODULES:
        if not name_of(path).startswith(below):
            continue
        for node in ast.walk(tree_of(path)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found += [f"{name_of(path)}: {n}" for n in names if n.partition(".")[0] in banned]

    assert [] == found


def test_a_module_can_be_read_in_one_sitting() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): count
        for path in [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 700
    }

    assert {} == long


def test_a_file_name_means_one_thing() -> None:
    """But for a command and a pane, which are named after what they are about."""
    places: dict[str, list[str]] = {}
    for path in MODULES:
        if path.stem != "__init__" and path.parent.name not in ("commands", "panes"):
            places.setdefault(path.stem, []).append(name_of(path))

    assert {} == {stem: found for stem, found in places.items() if len(found) > 1}


@pytest.mark.parametrize("one", library.shipped(), ids=lambda one: one.name)
def test_a_shipped_scenario_is_formatted_and_says_what_to_look_at(one: library.Entry) -> None:
    text = one.path.read_text(encoding="utf-8")

    assert format_text(text, str(one.path)) == text
    assert one.title != one.path.stem
    assert one.about


TOOLKITS = ("textual", "rich", "lark", "attr", "attrs", "numpy")


def test_importing_the_package_loads_nothing_else() -> None:
    assert {"luf_tui"} == loaded("import luf_tui; dir(luf_tui)", "luf_tui", *TOOLKITS)


def test_a_run_in_a_notebook_loads_no_toolkit() -> None:
    code = "import luf_tui; luf_tui.open('tour/flush-before-reuse')._repr_html_()"

    assert set() == toolkit(code)


def test_the_command_line_alone_loads_no_toolkit() -> None:
    assert set() == loaded("import luf_tui.cli", "textual", "rich", "lark")


def test_a_small_race_is_explored_without_numpy() -> None:
    code = "import luf_tui; luf_tui.explore('races/{}', max_states={})"

    assert set() == loaded(code.format("munmap", 2000), "numpy")
    assert "numpy" in loaded(code.format("four-cpus", 20_000), "numpy")


def toolkit(code: str) -> set[str]:
    """Modules of a toolkit that are loaded after running code, but for Rich's width tables."""
    widths = ("rich.cells", "rich._")
    return {
        module
        for module in loaded(code, "textual", "rich")
        if module != "rich" and not module.startswith(widths)
    }


def loaded(code: str, *packages: str) -> set[str]:
    """Modules of some packages that are loaded after running code in a fresh interpreter."""
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        check=True,
    )
    return {m for m in done.stderr.split() if m.partition(".")[0] in packages}


SCENARIO = """\
process app
cpu1 run app
cpu1 write heap.0 bytes
expect no violation
"""
HEADLESS = [
    "--help",
    "--version",
    "list",
    "policies",
    "guards --json",
    "run FILE",
    "run FILE --json",
    "run FILE --plain",
    "export FILE --format html -o -",
    "matrix FILE",
    "record",
    "check FILE",
    "compare FILE",
]


def test_headless_commands_load_no_textual_and_of_rich_only_how_wide_characters_are(
    tmp_path: Path,
) -> None:
    """All of them in one interpreter; which one it was is asked where one does."""
    path = tmp_path / "small.luf"
    path.write_text(SCENARIO, encoding="utf-8")

    def loading(*lines: str) -> set[str]:
        words = [[str(path) if w == "FILE" else w for w in line.split()] for line in lines]
        return toolkit(f"from luf_tui.cli import main\nfor w in {words!r}: assert main(w) == 0, w")

    assert set() == loading(*HEADLESS), {line: loading(line) for line in HEADLESS}
