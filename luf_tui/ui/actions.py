"""Everything a person can do in the app, once: key bindings, the hint line, the help screen and
the command palette all read this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from luf_tui.ui import key_names
from luf_tui.ui.features import (
    bookmark_list,
    branching,
    editing,
    guard_switching,
    jumping,
    lanes,
    linking,
    quiz,
    race_diagram,
    rest,
    side_by_side,
    touring,
    watching,
    words_asked,
)
from luf_tui.ui.keymap import rebound

if TYPE_CHECKING:
    from luf_tui.ui.screens.gallery import Gallery
    from luf_tui.ui.screens.run_screen import RunScreen
    from luf_tui.ui.session import Reply

STEPPER, GALLERY = "stepper", "gallery"

MOVE, JUMP, PLAY, STOP, LOOK, ASK, RUN, APP = (
    "Step",
    "Jump",
    "Play",
    "Breakpoints and bookmarks",
    "Look",
    "Ask",
    "Scenario and policy",
    "App",
)
GROUPS = (MOVE, JUMP, PLAY, STOP, LOOK, ASK, RUN, APP)
"""Headings of the help screen, in order."""

KEY_SIGNS = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "shift+left": "⇧←",
    "shift+right": "⇧→",
    "shift+tab": "⇧tab",
    "comma": ",",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "question_mark": "?",
    "exclamation_mark": "!",
    "colon": ":",
    "slash": "/",
    "apostrophe": "'",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "backspace": "⌫",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "f1": "F1",
    "enter": "⏎",
}
"""How a key's name is shown; other keys are shown as they are."""


@frozen
class Action:
    """One thing to do: its name, the keys for it, what it says, and what does it."""

    id: str
    keys: tuple[str, ...]
    label: str
    """A word or two, for the hint line."""
    description: str
    """A line, for the help screen and the palette."""
    group: str
    run: Callable[[RunScreen], Reply | None] | None = None
    """Does it on the screen of a run, where that knows it; what is answered is told."""
    gallery: Callable[[Gallery], Reply | None] | None = None
    """Does it in the gallery, where that knows it."""

    @property
    def where(self) -> tuple[str, ...]:
        """The screens that know it."""
        known = ((STEPPER, self.run), (GALLERY, self.gallery))
        return tuple(name for name, does in known if does is not None)

    @property
    def key(self) -> str:
        """The first key as a person reads it."""
        return key_sign(self.keys[0]) if self.keys else ""

    @property
    def all_keys(self) -> str:
        """All keys as a person reads them."""
        return " ".join(key_sign(key) for key in self.keys)


def key_sign(key: str) -> str:
    """What a key is called on screen."""
    return KEY_SIGNS.get(key, key)


def _to_pane(screen: RunScreen, number: int) -> Reply | None:
    return screen.to_pane(number)


