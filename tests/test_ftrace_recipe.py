"""The commands that record a trace: they are shell, they name what the reader reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.errors import LufError
from luf_tui.ftrace.reading.tracepoints import parser_for
from luf_tui.ftrace.recipe import EVENTS, VARIANTS, recipe

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "which", [{}, {"pid": 42}, {"cgroup": "app.slice"}, {"cgroup": "/sys/fs/cgroup/it's"}]
)
def test_it_is_shell(variant: str, which: dict[str, str]) -> None:
    text = recipe(variant=variant, **which)  # type: ignore[arg-type]
    done = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True, check=False)
    assert "" == done.stderr
    assert 0 == done.returncode


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("which", [{}, {"pid": 42}, {"cgroup": "/sys/fs/cgroup/it's"}])
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shellcheck_finds_nothing(variant: str, which: dict[str, str], shell: str) -> None:
    shellcheck = shutil.which(
        "shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    )
    if shellcheck is None:
        pytest.skip("shellcheck is not there")
    text = recipe(variant=variant, **which)  # type: ignore[arg-type]
    command = [shellcheck, "--shell", shell, "-"]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert ("", 0) == (done.stdout, done.returncode)


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_records_every_event_the_reader_uses(variant: str) -> None:
    text = recipe(variant=variant)
    for event in EVENTS:
        assert parser_for(event) is not None
        assert event.replace(":", "/") in text or event in text
    assert "unmap_one" in text
    assert "try_to_migrate_one" in text


def test_it_checks_that_nothing_was_lost() -> None:
    assert "overrun" in recipe()
    assert "--stat" in recipe(variant="trace-cmd")


def test_it_narrows_to_one_process_or_group() -> None:
    assert "$PROC/42/task" in recipe(pid=42)
    assert "/sys/fs/cgroup/a/b/cgroup.threads" in recipe(cgroup="a/b/")
    assert "set_event_pid" not in recipe()


@pytest.mark.parametrize(
    "wrong",
    [{"variant": "dtrace"}, {"pid": 0}, {"pid": 1, "cgroup": "a"}, {"cgroup": "/"}],
)
def test_what_cannot_be_recorded_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(LufError):
        recipe(**wrong)  # type: ignore[arg-type]


def test_the_command_prints_what_its_options_ask_for(luf_tui: Run) -> None:
    assert recipe() == luf_tui("record").stdout
    assert recipe(variant="trace-cmd") == luf_tui("record", "--variant", "trace-cmd").stdout
    assert recipe(42) == luf_tui("record", "--pid", "42").stdout
    assert recipe(cgroup="app.slice") == luf_tui("record", "--cgroup", "app.slice").stdout
