"""Cameras: added and drawn on by an admin, watched by security, described to the camera system."""
