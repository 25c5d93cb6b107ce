"""The shop's settings, its tax classes, the tokens of camera systems, and the audit log."""