_TABLE: tuple[Action, ...] = (
    # One step of each grain, both ways
    Action(
        "forward", ("right",), "step", "One micro-step on", MOVE,
        run=lambda screen: screen.navigation.move("next_step"),
    ),
    Action(
        "back", ("left",), "back", "One micro-step back", MOVE,
        run=lambda screen: screen.navigation.move("previous_step"),
    ),
    Action(
        "next-event", ("shift+right", "full_stop"), "event",
        "To the next micro-step with an event", MOVE,
        run=lambda screen: screen.navigation.move("next_event"),
    ),
    Action(
        "previous-event", ("shift+left", "comma"), "event back",
        "To the previous micro-step with an event", MOVE,
        run=lambda screen: screen.navigation.move("previous_event"),
    ),
    Action(
        "next-line", ("down", "j"), "line", "To the end of this script line, or the next one",
        MOVE,
        run=lambda screen: screen.navigation.move("next_item"),
    ),
    Action(
        "previous-line", ("up", "k"), "line back", "To the end of the script line before", MOVE,
        run=lambda screen: screen.navigation.move("previous_item"),
    ),
    Action(
        "forward-ten", ("greater_than_sign",), "ten on", "Ten micro-steps on", MOVE,
        run=lambda screen: screen.navigation.move("next_step", 10),
    ),
    Action(
        "back-ten", ("less_than_sign",), "ten back", "Ten micro-steps back", MOVE,
        run=lambda screen: screen.navigation.move("previous_step", 10),
    ),
    Action(
        "list-down", ("down", "j"), "down", "To the next scenario", MOVE,
        gallery=lambda screen: screen.in_list("down"),
    ),
    Action(
        "list-up", ("up", "k"), "up", "To the scenario before", MOVE,
        gallery=lambda screen: screen.in_list("up"),
    ),
    Action(
        "list-page-down", ("pagedown",), "page", "A page on", MOVE,
        gallery=lambda screen: screen.in_list("pagedown"),
    ),
    Action(
        "list-page-up", ("pageup",), "page back", "A page back", MOVE,
        gallery=lambda screen: screen.in_list("pageup"),
    ),
    Action(
        "list-home", ("home",), "first", "To the first scenario", MOVE,
        gallery=lambda screen: screen.in_list("home"),
    ),
    Action(
        "list-end", ("end",), "last", "To the last scenario", MOVE,
        gallery=lambda screen: screen.in_list("end"),
    ),
    Action(
        "preview-down", ("right_curly_bracket",), "scroll", "Scroll the script", LOOK,
        gallery=lambda screen: screen.scroll(1),
    ),
    Action(
        "preview-up", ("left_curly_bracket",), "scroll up", "Scroll the script up", LOOK,
        gallery=lambda screen: screen.scroll(-1),
    ),
    Action(
        "list-open", ("enter", "right"), "open", "Open the scenario", JUMP,
        gallery=lambda screen: screen.in_list("enter"),
    ),
    Action(
        "list-filter", ("slash",), "filter", "Show only scenarios with what is typed", JUMP,
        gallery=lambda screen: screen.begin_filter(),
    ),
    Action(
        "list-back", ("escape", "left"), "back", "Back to the run that is open", JUMP,
        gallery=lambda screen: screen.back(),
    ),
    # Further away
    Action(
        "start", ("home",), "start", "To the power-on state", JUMP,
        run=lambda screen: screen.navigation.jump("start"),
    ),
    Action(
        "end", ("end",), "end", "To the last micro-step", JUMP,
        run=lambda screen: screen.navigation.jump("end"),
    ),
    Action(
        "next-match", ("n",), "next", "To the next match of the search, or event followed", JUMP,
        run=lambda screen: screen.navigation.follow(1),
    ),
    Action(
        "previous-match", ("N",), "previous", "To the previous match, or event followed", JUMP,
        run=lambda screen: screen.navigation.follow(-1),
    ),
    Action(
        "follow", ("f",), "follow", "Choose the kinds of event to go to next", JUMP,
        run=lambda screen: screen.ask_kinds(),
    ),
    Action(
        "next-finding", ("right_square_bracket",), "next ✖", "To the next finding of the oracle",
        JUMP,
        run=lambda screen: screen.navigation.jump("next_finding"),
    ),
    Action(
        "first-failure", ("exclamation_mark",), "first ✖",
        "To the first violation or failed expectation of the run", JUMP,
        run=lambda screen: screen.navigation.jump("first_failure"),
    ),
    Action(
        "previous-finding", ("left_square_bracket",), "previous ✖",
        "To the previous finding of the oracle", JUMP,
        run=lambda screen: screen.navigation.jump("previous_finding"),
    ),
    Action(
        "goto", ("colon",), "go to", "Go to a step (21, +5, -5, 50%), a line (L12) or an event",
        JUMP,
        run=lambda screen: screen.ask_goto(),
    ),
    Action(
        "search", ("slash",), "search", "Search events: words, kinds, cpu1, f3, text.0", JUMP,
        run=lambda screen: screen.ask_search(),
    ),
    Action(
        "jump-back", ("backspace",), "jump back", "Back to where the last jump came from", JUMP,
        run=lambda screen: screen.navigation.jump_back(),
    ),
    # Playing
    Action(
        "play", ("space",), "play", "Play, or pause", PLAY,
        run=lambda screen: screen.play(),
    ),
    Action(
        "faster", ("plus", "equals_sign"), "faster", "Play faster", PLAY,
        run=lambda screen: screen.change_speed(1),
    ),
    Action(
        "slower", ("minus",), "slower", "Play slower", PLAY,
        run=lambda screen: screen.change_speed(-1),
    ),
    # Places to stop at and to come back to
    Action(
        "breakpoint", ("b",), "break", "Set or remove a breakpoint on the current script line",
        STOP,
        run=lambda screen: screen.navigation.toggle_here(),
    ),
    Action(
        "breakpoints", ("B",), "breakpoints",
        "List breakpoints; add one on an event or condition", STOP,
        run=lambda screen: screen.list_breakpoints(),
    ),
    Action(
        "continue", ("c",), "continue", "Run on to the next breakpoint", STOP,
        run=lambda screen: screen.navigation.run_on(1),
    ),
    Action(
        "continue-back", ("C",), "continue back", "Run back to the previous breakpoint", STOP,
        run=lambda screen: screen.navigation.run_on(-1),
    ),
    Action(
        "bookmark", ("m",), "mark", "Bookmark this place", STOP,
        run=lambda screen: screen.navigation.bookmark(),
    ),
    Action(
        "bookmarks", ("apostrophe",), "marks", "Go to a bookmark, or write a note on it", STOP,
        run=bookmark_list.begin,
    ),
    Action(
        "watch", ("A",), "watch",
        "Watch an expression: its value, what it was, where it changes", STOP,
        run=watching.begin,
    ),
    # What is shown
    Action(
        "changed", ("d",), "changed only", "Show only what the last step changed", LOOK,
        run=lambda screen: screen.session.toggle_changed(),
    ),
    Action(
        "level", ("l",), "words", "Narrate for a student, or with the kernel's functions", LOOK,
        run=lambda screen: screen.session.next_level(),
    ),
    Action(
        "next-pane", ("tab",), "pane", "To the next pane", LOOK,
        run=lambda screen: screen.panes.focus_by(1),
    ),
    Action(
        "previous-pane", ("shift+tab",), "pane back", "To the previous pane", LOOK,
        run=lambda screen: screen.panes.focus_by(-1),
    ),
    *(
        Action(
            f"pane-{n}", (str(n),), f"pane {n}", f"To pane {n}", LOOK,
            run=partial(_to_pane, number=n),
        )
        for n in range(1, 10)
    ),
    Action(
        "zoom", ("z",), "zoom", "Give the whole screen to the pane, or take it back", LOOK,
        run=lambda screen: screen.panes.toggle_zoom(),
    ),
    Action(
        "lanes-pair", ("T",), "eager beside luf",
        "Show the lanes of the same script under eager above luf, or of one run again", LOOK,
        run=lanes.toggle_pair,
    ),
    Action(
        "time-in", ("right_parenthesis",), "finer time", "Zoom into the time of the lanes", LOOK,
        run=partial(lanes.zoom_time, by=1),
    ),
    Action(
        "time-out", ("left_parenthesis",), "coarser time", "Zoom out of the time of the lanes",
        LOOK,
        run=partial(lanes.zoom_time, by=-1),
    ),
    Action(
        "map", ("M",), "map", "The map: TLB entries, frames and page tables in one picture", LOOK,
        run=lambda screen: screen.panes.toggle_map(),
    ),
    Action(
        "scroll-down", ("pagedown", "right_curly_bracket"), "scroll", "Scroll the pane down",
        LOOK,
        run=lambda screen: screen.scroll(1),
    ),
    Action(
        "scroll-up", ("pageup", "left_curly_bracket"), "scroll up", "Scroll the pane up", LOOK,
        run=lambda screen: screen.scroll(-1),
    ),
    Action(
        "theme", ("t",), "theme", "Next theme", LOOK,
        run=lambda screen: screen.next_theme(),
        gallery=lambda screen: screen.next_theme(),
    ),
    Action(
        "jump-mode", ("J",), "jump", "Letters over panes and things: a letter goes there", LOOK,
        run=jumping.begin,
        gallery=jumping.begin_in_list,
    ),
    # Questions
    Action(
        "select", ("s",), "select", "Select the next thing in the pane", ASK,
        run=lambda screen: screen.select_next(1),
    ),
    Action(
        "select-back", ("S",), "select back", "Select the previous thing in the pane", ASK,
        run=lambda screen: screen.select_next(-1),
    ),
    Action(
        "unselect", ("escape",), "unselect", "Select nothing; leave the zoom and the map", ASK,
        run=lambda screen: screen.let_go(),
    ),
    Action(
        "stop-rest", ("K",), "stop", "Replay no more of the recording that is on its way", ASK,
        run=rest.stop,
    ),
    Action(
        "why", ("w",), "why", "Why is this so: the chain of causes", ASK,
        run=lambda screen: screen.why(),
    ),
    Action(
        "history", ("i",), "history", "Every change of the selected thing", ASK,
        run=lambda screen: screen.history(),
    ),
    Action(
        "compare", ("x",), "compare", "Compare with the same script under other policies", ASK,
        run=lambda screen: screen.compare(),
    ),
    Action(
        "diagram", ("D",), "diagram",
        "Who did what in which order, as the CPU0 / CPU1 diagram of a commit message", ASK,
        run=race_diagram.begin,
    ),
    Action(
        "quiz", ("Q",), "quiz", "Guess what the next micro-step changes, and be scored", ASK,
        run=quiz.begin,
    ),
    Action(
        "side-by-side", ("X",), "side by side",
        "Beside another policy, guard, machine or place, with what differs lit", ASK,
        run=side_by_side.begin,
    ),
    # Scenario and policy
    Action(
        "guards", ("g",), "guards", "Switch guards of the policy off and on", RUN,
        run=guard_switching.begin,
    ),
    Action(
        "policy", ("p",), "policy", "Choose the policy", RUN,
        run=lambda screen: screen.ask_policy(),
    ),
    Action(
        "what-if", ("a",), "what if", "Put a script line in here and see; the file is left alone",
        RUN,
        run=lambda screen: screen.ask_what_if(),
    ),
    Action(
        "explore", ("E",), "explore", "Search every order of the race for one that breaks it",
        RUN,
        run=lambda screen: screen.explore(),
    ),
    Action(
        "go-back", ("u",), "go back",
        "Back to the run that this one branched off from, where you stood in it", RUN,
        run=branching.back,
    ),
    Action(
        "branches", ("U",), "branches",
        "All that was tried: lines put in, guards and policies, counterexamples", RUN,
        run=branching.begin,
    ),
    Action(
        "save-script", ("W",), "save", "Write the script that is shown to a new file", RUN,
        run=lambda screen: screen.save_script(),
    ),
    Action(
        "reload", ("r",), "reload", "Read the file again and keep the place", RUN,
        run=lambda screen: screen.reload(),
    ),
    Action(
        "edit", ("V",), "edit", "Edit the file in $VISUAL or $EDITOR, and read it again", RUN,
        run=editing.begin,
    ),
    Action(
        "next-stop", ("G",), "next stop", "To the next stop of the tour", RUN,
        run=touring.go_on,
    ),
    Action(
        "gallery", ("o",), "open", "Open another scenario", RUN,
        run=lambda screen: screen.open_gallery(),
    ),
    # The app
    Action(
        "copy", ("y",), "copy", "Copy the selected thing, or the pane", APP,
        run=lambda screen: screen.copy(),
    ),
    Action(
        "permalink", ("Y",), "link", "Copy the command line that opens this place again", APP,
        run=linking.copy,
    ),
    Action(
        "export", ("e",), "export", "Save this screen as an SVG picture", APP,
        run=lambda screen: screen.export(),
    ),
    Action(
        "glossary", ("h",), "meaning",
        "What the words of the narration, a message or the selected thing mean", ASK,
        run=words_asked.of_run,
        gallery=words_asked.of_gallery,
    ),
    Action(
        "help", ("question_mark", "f1"), "help", "All keys, and what the glyphs mean", APP,
        run=lambda screen: screen.help(),
        gallery=lambda screen: screen.help(),
    ),
    Action(
        "quit", ("q",), "quit", "Back to the gallery, or leave", APP,
        run=lambda screen: screen.open_gallery(),
        gallery=lambda screen: screen.leave(),
    ),
)  # fmt: skip
"""Every action with the keys it has when nobody says otherwise."""


