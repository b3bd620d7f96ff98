"""Backtrader strategies that pair the condor leg manager with a hedge."""
