"""`luf-tui completion` and `luf-tui man`: made from the parsers, so they know what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.commands.all_commands import COMMANDS, arguments, whole_parser
from luf_tui.commands.completion import SHELLS
from luf_tui.commands.man import ENVIRONMENT
from luf_tui.policy.guards import GUARDS
from tests.conftest import ROOT

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ASK = """\
source {script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
compopt() {{ :; }}
_shtab_luf_tui
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script for bash."""
    path = tmp_path_factory.mktemp("shell") / "luf-tui.bash"
    words = [sys.executable, "-m", "luf_tui", "completion", "bash"]
    done = subprocess.run(
        words, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=True
    )
    path.write_text(done.stdout, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("luf-tui ex", ["explore", "export", "explain"]),
        ("luf-tui explore --without note-p", ["note-pending"]),
        ("luf-tui export --theme high", ["high-contrast"]),
        ("luf-tui export --form", ["--format"]),
        ("luf-tui export --format dia", ["diagram"]),
        ("luf-tui run tour/flush", ["tour/flush-before-reuse"]),
        ("luf-tui replay llm", []),
        ("luf-tui replay traces/llm", ["traces/llm-excerpt"]),
        ("luf-tui help mun", ["munmap"]),
        ("luf-tui completion f", ["fish"]),
    ],
)
def test_bash_completes_what_there_is(script: Path, words: str, completed: list[str]) -> None:
    asked = ASK.format(script=script, words=words)
    done = subprocess.run(
        ["bash", "-c", asked], capture_output=True, text=True, encoding="utf-8", check=False
    )

    assert "" == done.stderr
    assert completed == done.stdout.split()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_every_shell_has_every_command(luf_tui: Run, shell: str) -> None:
    done = luf_tui("completion", shell)

    assert (0, "") == (done.returncode, done.stderr)
    assert [] == [name for name in COMMANDS if name not in done.stdout]
    assert [] == [name for name in GUARDS if name not in done.stdout]


def test_the_manual_page_has_every_command_and_every_option(luf_tui: Run) -> None:
    done = luf_tui("man")
    page = done.stdout.replace("\\-", "-")
    parser, commands = whole_parser()

    assert (0, "") == (done.returncode, done.stderr)
    assert page.startswith('.TH LUF-TUI "1"')
    for name, command in commands.items():
        heading = f".SH COMMAND \\fI\\,'luf-tui {name}'"
        part = page.partition(heading)[2].partition(".SH COMMAND")[0]
        for action in arguments(command):
            assert all(f"\\fB{option}\\fR" in part for option in action.option_strings)
    assert all(option in page for action in arguments(parser) for option in action.option_strings)


def test_the_manual_page_and_the_readme_tell_of_every_variable_of_the_environment() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "luf_tui").rglob("*.py"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"\"(LUF_TUI_\w+)\"", source))

    assert used
    assert used <= {name for name, _ in ENVIRONMENT}
    assert [] == [name for name, _ in ENVIRONMENT if f"`{name}`" not in readme]


@pytest.mark.parametrize(
    ("words", "module", "package"),
    [
        (("completion", "bash"), "shtab", "shtab"),
        (("man",), "argparse_manpage", "argparse-manpage"),
    ],
)
def test_without_the_library_it_is_told_how_to_get_it(
    luf_tui: Run, tmp_path: Path, words: tuple[str, ...], module: str, package: str
) -> None:
    (tmp_path / f"{module}.py").write_text("raise ImportError", encoding="utf-8")
    done = luf_tui(*words, PYTHONPATH=f"{tmp_path}:{ROOT}")

    assert (2, "") == (done.returncode, done.stdout)
    assert package in done.stderr
    assert "pip install 'luf-tui[shell]'" in done.stderr
