"""A YAML file read, checked and explained."""
