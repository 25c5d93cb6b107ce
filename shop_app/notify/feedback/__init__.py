"""Feedback: a word to the admin from customers and staff."""
