"""The page of a run in a real browser: the same screens, both ways, for every reader."""

from __future__ import annotations

import re
from typing import Any

import pytest

from luf_tui.library import locate
from luf_tui.render import html as page
from luf_tui.render.formats import export
from luf_tui.render.page_data import KEYS
from luf_tui.render.screen_sequence import telling
from luf_tui.runs.opening import play_file
from luf_tui.timeline.ask.why import why_step
from luf_tui.timeline.navigate import moves
from luf_tui.timeline.script_lines import to_line
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui import actions
from luf_tui.view.palette import PALETTES
from tests.browser import browser, media, read, save, window
from tests.render_runs import hostile, tour

__all__ = ["browser"]

SIZE = (120, 40)
SHIFT, HOME, END, RIGHT, LEFT, DOWN, UP, ENTER, ESCAPE = (
    "\ue008", "\ue011", "\ue010", "\ue014", "\ue012", "\ue015", "\ue013", "\ue007", "\ue00c",
)  # fmt: skip
"""Keys as WebDriver writes them."""
NAMES = {
    "ArrowRight": "right", "ArrowLeft": "left", "ArrowDown": "down", "ArrowUp": "up",
    "Shift+ArrowRight": "shift+right", "Shift+ArrowLeft": "shift+left", "Home": "home",
    "End": "end", "Backspace": "backspace", "Escape": "escape", " ": "space", "F1": "f1",
}  # fmt: skip


@pytest.fixture(scope="module")
def run() -> Timeline:
    return tour()


@pytest.fixture
def opened(browser: Any, run: Timeline, tmp_path: Any) -> Any:
    """The page of the tour, at its start."""
    media(browser)
    window(browser, 1400, 900)
    browser.get(save(tmp_path, export(run, 0, "html", *SIZE, theme="")))
    return browser


def press(browser: Any, *keys: str) -> None:
    browser.switch_to.active_element.send_keys("".join(keys))


def step(browser: Any) -> int:
    return int(browser.execute_script("return here"))


def shown(run: Timeline, at: int) -> str:
    return export(run, at, "txt", *SIZE).rstrip("\n")


def test_a_page_walks_both_ways_and_shows_the_screens_of_the_run(
    opened: Any, run: Timeline
) -> None:
    first, *_, last = telling(run, range(run.steps + 1))
    walk = (
        (RIGHT * 7, 7), (LEFT * 2, 5), ("n", first), ("<", first - 10), (END, run.steps),
        ("N", last), (LEFT, last - 1), (">", last + 9), (HOME, 0), ("]", 0), ("N", 0),
    )  # fmt: skip
    for keys, expected in walk:
        press(opened, keys)

        assert expected == step(opened)
        assert shown(run, expected) == read(opened, "#screen")
        assert f"step {expected}/71" in opened.find_element("id", "said").text


def test_lines_and_events_are_walked_as_in_the_app(opened: Any, run: Timeline) -> None:
    at = 0
    for key, move in (
        (DOWN, moves.next_item),
        ("j", moves.next_item),
        (".", moves.next_event),
        (DOWN, moves.next_item),
        (UP, moves.previous_item),
        (",", moves.previous_event),
        ("k", moves.previous_item),
    ):
        press(opened, key)
        at = move(run, at)

        assert at == step(opened)


def test_a_page_has_the_keys_of_the_app() -> None:
    for name, keys, _, _ in KEYS:
        known = {actions.key_sign(key) for key in actions.BY_ID[name].keys}
        assert {actions.key_sign(NAMES.get(key, key)) for key in keys} <= known, name


def test_a_script_line_and_the_strip_lead_where_they_stand_for(opened: Any, run: Timeline) -> None:
    there = to_line(run, 12)
    line = opened.find_element("css selector", f'#screen [data-to="{there}"]')
    line.click()

    assert there == step(opened) > 0
    press(opened, "\ue003")
    assert 0 == step(opened)


def test_a_thing_that_is_chosen_is_lit_wherever_it_stands(opened: Any) -> None:
    press(opened, "n", "n")
    mark = next(
        one for one in opened.find_elements("css selector", "#screen [data-is]")
        if one.text.startswith("f0")
    )  # fmt: skip
    mark.click()
    lit = opened.find_elements("css selector", ".lit")

    assert 3 <= len(lit)
    assert {mark.get_attribute("data-is")} == {one.get_attribute("data-is") for one in lit}
    press(opened, ESCAPE)
    assert not opened.find_elements("css selector", ".lit")


def test_why_says_what_led_to_the_step_and_leads_there(opened: Any, run: Timeline) -> None:
    press(opened, "n", "n", "w")
    links = why_step(run, step(opened))[0]
    told = opened.find_elements("css selector", "#because li")

    assert [f"{link.step}{link.text}" for link in links] == [
        one.get_attribute("textContent") for one in told
    ]
    told[1].find_element("tag name", "button").click()
    assert links[1].step == step(opened)


def test_a_page_goes_to_a_step_or_a_line_that_is_typed(opened: Any, run: Timeline) -> None:
    line = to_line(run, 25)
    walk = (("21", 21), ("+5", 26), ("L25", line), ("-1", line - 1), ("nowhere", line - 1))
    for word, expected in walk:
        press(opened, ":")
        press(opened, word, LEFT, ENTER)

        assert expected == step(opened)


