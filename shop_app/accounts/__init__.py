"""Accounts: signing in and out, passwords, codes, second factor, sessions."""
