"""Side-by-side measurements; results are JSON, and tables are rendered from it."""
