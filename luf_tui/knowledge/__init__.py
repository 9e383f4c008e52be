"""What the words of luf-tui and of the kernel mean: short texts, shipped and looked up by word."""

from luf_tui.knowledge.book import KINDS, Entry, entries, find, nearest
from luf_tui.knowledge.reading import words_of

__all__ = ["KINDS", "Entry", "entries", "find", "nearest", "words_of"]
