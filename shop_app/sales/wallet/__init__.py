"""Wallets of customers at the counter: looked at and filled."""
