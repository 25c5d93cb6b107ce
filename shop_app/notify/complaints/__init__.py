"""Complaints: a thread between a customer and the shop; open, answered or closed."""
