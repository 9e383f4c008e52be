"""From the bytes of a trace to rows of numbers."""
