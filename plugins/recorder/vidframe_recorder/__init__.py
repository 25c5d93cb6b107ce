"""Clips of what happened, and of nothing else."""
