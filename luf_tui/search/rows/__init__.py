"""What a turn does, learnt once for each local situation and looked up ever after.

No state stands outside the cells, so what a turn does depends on the cells that it reads before it
writes them, and on nothing else. The engine makes a turn once with its reads watched; a state that
agrees on those cells gets the same writes and the same judgement, without asking again.

- `packing`: a state as one number, each changing cell at its width.
- `learner`: asks the engine, and keeps what it answered as a row.
- `known`: the rows of one question, found by the cells they depend on.
- `inherited`: rows that a state takes over from the state before it; `apart`: which those are.
- `levels`: whole levels of states at once, with the same results in the same order.
- `shared_levels`: the same by several processes, each of which does its `share`; a row that one of
  them learns is every one's (`agreed_rows`), and so is the place of a cell (`agreed_places`).

Dependency matrices with transition caching (Blom, van de Pol and Weber, LTSmin, 2010) are the same
thought, with dependencies that somebody declares; here they are observed.
"""
