"""What people were told, and what they send each other."""
