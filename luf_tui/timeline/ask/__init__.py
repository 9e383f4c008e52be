"""Questions put to a recorded run: what changed, why, since when, at what cost."""
