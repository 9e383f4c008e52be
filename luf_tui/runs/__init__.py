"""From a word to a run: the one way in, for commands, app, notebooks and other programs."""