DEFAULTS: tuple[Action, ...] = _TABLE
"""Every action with its own keys, in the order of the help screen."""
ACTIONS: list[Action] = list(DEFAULTS)
"""Every action with the keys that it has now."""
BY_ID: dict[str, Action] = {}
_by_key: dict[tuple[str, str], str] = {}


def use_keys(wishes: Mapping[str, Sequence[str]]) -> None:
    """Have a person's own keys, by action; the others have their default ones. What cannot be had
    is left out.
    """
    table, _ = rebound(DEFAULTS, wishes)
    ACTIONS[:] = table
    BY_ID.update((action.id, action) for action in ACTIONS)
    key_names.SHOWN.update((action.id, action.key or f"'{action.label}'") for action in ACTIONS)
    key_names.MOVED.clear()
    key_names.MOVED.update(
        (key_sign(key), key_names.SHOWN[now.id])
        for before, now in zip(DEFAULTS, ACTIONS, strict=True)
        for key in before.keys
        if key not in now.keys
    )
    _by_key.clear()
    _by_key.update(
        ((where, key), action.id)
        for action in ACTIONS
        for where in action.where
        for key in action.keys
    )


def bound(where: str, key: str) -> str:
    """The action that a key does on a screen, by its id; empty where it does none."""
    return _by_key.get((where, key), "")


