"""The pictures of the README: drawn by the exporter, and as the screen is now."""

from __future__ import annotations

import pytest

from tests import readme


@pytest.mark.parametrize("name", readme.PICTURES)
def test_a_picture_of_the_readme_is_the_screen_as_it_is_now(name: str) -> None:
    """`python -m tests.readme` draws it anew; then look at it."""
    assert readme.PICTURES[name]() == readme.picture_path(name).read_text(encoding="utf-8")


def test_the_readme_shows_every_picture_that_is_kept_and_no_other() -> None:
    kept = {path.stem for path in readme.PICTURES_IN.glob("*.svg")}

    assert readme.PICTURES.keys() == kept == readme.shown()
