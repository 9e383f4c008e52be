"""What every test shares: where things are, and the command line."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from itertools import count
from pathlib import Path
from types import NoneType
from typing import Any

import pytest
from hypothesis import settings

from luf_tui.cli import main
from luf_tui.policy.own import OWN
from luf_tui.policy.registry import POLICIES
from luf_tui.script.line_grammar import parser

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

ROOT = Path(__file__).resolve().parent.parent

Finished = subprocess.CompletedProcess[str]


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "run the tests from the last to the first: none may need what another leaves behind"
    parser.addoption("--reverse", action="store_true", help=about)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--reverse"):
        items.reverse()


def pytest_collection_finish() -> None:
    """Thousands of tests are there to stay: nobody has to look whether they are garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def shared_state() -> Iterator[None]:
    """No test may need what another leaves behind, so none leaves anything behind: the tables and
    the variables of luf-tui's modules, the environment, the folder one is in.
    """
    parser()  # fills a table when it is first asked for
    before = _shared()
    yield
    after = _shared()
    assert [] == [name for name, was in before.items() if was != after.get(name)]


PLAIN = (bool, int, float, str, tuple, frozenset, NoneType)


def _shared() -> dict[str, object]:
    state: dict[str, object] = {f"${name}": value for name, value in os.environ.items()}
    state |= {"the environment": set(os.environ), "the folder": Path.cwd()}
    del state["$PYTEST_CURRENT_TEST"]
    for name, module in list(sys.modules.items()):
        if module is None or name.partition(".")[0] != "luf_tui":
            continue
        for known, value in vars(module).items():
            if isinstance(value, (dict, list, set)) and not known.startswith("__"):
                state[f"{name}.{known}"] = value.copy()
            elif isinstance(value, PLAIN) and not known.startswith("__"):
                state[f"{name}.{known}"] = value
    return state


@pytest.fixture(scope="session")
def state_homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """State folders that nobody has made yet, one for each test."""
    folder = tmp_path_factory.mktemp("state")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def state_home(state_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a test keeps of shipped files is kept in no person's folder, and no person's settings
    are read.
    """
    home = next(state_homes)
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.delenv("LUF_TUI_KEYS", raising=False)
    return home


@contextmanager
def forgotten(known: dict[Any, Any]) -> Iterator[None]:
    """What is added to a table meanwhile, such as a policy of one's own, is taken out again."""
    before = dict(known)
    try:
        yield
    finally:
        known.clear()
        known.update(before)


@pytest.fixture
def luf_tui(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, luf_tui_process: Callable[..., Finished]
) -> Callable[..., Finished]:
    """Runs `luf-tui WORDS…` in an empty folder, in this process: to start one takes longer than
    most commands do. What is set for the interpreter (PYTHON…) needs one, and gets one.
    """

    def run(*words: object, **environment: str) -> Finished:
        if any(name.startswith("PYTHON") for name in environment):
            return luf_tui_process(*words, **environment)
        args = [str(word) for word in words]
        out, err = (TextIOWrapper(BytesIO(), "utf-8") for _ in range(2))
        with monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(tmp_path)
            patch.setattr(sys, "stdin", TextIOWrapper(BytesIO(), "utf-8"))
            for name, value in environment.items():
                patch.setenv(name, value)
            with forgotten(POLICIES), forgotten(OWN):
                code = main(args)
        written = []
        for stream in (out, err):
            stream.flush()
            written.append(stream.buffer.getvalue().decode())
        return subprocess.CompletedProcess(args, code, *written)

    return run


@pytest.fixture
def luf_tui_process(tmp_path: Path) -> Callable[..., Finished]:
    """The same as a process of its own: for what only a process shows."""

    def run(*words: object, **environment: str) -> Finished:
        return subprocess.run(
            [sys.executable, "-m", "luf_tui", *map(str, words)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            timeout=120,
            check=False,
        )

    return run
