"""What a customer has a right to: a copy of everything kept of them, and to be forgotten."""
