"""Generators and discriminators, a file per family."""
