"""One name for states that differ only in names: which frame, which generation, which TLB slot.

- `frame_blocks`: blocks of frames may change places within their zone.
- `generations`: only the order of numbers matters, and whether two are next to each other.
- `tlb_slots`: with room for every page, where an entry stands means nothing.
- `contents`: where only who has the same bytes matters, these are numbered as one meets them.
- `local_names`: what the locals of operations name or count.

Whatever cannot be told apart for certain is left alone, and where a hash chooses a name it is one
of those that are right: fewer states are merged then, never too many.
"""
