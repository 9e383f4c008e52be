"""luf-tui: a visual stepper for Lazy Unmap Flush (LUF). Importing it loads nothing else."""

__version__ = "0.1.0"
