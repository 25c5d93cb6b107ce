"""What people are told, and what they say to the shop."""
