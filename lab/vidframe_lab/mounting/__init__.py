"""How a camera hangs, measured from a rectangle on the floor."""
