"""What travels along a chain and out of it."""
