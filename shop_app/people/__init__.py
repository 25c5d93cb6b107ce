"""Staff, customers, and what customers may ask of the shop."""
