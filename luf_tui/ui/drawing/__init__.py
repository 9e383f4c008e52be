"""Rows of marks painted onto the terminal."""
