"""The settings of `abnormality`, judged on footage of which it is known what happened."""
