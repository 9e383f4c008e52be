"""Garbage is looked for among what is new: a run that is opened is there to stay."""

from __future__ import annotations

import gc


def keep() -> None:
    """Look for garbage only among what is made from now on; first, among what was kept before.

    Python's full collections go through every object there is, which takes longer than a frame
    when a recording is open, and they come while keys are pressed.
    """
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
    gc.freeze()
