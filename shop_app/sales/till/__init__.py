"""The till: carts on the server, prices and offers, and paying."""
