"""Further losses of either side, a file a kind."""
