"""How well faces are found in labelled pictures."""
