"""Broken recordings: what `replay` makes of traces with fields, lines and bytes spoilt.

    python -m tests.trace_mutants TRACE… [--mutants 10000] [--seed 1] [--seconds 20]
                                  [--megabytes 500] [--keep DIR]

Each mutant is a window of a recording with some damage, read and replayed in this process. It may
be read or refused in a sentence; another exception, a replay that takes longer than `--seconds`,
or one that asks for more memory than `--megabytes` is a defect. The same seed makes the same
mutants. Exits 1 if there was a defect; Ctrl-C ends it with what was found until then.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import re
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from luf_tui.errors import LufError
from luf_tui.ftrace.replay.csv_files import csv_files
from luf_tui.ftrace.replay.report_page import as_page
from luf_tui.runs.replayed import Replayed, replay

POLICIES = (("luf",), ("eager",), ("batched", "luf"))
"""Under which policies a mutant is replayed, one after the other."""
_LINES = 400
_NUMBER = re.compile(r"(?:0x)?[0-9a-f]{0,30}[0-9][0-9a-f]{0,30}")
_EXTREME = (
    "-1", "0", "1", "2", "4", "9", "10", "11", "18", "63", "64", "65", "255", "256", "1023", "1024",
    "4096", "65535", "65536", "99999", "2147483647", "2147483648", "4294967295", "4294967296",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
    "0x0", "0x1", "0xfff", "0x7fffffffffff", "0x800000000000", "0xffffffffff", "0x10000000000",
    "0xffffea0000000000", "0xffd4000000000000", "0xffffffffffffffff", "0x10000000000000000",
    "0x" + "f" * 20, "1" * 5000, "1e300", "nan", "inf", "1_0", "-9223372036854775809",
    "100000000000", "٣", "²", "", "-", "0x", "deadbeef", "3.5",
)  # fmt: skip

Mutation = Callable[[random.Random, list[str]], None]


def _field(chance: random.Random, lines: list[str]) -> None:
    """A number becomes another one, most of the time one at the edge of a bound."""
    at = chance.randrange(len(lines))
    found = list(_NUMBER.finditer(lines[at]))
    if found:
        number = chance.choice(found)
        new = chance.choice(_EXTREME)
        if chance.random() < 0.3:
            new = f"{chance.getrandbits(chance.choice((4, 12, 40, 64))):#x}"
        lines[at] = lines[at][: number.start()] + new + lines[at][number.end() :]


def _letter(chance: random.Random, lines: list[str]) -> None:
    at = chance.randrange(len(lines))
    if lines[at]:
        place = chance.randrange(len(lines[at]))
        new = chance.choice("0123456789abcdef -:=()[]|.,\t\r\x1b\u00e9\ufffd")
        lines[at] = lines[at][:place] + new + lines[at][place + chance.randrange(3) :]


def _cut(chance: random.Random, lines: list[str]) -> None:
    at = chance.randrange(len(lines))
    lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]


def _merge(chance: random.Random, lines: list[str]) -> None:
    """Two lines torn into one another."""
    one, other = (lines[chance.randrange(len(lines))] for _ in range(2))
    at = chance.randrange(len(lines))
    lines[at] = one[: chance.randrange(len(one) + 1)] + other[chance.randrange(len(other) + 1) :]


def _drop(chance: random.Random, lines: list[str]) -> None:
    at = chance.randrange(len(lines))
    del lines[at : at + chance.choice((1, 1, 1, 2, 30))]
    lines or lines.append("")


def _repeat(chance: random.Random, lines: list[str]) -> None:
    at = chance.randrange(len(lines))
    piece = lines[at : at + chance.choice((1, 1, 2, 20))]
    lines[at:at] = piece * chance.choice((1, 1, 2, 5))


def _move(chance: random.Random, lines: list[str]) -> None:
    line = lines.pop(chance.randrange(len(lines)))
    lines.insert(chance.randrange(len(lines) + 1), line)


def _other_place(chance: random.Random, lines: list[str]) -> None:
    """An event is printed by another task, on another CPU."""
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    place, event = lines[one].partition(": ")[0], lines[other].partition(": ")[2]
    lines[other] = f"{place}: {event}"


def _other_event(chance: random.Random, lines: list[str]) -> None:
    """An event has the fields of another one."""
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    head, _, tail = lines[other].partition(": ")
    name = tail.partition(": ")[0]
    fields = lines[one].partition(": ")[2].partition(": ")[2]
    lines[other] = f"{head}: {name}: {fields}"


def _insert(chance: random.Random, lines: list[str]) -> None:
    lost = chance.choice(_EXTREME)
    line = chance.choice(
        (
            f"CPU:2 [LOST {lost} EVENTS]",
            f"CPU:{lost} [EVENTS DROPPED]",
            "# tracer: nop",
            f"# entries-in-buffer/entries-written: {lost}/{lost}   #P:4",
            "# luf-tui record: recorder " + lost,
            "",
            " => try_to_migrate_one",
            "a" * 70_000,
            " " * 70_000,
            "-1" * 30_000,
        )
    )
    lines.insert(chance.randrange(len(lines) + 1), line)


def _everywhere(chance: random.Random, lines: list[str]) -> None:
    """One field of one kind of event is the same extreme in all lines."""
    names = re.findall(r"(\w+)[=:]", lines[chance.randrange(len(lines))])
    if names:
        name, new = chance.choice(names), chance.choice(_EXTREME)
        pattern = re.compile(rf"\b{name}([=:])\s?[^\s,]+")
        lines[:] = [pattern.sub(lambda match: f"{name}{match[1]}{new}", line) for line in lines]


MUTATIONS: tuple[Mutation, ...] = (
    _field, _field, _field, _field, _letter, _letter, _cut, _merge, _drop, _repeat, _move,
    _other_place, _other_event, _insert, _everywhere,
)  # fmt: skip


def mutants(recordings: Sequence[list[str]], seed: int, lines: int = _LINES) -> Iterator[str]:
    """Windows of recordings, each with one to twelve pieces of damage, without end."""
    number = 0
    while True:
        chance = random.Random(f"{seed}/{number}")
        number += 1
        whole = chance.choice(recordings)
        size = chance.choice((3, 20, lines // 4, lines, lines))
        start = chance.randrange(max(1, len(whole) - size))
        window = whole[start : start + size]
        for _ in range(chance.choice((1, 1, 2, 4, 12))):
            chance.choice(MUTATIONS)(chance, window)
        end = "" if chance.random() < 0.1 else "\n"
        yield "\n".join(window) + end


class Slow(BaseException):
    """A mutant took too long; nothing on the way up catches it."""


@contextmanager
def limited(seconds: float, megabytes: int) -> Iterator[None]:
    """End what takes too long with `Slow`, and what asks for too much memory with MemoryError."""

    def late(signal_number: int, frame: FrameType | None) -> None:
        raise Slow(f"line {frame.f_lineno} of {frame.f_code.co_filename}" if frame else "")

    held = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_DATA)
    handler = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    resource.setrlimit(resource.RLIMIT_DATA, (held + (megabytes << 20), before[1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _every_form(found: Replayed) -> None:
    """The report as text, as an object, as a page and as tables."""
    json.dumps(found.summary())
    assert all((str(found), as_page(found.figures), csv_files(found.figures)))


def outcome(
    path: Path, text: str, number: int = 0, *, seconds: float = 20, megabytes: int = 500
) -> str:
    """`replayed`, `refused`, or the defect in a line, which names the place in the code."""
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        with limited(seconds, megabytes):
            _every_form(replay(path, POLICIES[number % len(POLICIES)]))
    except LufError:
        return "refused"
    except (Exception, Slow) as error:  # noqa: BLE001 - any other is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "luf_tui" in frame.filename] or list(frames)
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
        return f"{type(error).__name__} at {where}: {str(error)[:100]}"
    return "replayed"


def read_lines(path: str | Path) -> list[str]:
    """The lines of a recording, which may be packed with xz."""
    data = Path(path).read_bytes()
    if data.startswith(b"\xfd7zXZ"):
        data = lzma.decompress(data)
    return data.decode("utf-8", "replace").split("\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("traces", nargs="+", metavar="TRACE")
    parser.add_argument("--mutants", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the defects here")
    args = parser.parse_args()
    made = mutants([read_lines(path) for path in args.traces], args.seed)
    found: Counter[str] = Counter()
    first: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        path = Path(folder) / "mutant.trace"
        for number in range(args.mutants):
            text = next(made)
            said = outcome(path, text, number, seconds=args.seconds, megabytes=args.megabytes)
            kind = re.sub(r": .*", "", said)
            found[kind] += 1
            if kind not in first:
                first[kind] = number
                if kind not in ("replayed", "refused"):
                    print(f"mutant {number}: {said}", flush=True)
                    if args.keep:
                        args.keep.mkdir(parents=True, exist_ok=True)
                        (args.keep / f"{number}.trace").write_text(text, "utf-8")
            if sys.stderr.isatty() and number % 50 == 0:
                print(f"\r{number} {dict(found)}", end="", file=sys.stderr)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    for kind, times in found.most_common():
        print(f"{times:6} {kind}, first mutant {first[kind]}")
    print(f"{found.total():6} mutants tried, peak memory {peak} MB")
    return int(bool(set(found) - {"replayed", "refused"}))


if __name__ == "__main__":
    sys.exit(main())
