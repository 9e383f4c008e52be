"""Slow work in threads, watched from the app: recording, reading traces, searching races."""
