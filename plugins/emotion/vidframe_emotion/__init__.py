"""Facial expressions: a Keras network trained on FER2013, and its plugin."""
