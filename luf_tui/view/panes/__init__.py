"""One module a pane: (timeline, choices, width, height) to rows of marks."""
