"""Delivers what the cameras report to the shop app."""
