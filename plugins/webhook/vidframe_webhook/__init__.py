"""Events for other programs, by HTTP."""
