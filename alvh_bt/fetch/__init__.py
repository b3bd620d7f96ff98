"""Fetching market history: one small module a source, and the rules for what may replace what."""
