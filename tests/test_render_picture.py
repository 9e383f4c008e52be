"""Pictures: lines are drawn where the characters would stand."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from luf_tui.render.formats import export
from luf_tui.render.strokes import CHAR, LINE, SHAPES, Strokes, without
from tests.render_runs import hostile, tour

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+\.?\d*|\.\d+")


def drawn(text: str) -> list[ET.Element]:
    strokes = Strokes()
    strokes.add(text, 100.0, 50.0, "#123456")
    return [ET.fromstring(one) for one in strokes.elements()]


def reached(path: str) -> list[tuple[float, float]]:
    """The points that a path made of M, m, h, v and q touches."""
    x = y = 0.0
    found = []
    for command, rest in re.findall(r"([Mmhvq])([^Mmhvq]*)", path):
        given = [float(one) for one in NUMBER.findall(rest)]
        if command == "M":
            x, y = given
        else:
            x += 0.0 if command == "v" else given[0] if command == "h" else given[-2]
            y += 0.0 if command == "h" else given[-1]
        found.append((x, y))
    return found


@pytest.mark.parametrize("char", SHAPES)
def test_a_line_stays_in_the_cell_of_its_character(char: str) -> None:
    points = [point for path in drawn(f"ab{char}") for point in reached(path.get("d", ""))]

    assert points
    for x, y in points:
        assert 100 + 2 * CHAR - 0.1 <= x <= 100 + 3 * CHAR + 0.1
        assert 50 - 0.1 <= y <= 50 + LINE + 0.1


def test_neighbouring_lines_are_one() -> None:
    (path,) = drawn("───")

    assert f"M100.0 59.0h{3 * CHAR:.1f}" == path.get("d")


@pytest.mark.parametrize("upper", "│├╭╮┌┬┼┐┤")
def test_a_line_down_meets_the_one_below(upper: str) -> None:
    x = 100 + CHAR / 2
    ends = [point for path in drawn(upper) for point in reached(path.get("d", ""))]
    starts = [point for path in drawn("│") for point in reached(path.get("d", ""))]

    assert (x, 50 + LINE) in [(round(a, 1), round(b, 1)) for a, b in ends]
    assert (x, 50.0) in [(round(a, 1), round(b, 1)) for a, b in starts]


def test_light_and_heavy_lines_are_told_apart() -> None:
    weights = [float(path.get("stroke-width", "0")) for path in drawn("─━")]

    assert weights[0] < weights[1]


def test_what_is_no_line_is_left_as_text() -> None:
    assert "   access ◆ x" == without("├─ access ◆ x")
    assert [] == drawn("access ◆ ░ x")


def test_every_word_of_a_screen_is_in_its_picture() -> None:
    run = tour()
    shown = ET.fromstring(export(run, 20, "svg", 120, 40))
    words = " ".join(element.text or "" for element in shown.iter(f"{SVG}text")).split()
    screen = without(export(run, 20, "txt", 120, 40)).split()

    assert "".join(screen) == "".join(words)


@pytest.mark.parametrize("step", [4, 20, 34])
def test_a_picture_counts_on_nobody_to_keep_spaces(step: int) -> None:
    shown = ET.fromstring(export(tour(), step, "svg", 120, 40))

    assert not [one.text for one in shown.iter(f"{SVG}text") if "  " in (one.text or "")]


def test_a_picture_is_called_after_its_run_and_step() -> None:
    title = ET.fromstring(export(hostile(), 2, "svg", 80, 24)).findtext(f"{SVG}title", "")

    assert title.startswith("</script><b>漢字 [luf] tlb[cpu0][/] ··[2J, step 2 of ")


def test_what_stands_apart_is_drawn_apart() -> None:
    """Not every reader of a picture keeps more than one space."""
    shown = ET.fromstring(export(tour(), 20, "svg", 120, 40))

    assert all("  " not in (element.text or "") for element in shown.iter(f"{SVG}text"))
