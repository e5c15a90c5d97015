"""``make run``: the whole of Evergrant on one machine, for development and to look at it."""
