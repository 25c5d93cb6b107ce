"""Products, their stock, offers and ratings."""
