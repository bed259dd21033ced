"""What both players are conditioned on, a file a kind."""
