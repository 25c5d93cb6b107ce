"""What an admin sets about the shop."""
