"""Cameras that run: steps, chains, threads and processes."""
