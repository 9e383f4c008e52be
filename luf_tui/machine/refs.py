"""References to things a person can point at: what the screen shows and what *why* starts from."""

from __future__ import annotations

from attrs import frozen


@frozen
class Ref:
    """A displayable thing: a record of a region, or one of its fields when `field` is given."""

    region: str
    index: int
    field: str = ""
