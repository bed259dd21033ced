"""Examples: sources read once into a random-access store, and the pipeline that orders them."""
