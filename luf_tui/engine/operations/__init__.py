"""The operations of the kernel. Importing this package registers every one of them."""

from luf_tui.engine.operation import op_name, step_label, step_name
from luf_tui.engine.operations import (
    access,
    fault,
    files,
    flush,
    madvise,
    mappings,
    memory,
    migrate,
    monitor,
    pending,
    process,
    reclaim,
    recorded,
    reporting,
    scan,
    unmap,
)

__all__ = [
    "access",
    "fault",
    "files",
    "flush",
    "madvise",
    "mappings",
    "memory",
    "migrate",
    "monitor",
    "op_name",
    "pending",
    "process",
    "reclaim",
    "recorded",
    "reporting",
    "scan",
    "step_label",
    "step_name",
    "unmap",
]
