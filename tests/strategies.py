"""Random programs: one place for every hypothesis strategy."""

from __future__ import annotations

from hypothesis import strategies as st

from luf_tui.script.program import Program
from luf_tui.search.random_programs.random_program import random_program


def programs(length: int = 25) -> st.SearchStrategy[Program]:
    """Random programs of up to so many operations; one that fails shrinks to where it does."""
    return st.builds(random_program, st.integers(0, 2**32), st.integers(3, length))
