"""The seven classes of FER2013, and what they and the votes of FER+ mean for each other."""

from collections.abc import Mapping

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

# FER+ (Barsoum et al. 2016) has three columns more; they stand for no class of FER2013.
FERPLUS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "no face")

# Pleasure of each word on a scale of -1 to 1, the means that raters gave: Russell & Mehrabian 1977, "Evidence for a
# three-factor theory of emotions", Journal of Research in Personality 11.
VALENCE: Mapping[str, float] = {
    "angry": -0.51,
    "disgust": -0.60,
    "fear": -0.64,
    "happy": 0.81,
    "sad": -0.63,
    "surprise": 0.40,
    "neutral": 0.0,
}


def valence(probabilities: Mapping[str, float]) -> float:
    """The expected valence, -1..1; a class that the table does not know counts 0."""
    return sum(probability * VALENCE.get(name, 0.0) for name, probability in probabilities.items())
