"""What the readings of instruments are called among the values of a step; no TensorFlow."""

PREFIX = "instruments/"