def test_a_page_follows_the_system_of_its_reader(opened: Any) -> None:
    def ground() -> str:
        found = opened.execute_script(
            "return getComputedStyle(document.documentElement).backgroundColor"
        )
        return "#" + "".join(f"{int(one):02x}" for one in re.findall(r"\d+", found)[:3])

    for scheme in ("dark", "light"):
        media(opened, prefers_color_scheme=scheme)
        assert PALETTES[scheme].background == ground()
    media(opened, prefers_color_scheme="dark", prefers_contrast="more")
    assert PALETTES["high-contrast"].background == ground()
    seen = set()
    for _ in PALETTES:
        press(opened, "t")
        seen.add(ground())
    assert {one.background for one in PALETTES.values()} == seen


def test_who_wants_less_motion_gets_a_step_a_second(opened: Any) -> None:
    kept = "window.asked = []; window.setInterval = (_, every) => asked.push(every);"
    opened.execute_script(kept)
    press(opened, " ", " ")
    media(opened, prefers_reduced_motion="reduce")
    press(opened, " ", " ")

    assert [250, 1000] == opened.execute_script("return asked")


@pytest.mark.parametrize(("width", "height"), [(1000, 700), (1400, 900), (2200, 1300)])
def test_a_page_fills_its_window(opened: Any, width: int, height: int) -> None:
    window(opened, width, height)
    for keys in ("", "w"):
        if keys:
            press(opened, keys)
        box = opened.execute_script(
            "const b = document.getElementById('screen').getBoundingClientRect();"
            "return [b.right, b.bottom, document.documentElement.scrollWidth,"
            "document.querySelector('nav').getBoundingClientRect().bottom, b.width]"
        )

        assert box[0] <= width
        assert box[2] <= width
        assert box[1] <= box[3] <= height
    opened.execute_script("ask(false)")
    wide, tall = opened.execute_script(
        "const b = document.getElementById('screen').getBoundingClientRect();"
        "return [b.width / innerWidth, b.height / innerHeight]"
    )
    assert max(wide, tall) > 0.85


@pytest.mark.parametrize("make", [tour, hostile])
def test_every_row_is_as_wide_as_the_screen(browser: Any, tmp_path: Any, make: Any) -> None:
    run = make()
    window(browser, 1400, 900)
    browser.get(save(tmp_path, export(run, run.steps, "html", *SIZE, theme="")))
    widths = browser.execute_script(
        "return [...document.querySelectorAll('#screen>span')].map((row) => {"
        "const range = document.createRange(); range.selectNodeContents(row);"
        "return range.getBoundingClientRect().width })"
    )

    assert SIZE[1] == len(widths)
    assert max(widths) - min(widths) < 2


def test_a_page_fetches_nothing_and_says_no_error(opened: Any) -> None:
    press(opened, "n", "w", "t", "?")

    assert [] == opened.execute_script("return performance.getEntriesByType('resource')")
    assert [] == opened.get_log("browser")


def test_a_page_can_be_heard(opened: Any) -> None:
    press(opened, RIGHT)
    spoken = opened.find_element("id", "spoken")

    assert "status" == spoken.get_attribute("role")
    assert re.match(r"step 1/71.*\. \w", spoken.get_attribute("textContent"))
    for control in opened.find_elements("css selector", "button, input, select"):
        assert control.accessible_name or not control.is_displayed(), control.get_attribute("id")
    assert "Flush before reuse" in opened.find_element("tag name", "h1").get_attribute(
        "textContent"
    )
    press(opened, "?")
    assert opened.find_element("id", "help").is_displayed()
    press(opened, ESCAPE)
    assert not opened.find_element("id", "help").is_displayed()


def test_a_page_that_would_be_too_large_has_fewer_steps_and_says_so(
    run: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = export(run, 30, "html", *SIZE)
    monkeypatch.setattr(page, "LARGEST", len(whole) // 2)
    some = export(run, 30, "html", *SIZE)

    assert len(some) < len(whole) * 3 // 4
    assert "This page has steps" not in whole
    assert re.search(r"This page has steps \d+ to \d+ of 71", some)


def test_what_went_wrong_stands_in_a_page(browser: Any, tmp_path: Any) -> None:
    run = play_file(locate("tour/flush-before-reuse"), None, ("flush-before-reuse",))
    browser.get(save(tmp_path, export(run, 0, "html", *SIZE, theme="")))
    found = browser.find_elements("css selector", "#found button")

    assert run.findings[0].message in found[0].text
    found[0].click()
    assert run.step_of_event(run.finding_events[0]) == step(browser)
    assert browser.find_element("id", "why").is_displayed()


def test_a_word_of_the_screen_that_is_an_action_does_it(browser: Any, tmp_path: Any) -> None:
    run = play_file(locate("tour/flush-before-reuse"), None, ("flush-before-reuse",))
    at = run.step_of_event(run.finding_events[-1])
    browser.get(save(tmp_path, export(run, at, "html", *SIZE, theme="")))
    browser.find_element("css selector", "#screen [data-does=why]").click()

    assert browser.find_element("id", "why").is_displayed()
