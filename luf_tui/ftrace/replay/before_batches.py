"""The kernel from Linux 4.3 to 6.2: reclaim flushes once for a batch, migration page by page."""

from __future__ import annotations

from luf_tui.policy.batched import Batched


class BeforeBatches(Batched):
    """What a recorded kernel of that time follows that does both. Migration is told by a replay not
    to promise a flush (TTU_BATCH_FLUSH), which it did not do before 6.3.
    """

    NAME = "before-6.3"
    SUMMARY = "reclaim flushes once per batch, migration page by page"
