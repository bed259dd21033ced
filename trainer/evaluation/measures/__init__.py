"""What each metric takes from the context of an evaluation, and which keys it gives.

A file a family. A function here hands `trainer.metrics` what a class of `trainer.catalogue.metrics`
asks for.
"""
