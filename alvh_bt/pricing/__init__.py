"""Prices of what can be traded: Black on the forward, and the surfaces and the curve it needs.

`DayPrices` carries everything a price needs at one moment, `quote_contract` prices one contract
with it, and a `PriceModel` makes one for each session. A better model, or real quotes, replaces
`ModelPrices` without a change to any rule.
"""
