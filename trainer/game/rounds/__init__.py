"""The rules of play, a file a kind."""
