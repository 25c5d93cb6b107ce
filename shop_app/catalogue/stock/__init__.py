"""Stock: every change is a movement with a reason and a name."""
