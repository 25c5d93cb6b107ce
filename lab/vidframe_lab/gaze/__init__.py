"""Head directions and interest: measured against the truth, and a camera calibrated for them."""
