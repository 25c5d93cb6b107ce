"""Day and night, and what does not belong in a closed shop."""
