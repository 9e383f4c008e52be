"""From rows to facts: what the recorded kernel did, and what a trace does not tell."""
