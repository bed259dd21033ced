"""How good a generator is: what is measured, on what, against what, and what is said of it."""
