"""Recorded kernel traces: reading them, what they say, and how to record one."""
