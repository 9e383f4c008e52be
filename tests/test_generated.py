"""What the README has from the product, tables and pictures, is as the product is now.

`python -m tests.readme` writes it anew; then look at it.
"""

from __future__ import annotations

import pytest

from tests import readme


@pytest.mark.parametrize("name", readme.GENERATED)
def test_the_readme_has_what_the_product_says(name: str) -> None:
    whole = readme.README.read_text(encoding="utf-8")
    _, part, _ = readme.parts(whole, name)

    assert readme.GENERATED[name]() == part


@pytest.mark.parametrize("name", readme.PICTURES)
def test_a_picture_of_the_readme_is_the_screen_as_it_is_now(name: str) -> None:
    assert readme.PICTURES[name]() == readme.picture_path(name).read_text(encoding="utf-8")


def test_the_readme_shows_every_picture_that_is_kept_and_no_other() -> None:
    kept = {path.stem for path in readme.PICTURES_IN.glob("*.svg")}

    assert readme.PICTURES.keys() == kept == readme.shown()
