"""What keeps a shop running: settings, backup, doctor, retention, work in the background."""
