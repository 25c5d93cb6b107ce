"""Events as lines of a file, and an annotated clip."""
