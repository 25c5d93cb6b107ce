"""How well crossings of lines and people in queues are counted."""
