"""Collects and labels faces, trains networks for expressions, and measures them."""
