"""The recorded run, and every question that can be put to it."""
