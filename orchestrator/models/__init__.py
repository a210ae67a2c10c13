"""Models that contracts hold: the same integers here and on the chain."""
