"""Cells, the logged write, typed regions, configuration and events."""
