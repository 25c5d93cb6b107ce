"""What a plugin is: its hooks, how they are called, and how installed plugins are found."""
