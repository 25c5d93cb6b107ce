"""What happens by night: incidents, who acts on them, and the live list."""
