"""The rules in a compiled loop over arrays, for sweeps: the same figures as the Backtrader engine's."""
