"""What trading costs: spreads, fees and margin."""
