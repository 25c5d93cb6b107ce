"""A drawn shop with people whose every position, direction and look is known exactly: for tests and for the demo."""
