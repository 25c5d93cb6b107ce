"""What a customer sees: offers, products, own bills, own wallet."""
