"""Packaged data: calibrated parameters and the description of the embedded sample."""
