"""The report of a replay, and the command that prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luf_tui import cli
from luf_tui.ftrace.replay.table import HEADS
from luf_tui.ftrace.replay.text_table import span

ROOT = Path(__file__).parent.parent
LLM = str(ROOT / "scenarios" / "traces" / "llm-excerpt.trace.xz")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0 s"), (2e-9, "2 ns"), (3e-5, "30 µs"), (1.5, "1.5 s")]
)
def test_times_are_told_in_a_fitting_unit(seconds: float, text: str) -> None:
    assert text == span(seconds)


KEYS = {
    "": "version trace lines lost unparsed seconds cpus release recorder kernel baseline agreement "
    "can_tell costs recorded policies tables not_known",
    "recorded": "shootdowns received unmaps unmaps_readonly unmaps_unsure bill",
    "policies": "shootdowns deferred paid_at_takeoff paid_for_other_reasons pending_at_end "
    "interrupted_cpus interrupts reduction for_unmaps requested not_deferred payers callers "
    "debt_seconds debt_events bill bounds withheld most_owing",
    "bill": "shootdowns unheard interrupts waiting_ms interrupted_ms share",
    "bounds": "least most",
    "costs": "ipi ipi_per_target handler invlpg full_flush",
}
"""Keys of the object, and of the objects in it."""


def test_json_has_the_documented_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == cli.main(["replay", LLM, "--policies", "eager,luf", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (1400, 0, 0) == (found["lines"], found["lost"], found["unparsed"])
    recorded = {"shootdowns": 140, "received": 22, "unmaps": 140, "unmaps_readonly": 140}
    assert recorded.items() <= found["recorded"].items()
    assert ["eager", "luf"] == list(found["policies"])
    luf = found["policies"]["luf"]
    objects = {"": found, "recorded": found["recorded"], "policies": luf, "costs": found["costs"]}
    objects |= {"bill": luf["bill"], "bounds": luf["bounds"]}
    assert {name: set(keys.split()) for name, keys in KEYS.items()} == {
        name: set(keys) for name, keys in objects.items()
    }


def test_every_key_and_every_column_of_a_table_is_in_the_readme(
    capsys: pytest.CaptureFixture[str],
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 0 == cli.main(["replay", LLM, "--json"])
    tables = json.loads(capsys.readouterr().out)["tables"]
    named = [*HEADS, *(column for head in HEADS.values() for column in head)]
    assert list(HEADS) == list(tables)
    named += [key for keys in KEYS.values() for key in keys.split() if key != "version"]
    assert [] == [name for name in dict.fromkeys(named) if f"`{name}`" not in readme]


def test_the_table_says_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == cli.main(["replay", LLM])
    text = capsys.readouterr().out
    for said in ("recorded", "batched", "pages freed owing a flush", "TLBs", "run"):
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


@pytest.mark.parametrize("price", ["ipi", "ipi-per-target", "handler", "invlpg", "full-flush"])
def test_the_prices_that_are_said_are_those_of_the_model(
    price: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flag = {
        "ipi": "--cost-ipi",
        "ipi-per-target": "--cost-ipi-per-target",
        "handler": "--cost-handler",
        "invlpg": "--cost-invlpg",
        "full-flush": "--cost-full-flush",
    }[price]
    spent = []
    for words in ([], [flag, "900000"]):
        assert 0 == cli.main(["replay", LLM, "--policies", "eager,batched", "--json", *words])
        bills = json.loads(capsys.readouterr().out)["policies"]
        spent.append(sum(one["bill"]["waiting_ms"] for one in bills.values()))
        spent[-1] += sum(one["bill"]["interrupted_ms"] for one in bills.values())
    assert spent[0] < spent[1]


@pytest.mark.parametrize("said", ["-1", "1.5", "1e3", "9999999999", "٣"])
def test_a_price_is_a_number_of_nanoseconds(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == cli.main(["replay", LLM, f"--cost-ipi={said}"])
    assert "no time from 0 to" in capsys.readouterr().err
