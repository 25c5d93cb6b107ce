"""How a config is read: the text, the values with their places, the cameras, the steps, and how they are wired."""