use_keys({})

HINTS = (
    ("back", "forward", "step"),
    ("previous-line", "next-line", "line"),
    ("next-match", "previous-match", "next ◆▲✖"),
    ("play",),
    ("why",),
    ("goto",),
    ("breakpoint",),
    ("guards",),
    ("changed",),
    ("next-pane",),
    ("help",),
    ("quit",),
)
"""The hint line: ids of one or two actions, then a label where the first action's will not do."""


def label_of(name: str) -> str:
    """The word or two for an action, by its id."""
    return BY_ID[name].label


def of(where: str) -> Iterator[Action]:
    """The actions a screen knows."""
    return (action for action in ACTIONS if where in action.where)


def hints(wanted: Iterable[tuple[str, ...]] = HINTS) -> list[tuple[str, str, str]]:
    """The hint line as (keys, label, action id)."""
    found = []
    for names in wanted:
        known = [BY_ID[name] for name in names if name in BY_ID]
        label = next((name for name in names if name not in BY_ID), known[0].label)
        found.append((" ".join(action.key for action in known).strip(), label, known[-1].id))
    return found


def help_lines(where: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The actions a screen knows by group: its heading, then (keys, description, action id).

    The nine keys of panes are one line.
    """
    found = []
    for group in GROUPS:
        members = [action for action in of(where) if action.group == group]
        panes = [action for action in members if action.id.startswith("pane-")]
        lines = [(a.all_keys, a.description, a.id) for a in members if a not in panes[1:]]
        if panes:
            keys = f"{panes[0].key}–{panes[-1].key}"
            lines[members.index(panes[0])] = (keys, "To the pane of that number", panes[0].id)
        if lines:
            found.append((group, lines))
    return found
