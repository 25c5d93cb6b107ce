"""Products: what the shop sells, at what price and tax."""
