"""What the cameras send: events in batches, and the files that follow them."""
