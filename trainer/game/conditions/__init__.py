"""What both players are told, a file a kind."""
