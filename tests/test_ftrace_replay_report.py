"""The report of a replay, and the command that prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luf_tui import cli
from luf_tui.ftrace.replay import histogram

ROOT = Path(__file__).parent.parent
LLM = str(ROOT / "scenarios" / "traces" / "llm-excerpt.trace.xz")


def test_bins_are_powers_of_ten_and_hold_every_value() -> None:
    assert [(0.0, 0.0, 1), (1.0, 10.0, 2), (10.0, 100.0, 0), (100.0, 1000.0, 1)] == [
        (low, pytest.approx(high), count) for low, high, count in histogram.bins([0, 1, 9, 100])
    ]


def test_no_value_is_no_histogram() -> None:
    assert [] == histogram.draw([])


def test_the_longest_bar_is_the_widest_and_none_above_nothing_is_empty() -> None:
    few, many = histogram.draw([1.0] + [20.0] * 10_000, width=10)
    assert few.endswith("▏")
    assert many.endswith("█" * 10)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0 s"), (2e-9, "2 ns"), (3e-5, "30 µs"), (1.5, "1.5 s")]
)
def test_times_are_told_in_a_fitting_unit(seconds: float, text: str) -> None:
    assert text == histogram.span(seconds)


def test_json_has_the_documented_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == cli.main(["replay", LLM, "--policies", "eager,luf", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (1400, 0, 0) == (found["lines"], found["lost"], found["unparsed"])
    recorded = {"shootdowns": 140, "received": 22, "unmaps": 140, "unmaps_readonly": 140}
    assert recorded == found["recorded"]
    assert ["eager", "luf"] == list(found["policies"])
    keys = {"shootdowns", "deferred", "paid_at_takeoff", "pending_at_end", "interrupted_cpus"}
    assert keys <= set(found["policies"]["luf"])


def test_the_table_says_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == cli.main(["replay", LLM])
    text = capsys.readouterr().out
    for said in ("recorded", "batched", "pages freed owing a flush", "not known", "TLBs"):
        assert said in text


def test_the_text_says_what_the_figures_rest_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == cli.main(["replay", LLM])
    text = capsys.readouterr().out
    assert "base of vmemmap inferred from 140 pages" in text
    assert "types of migration entries: 27 read-only" in text
    assert "unmaps probed and not confirmed: 1\n" in text
    assert "foretell the recorded IPIs of 139 of 140 unmaps" in text


def test_an_unknown_policy_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == cli.main(["replay", LLM, "--policies", "lufe"])
    assert "did you mean 'luf'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"\0\1\2\3" * 99, "binary"),
        (b"hello\nworld\n", "line of a kernel trace"),
    ],
)
def test_what_is_no_trace_is_bad_input(
    data: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.trace"
    path.write_bytes(data)
    assert 2 == cli.main(["replay", str(path)])
    assert said in capsys.readouterr().err


def test_a_file_cut_short_gives_figures_of_what_there_is_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cut.trace.xz"
    path.write_bytes(Path(LLM).read_bytes()[:-4000])
    code = cli.main(["replay", str(path)])
    told = capsys.readouterr()
    assert 2 == code
    assert "cut short" in told.err
