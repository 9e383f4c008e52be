"""Every order of a race: search, smallest counterexample, and the scenario that shows it."""
