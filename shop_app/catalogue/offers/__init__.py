"""Offers: proposed by sales, decided by somebody else, live between two moments."""
