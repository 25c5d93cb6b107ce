"""The shop app: a Flask application that shows what the cameras report and runs the shop."""
