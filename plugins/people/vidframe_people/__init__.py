"""Finds people by their bodies, follows them, and joins them with their faces."""
