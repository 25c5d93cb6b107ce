"""Head direction of each face, and which zones of the shop it is turned to."""
