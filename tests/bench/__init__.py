"""Measurements, not tests: `python -m tests.bench` prints a table."""
