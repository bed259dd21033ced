"""Searches among the latents of a trained generator: one engine, and what it may minimise."""
