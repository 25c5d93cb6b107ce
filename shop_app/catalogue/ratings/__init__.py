"""Ratings: stars for what was bought, once per bill line."""
