"""Conditions of a script and of breakpoints, judged at a position."""
