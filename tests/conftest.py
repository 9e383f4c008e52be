"""What every test shares: where things are, and the command line as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

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


@pytest.fixture
def luf_tui(tmp_path: Path) -> Callable[..., Finished]:
    """Runs `luf-tui WORDS…` as a process of its own, in an empty folder."""

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
