"""A folder of market data: what is in it, whether it is sound, and how a file comes into it."""
