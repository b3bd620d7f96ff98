"""Audits of hedges and strategies: what a backtest must pass before its figures count."""
