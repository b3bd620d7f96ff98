"""The book: lots, condors, orders, and the pure functions that move them through a day."""
