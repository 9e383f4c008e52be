"""`luf-tui check`: run scenarios, judge their expectations, summarise."""

from __future__ import annotations

import argparse
from pathlib import Path

from luf_tui import library
from luf_tui.commands import terminal, verdict
from luf_tui.commands.programs import add_policy
from luf_tui.errors import InputError, LufError
from luf_tui.runs.opening import play_file, program, scenario
from luf_tui.script.program import Program
from luf_tui.timeline.tell.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="scenario files, and folders of them; the shipped ones if none is named",
    )
    add_policy(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Check every scenario and print a line for each, then the total."""
    counts = {"held": 0, "failed": 0, "refused": 0, "unreadable": 0, "interrupted": 0}
    results: dict[str, object] = {}
    worst = terminal.HELD
    for path, name in scenarios(args.paths, "the whole run is judged"):
        code, word, note, reasons = checked(path, args.policy, args.without)
        worst = max(worst, code)
        counts[word] += 1
        results[str(path)] = {"verdict": word, "reasons": list(reasons)}
        if not args.json:
            terminal.put(f"{word:<10}  {name}{note}")
        for reason in reasons:
            terminal.say(reason)
        if code == terminal.INTERRUPTED:
            break
    total = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    if args.json:
        terminal.put_json({"scenarios": results, **counts})
    else:
        terminal.put(f"{counted(sum(counts.values()), 'scenario')}: {total}")
    return worst


def scenarios(words: list[str], done: str) -> list[tuple[Path, str]]:
    """Files to check, with what to call them; folders are searched. `done` says what is done with
    each where a place in it is said.

    Raises LufError when a path is missing or there is nothing to check.
    """
    if not words:
        found = [(one.path, one.name) for one in library.shipped()]
        if not found:
            raise LufError(f"{library.scenarios_dir()}: no scenarios there")
        return found
    files: list[tuple[Path, str]] = []
    unread: list[OSError] = []
    for word in words:
        path = scenario(
            word,
            "expects nothing, and what its CPUs read is not known: there is "
            "nothing to judge; `luf-tui run {0}` plays it, `luf-tui replay {0}` counts",
            done,
            terminal.say,
        )
        inside = library.scenario_files(path, unread.append) if path.is_dir() else [path]
        if not inside:
            raise LufError(nothing_in(word, unread))
        files += [(file, library.name_of(file)) for file in inside]
    if unread:
        first = f"{unread[0].filename}: {unread[0].strerror}"
        terminal.say(f"{counted(len(unread), 'folder')} could not be looked into, first {first}")
    return files


def nothing_in(word: str, unread: list[OSError]) -> str:
    """What to say of a folder in which no scenario was found, or that could not be looked into."""
    for error in unread:
        return f"{error.filename}: {error.strerror}"
    return f"{word}: no scenarios (*{library.SUFFIX}) in this folder"


def programs(words: list[str], done: str) -> tuple[list[tuple[str, Program]], int]:
    """The programs of files and folders that can be read, each with what to call it, and the exit
    code: what cannot be read is told and left out. Raises what `scenarios` raises, and LufError
    when nothing is left.
    """
    found: list[tuple[str, Program]] = []
    code = terminal.HELD
    for path, name in scenarios(words, done):
        try:
            found.append((name, program(path)))
        except InputError as error:
            terminal.say(str(error))
            code = terminal.BAD_INPUT
    if not found:
        raise LufError("none of these files can be read; `luf-tui check` judges them one by one")
    return found, code


def checked(
    path: Path, policy: str | None, without: list[str]
) -> tuple[int, str, str, tuple[str, ...]]:
    """One scenario's exit code, verdict, a few figures, and what was wrong with it."""
    try:
        run = play_file(path, policy, without)
    except InputError as error:
        return terminal.BAD_INPUT, "unreadable", "", (str(error),)
    judged = verdict.judged(run)
    held = sum(one.held for one in run.outcomes)
    note = f"  ({held} of {len(run.outcomes)} expectations, {run.steps} micro-steps)"
    return judged.code, judged.word, note, judged.reasons
