"""The Backtrader engine: feeds, broker, base strategy, recorder."""
