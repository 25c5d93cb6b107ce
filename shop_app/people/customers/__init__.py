"""Customers, as staff sees them."""
