"""Measures, trains, collects, labels, calibrates and films: what the machine of a shop does not need."""
