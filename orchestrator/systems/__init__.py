"""The systems: each knows the floors below, and none of the others."""
