"""The history of a thing is told in the machine's words, for every field that a scenario writes."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

import luf_tui
from luf_tui import library
from luf_tui.machine.refs import Ref
from luf_tui.timeline.ask import history
from luf_tui.timeline.timeline import Timeline

NUMBERS = {
    "asid.gen", "cpu.asid", "cpu.next_asid", "cpu.victim", "frame.mapcount", "frame.mark",
    "frame.order", "frame.pins", "frame.refs", "inode.size", "kobject.order", "lists.count",
    "mm.batched_flushed", "mm.batched_pending", "mm.flush_pending", "mm.readers", "mm.tlb_gen",
    "swap.users", "task.capture", "zone.free",
}  # fmt: skip
"""What is a count, an order or a generation. Frames, pages, CPUs, flags and contents are words."""
SHOWN = (
    "asid", "cpu", "file_page", "frame", "inode", "kobject", "lists", "mm", "pte", "swap", "table",
    "task", "tlb", "vma", "zone",
)  # fmt: skip
"""Regions of what a pane shows."""
KINDS = {
    r"frame|gathered|head|tail|next|prev|target": r"f\d+|none|the zero page",
    r"cpumask|ipis|issued": r"(cpu\d+ ?)+|none",
    r"cpu|handling": r"cpu\d+|none",
    r"writable|dirty|accessed|alive|lazy|offline|irqs_off|locked_out|mapped|shared": r"yes|no",
    r"vpn": r"\w+\.\d+|none|.*", r"file_page": r"\w+\.\d+|none",
}  # fmt: skip


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """Everything that a history tells of each field, over all shipped scenarios."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in library.shipped():
        run = luf_tui.open(str(entry.path)).timeline
        for name in SHOWN:
            for record in run.machine.regions.get(name, ()):
                for write in history.history(run, Ref(name, record.index)):
                    _, _, words = history.changed(run, write).partition(" ")
                    found[f"{name}.{write.ref.field}"] |= set(words.split(" → "))
    return found


def test_only_what_is_a_number_is_told_as_one(told: dict[str, set[str]]) -> None:
    numbers = {field for field, words in told.items() if any(word.isdigit() for word in words)}

    assert set() == numbers - NUMBERS


def test_each_kind_of_field_is_told_in_its_words(told: dict[str, set[str]]) -> None:
    for field, words in told.items():
        _, _, name = field.partition(".")
        for names, expected in KINDS.items():
            if re.fullmatch(names, name):
                wrong = {word for word in words if not re.fullmatch(expected, word)}
                assert set() == wrong, field


@pytest.fixture(scope="module")
def tour() -> Timeline:
    return luf_tui.open("tour/flush-before-reuse").timeline


def history_of(run: Timeline, ref: Ref) -> list[str]:
    return [history.changed(run, write) for write in history.history(run, ref)]


def test_a_translation_is_told_with_its_page_and_its_frame(tour: Timeline) -> None:
    told = {
        line for record in tour.machine.tlb for line in history_of(tour, Ref("tlb", record.index))
    }

    assert {"vpn none → text.0", "frame none → f0", "mm none → app"} <= told


def test_a_page_table_entry_is_told_with_frame_and_rights(tour: Timeline) -> None:
    told = {
        line for record in tour.machine.pte for line in history_of(tour, Ref("pte", record.index))
    }

    assert {"frame none → f0", "kind none → present", "writable no → yes"} <= told
