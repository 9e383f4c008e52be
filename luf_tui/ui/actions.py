"""Everything a person can do in the app, once: key bindings, the hint line, the help screen and
the command palette all read this table.

A step key means the same whether the run plays or stands: playing stops and the step is made.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from attrs import evolve, frozen
from textual.binding import Binding

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
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "question_mark": "?",
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
    """One thing to do: its name, the keys for it, what it says, and the method that does it."""

    id: str
    keys: tuple[str, ...]
    label: str
    """A word or two, for the hint line."""
    description: str
    """A line, for the help screen and the palette."""
    group: str
    method: str
    """Method of the screen that does it."""
    arguments: tuple[object, ...] = ()
    where: tuple[str, ...] = (STEPPER,)
    """Screens that know it."""

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


_BOTH = (STEPPER, GALLERY)

_TABLE: tuple[Action, ...] = (
    # One step of each grain, both ways
    Action(
        "forward", ("right",), "step", "One micro-step on", MOVE, "act_move", ("next_step",)
    ),
    Action("back", ("left",), "back", "One micro-step back", MOVE, "act_move", ("previous_step",)),
    Action(
        "next-event", ("shift+right", "full_stop"), "event",
        "To the next micro-step with an event", MOVE, "act_move", ("next_event",),
    ),
    Action(
        "previous-event", ("shift+left", "comma"), "event back",
        "To the previous micro-step with an event", MOVE, "act_move", ("previous_event",),
    ),
    Action(
        "next-line", ("down", "j"), "line", "To the end of this script line, or the next one",
        MOVE, "act_move", ("next_item",),
    ),
    Action(
        "previous-line", ("up", "k"), "line back", "To the end of the script line before",
        MOVE, "act_move", ("previous_item",),
    ),
    Action(
        "forward-ten", ("greater_than_sign",), "ten on", "Ten micro-steps on", MOVE, "act_move",
        ("next_step", 10),
    ),
    Action(
        "back-ten", ("less_than_sign",), "ten back", "Ten micro-steps back", MOVE, "act_move",
        ("previous_step", 10),
    ),
    Action(
        "list-down", ("down", "j"), "down", "To the next scenario", MOVE, "act_list", ("down",),
        (GALLERY,),
    ),
    Action(
        "list-up", ("up", "k"), "up", "To the scenario before", MOVE, "act_list", ("up",),
        (GALLERY,),
    ),
    Action(
        "list-page-down", ("pagedown",), "page", "A page on", MOVE, "act_list", ("pagedown",),
        (GALLERY,),
    ),
    Action(
        "list-page-up", ("pageup",), "page back", "A page back", MOVE, "act_list", ("pageup",),
        (GALLERY,),
    ),
    Action(
        "list-home", ("home",), "first", "To the first scenario", MOVE, "act_list", ("home",),
        (GALLERY,),
    ),
    Action(
        "list-end", ("end",), "last", "To the last scenario", MOVE, "act_list", ("end",),
        (GALLERY,),
    ),
    Action(
        "preview-down", ("right_curly_bracket",), "scroll", "Scroll the script", LOOK,
        "act_scroll", (1,), (GALLERY,),
    ),
    Action(
        "preview-up", ("left_curly_bracket",), "scroll up", "Scroll the script up", LOOK,
        "act_scroll", (-1,), (GALLERY,),
    ),
    Action(
        "list-open", ("enter", "right"), "open", "Open the scenario", JUMP, "act_list", ("enter",),
        (GALLERY,),
    ),
    Action(
        "list-filter", ("slash",), "filter", "Show only scenarios with some words", JUMP,
        "act_filter", (), (GALLERY,),
    ),
    Action(
        "list-back", ("escape", "left"), "back", "Back to the run that is open", JUMP, "act_back",
        (), (GALLERY,),
    ),
    # Further away
    Action("start", ("home",), "start", "To the power-on state", JUMP, "act_jump", ("start",)),
    Action("end", ("end",), "end", "To the last micro-step", JUMP, "act_jump", ("end",)),
    Action(
        "next-match", ("n",), "next", "To the next match of the search, or event followed",
        JUMP, "act_follow", (1,),
    ),
    Action(
        "previous-match", ("N",), "previous", "To the previous match, or event followed",
        JUMP, "act_follow", (-1,),
    ),
    Action(
        "follow", ("f",), "follow", "Choose the kinds of event that n and N go to", JUMP,
        "act_choose_kinds",
    ),
    Action(
        "next-finding", ("right_square_bracket",), "next ✖", "To the next finding of the oracle",
        JUMP, "act_jump", ("next_finding",),
    ),
    Action(
        "previous-finding", ("left_square_bracket",), "previous ✖",
        "To the previous finding of the oracle", JUMP, "act_jump", ("previous_finding",),
    ),
    Action(
        "goto", ("colon",), "go to", "Go to a step (21, +5, -5, 50%), a line (L12) or an event",
        JUMP, "act_prompt_goto",
    ),
    Action(
        "search", ("slash",), "search", "Search events: words, kinds, cpu1, f3, text.0", JUMP,
        "act_prompt_search",
    ),
    Action(
        "jump-back", ("backspace",), "jump back", "Back to where the last jump came from", JUMP,
        "act_jump_back",
    ),
    # Playing
    Action("play", ("space",), "play", "Play, or pause", PLAY, "act_play"),
    Action("faster", ("plus", "equals_sign"), "faster", "Play faster", PLAY, "act_speed", (1,)),
    Action("slower", ("minus",), "slower", "Play slower", PLAY, "act_speed", (-1,)),
    # Places to stop at and to come back to
    Action(
        "breakpoint", ("b",), "break", "Set or remove a breakpoint on the current script line",
        STOP, "act_breakpoint",
    ),
    Action(
        "breakpoints", ("B",), "breakpoints", "List breakpoints; add one on an event or condition",
        STOP, "act_breakpoints",
    ),
    Action(
        "continue", ("c",), "continue", "Run on to the next breakpoint", STOP, "act_continue", (1,)
    ),
    Action(
        "continue-back", ("C",), "continue back", "Run back to the previous breakpoint", STOP,
        "act_continue", (-1,),
    ),
    Action("bookmark", ("m",), "mark", "Bookmark this place", STOP, "act_bookmark"),
    Action("bookmarks", ("apostrophe",), "marks", "Go to a bookmark", STOP, "act_bookmarks"),
    # What is shown
    Action(
        "changed", ("d",), "changed only", "Show only what the last step changed", LOOK,
        "act_toggle_changed",
    ),
    Action(
        "level", ("l",), "words", "Narrate for a student, or with the kernel's functions", LOOK,
        "act_level",
    ),
    Action("next-pane", ("tab",), "pane", "To the next pane", LOOK, "act_pane", (1,)),
    Action(
        "previous-pane", ("shift+tab",), "pane back", "To the previous pane", LOOK, "act_pane",
        (-1,),
    ),
    *(
        Action(
            f"pane-{n}", (str(n),), f"pane {n}", f"To pane {n}", LOOK, "act_pane_number", (n,)
        )
        for n in range(1, 10)
    ),
    Action(
        "zoom", ("z",), "zoom", "Give the whole screen to the pane, or take it back", LOOK,
        "act_zoom",
    ),
    Action(
        "scroll-down", ("pagedown", "right_curly_bracket"), "scroll", "Scroll the pane down", LOOK,
        "act_scroll", (1,),
    ),
    Action(
        "scroll-up", ("pageup", "left_curly_bracket"), "scroll up", "Scroll the pane up", LOOK,
        "act_scroll", (-1,),
    ),
    Action("theme", ("t",), "theme", "Next theme", LOOK, "act_theme", where=_BOTH),
    # Questions
    Action(
        "select", ("s",), "select", "Select the next thing in the pane", ASK, "act_select", (1,)
    ),
    Action(
        "select-back", ("S",), "select back", "Select the previous thing in the pane", ASK,
        "act_select", (-1,),
    ),
    Action(
        "unselect", ("escape",), "unselect", "Select nothing; leave the zoom", ASK, "act_escape"
    ),
    Action("why", ("w",), "why", "Why is this so: the chain of causes", ASK, "act_why"),
    Action("history", ("i",), "history", "Every change of the selected thing", ASK, "act_history"),
    Action(
        "compare", ("x",), "compare", "Compare with the same script under other policies", ASK,
        "act_compare",
    ),
    # Scenario and policy
    Action("guards", ("g",), "guards", "Switch guards of the policy off and on", RUN, "act_guards"),
    Action("policy", ("p",), "policy", "Choose the policy", RUN, "act_policy"),
    Action(
        "what-if", ("a",), "what if", "Put a script line in here and see; the file is left alone",
        RUN, "act_what_if",
    ),
    Action(
        "explore", ("E",), "explore", "Search every order of the race for one that breaks it", RUN,
        "act_explore",
    ),
    Action(
        "go-back", ("u",), "go back",
        "Back to the run before the last line put in, or before the counterexample", RUN,
        "act_go_back",
    ),
    Action(
        "save-script", ("W",), "save", "Write the script that is shown to a new file", RUN,
        "act_save_script",
    ),
    Action("reload", ("r",), "reload", "Read the file again and keep the place", RUN, "act_reload"),
    Action("gallery", ("o",), "open", "Open another scenario", RUN, "act_gallery"),
    # The app
    Action("copy", ("y",), "copy", "Copy the selected thing, or the pane", APP, "act_copy"),
    Action("export", ("e",), "export", "Save this screen as an SVG picture", APP, "act_export"),
    Action(
        "help", ("question_mark", "f1"), "help", "All keys, and what the glyphs mean", APP,
        "act_help", where=_BOTH,
    ),
    Action("quit", ("q",), "quit", "Back to the gallery, or leave", APP, "act_quit", where=_BOTH),
)  # fmt: skip
"""Every action with the keys it has when nobody says otherwise."""


def rebound(table: tuple[Action, ...], wishes: str) -> tuple[tuple[Action, ...], str]:
    """The table with a person's own keys, and what was wrong with the wishes.

    Wishes are `id=key key` apart by semicolons, keys by their names: `forward=l right;back=h left`.
    An action keeps its keys when a wish is wrong or takes a key of another action.
    """
    known = {action.id: action for action in table}
    wrong = []
    for wish in filter(None, (part.strip() for part in wishes.split(";"))):
        name, _, keys = wish.partition("=")
        action = known.get(name.strip())
        if action is None or not keys.split():
            wrong.append(f"'{wish}' names no action and keys")
            continue
        wanted = evolve(action, keys=tuple(keys.split()))
        taken = next((a for a in known.values() if _clash(a, wanted)), None)
        if taken is not None:
            wrong.append(f"'{wish}': {taken.id} has that key")
            continue
        known[action.id] = wanted
    return tuple(known.values()), "; ".join(wrong)


def _clash(one: Action, other: Action) -> bool:
    return (
        one.id != other.id
        and not set(one.where).isdisjoint(other.where)
        and not set(one.keys).isdisjoint(other.keys)
    )


KEYS = "LUF_TUI_KEYS"
"""Environment variable with a person's own keys, as `rebound` takes them."""
ACTIONS, WRONG_KEYS = rebound(_TABLE, os.environ.get(KEYS, ""))
"""Every action, in the order of the help screen; and what was wrong with a person's own keys."""

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

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


def of(where: str) -> Iterator[Action]:
    """The actions a screen knows."""
    return (action for action in ACTIONS if where in action.where)


def bindings(where: str) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Textual's bindings for a screen. Ids allow a keymap; nothing is shown by Textual itself."""
    return [
        Binding(
            ",".join(action.keys), f"do('{action.id}')", action.description, show=False,
            id=action.id,
        )
        for action in of(where)
    ]  # fmt: skip


def hints(wanted: Iterable[tuple[str, ...]] = HINTS) -> list[tuple[str, str, str]]:
    """The hint line as (keys, label, action id)."""
    found = []
    for names in wanted:
        known = [BY_ID[name] for name in names if name in BY_ID]
        label = next((name for name in names if name not in BY_ID), known[0].label)
        found.append((" ".join(action.key for action in known), label, known[-1].id))
    return found
