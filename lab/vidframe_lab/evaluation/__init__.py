"""What all `vidframe eval` commands share: reading truth, running a chain over clips, showing results."""
