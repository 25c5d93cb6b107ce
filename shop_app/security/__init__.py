"""Cameras, what they report, and alerts."""
