"""Sweeps: many studies that differ in a few settings, told as one table."""
