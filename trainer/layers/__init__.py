"""Layers that Keras lacks, or has only in a slower form."""
