"""Facial expressions: a Keras network trained on FER2013, its plugin, and the commands to train and measure it."""
