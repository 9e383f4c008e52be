"""The engine configured down to `tests/data/luf.pml`, a Promela model of deferral and reuse.

No rule of the model is written here a second time: every change of state is a micro-step of the
engine. These are the parts.

- `machine`: sizes and hardware of the model's machine. Pages of a file mapped shared, so that a
  load fault brings a page in read-only and a store upgrades it in place; each frame a node of its
  own, so that any free frame can be had; no pcp list that keeps anything.
- `policy`: the model's rules of who owes a flush, as answers to the engine's questions.
- `client`: what each CPU may begin at any time, and which micro-steps are one action.
- `projection`: which cells are which variable of the model.
- `normal`: cells that the model does not see, at their start values; so a state of the machine is
  one of the model.
- `described` and `renaming`: states that differ by names only, as one.
- `actions`: the model's actions as questions of the product's own search.

`search` counts what can be reached.
"""
