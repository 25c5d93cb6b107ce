"""How well people are found: labels of frames, matching, metrics."""
