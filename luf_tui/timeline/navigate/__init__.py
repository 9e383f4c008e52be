"""Where a cursor can go: moves, breakpoints, bookmarks, events that are searched for."""
