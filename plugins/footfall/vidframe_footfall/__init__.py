"""Counts people of one camera: lines, areas, queues, and where they stand."""
