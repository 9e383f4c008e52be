"""The app: panes of marks on a screen, and keys that move a cursor over a recorded run.

The only package that imports Textual.
"""
