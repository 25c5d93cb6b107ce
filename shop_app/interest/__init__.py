"""What customers look at, in sums that tell of nobody."""
