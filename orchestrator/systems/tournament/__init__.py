"""Staked tournaments: what contracts/tournament computes, in plain Python."""
