"""How far the models are from the market: real quotes, real indices, real funds."""
