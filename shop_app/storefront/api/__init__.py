"""The JSON API of customers' apps: the same services as the pages, a token per device, and its own description."""
