"""What travels along a chain."""
