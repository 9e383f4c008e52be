"""Random programs from a seed, and which guards they miss."""
