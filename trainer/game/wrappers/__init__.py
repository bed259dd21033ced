"""What changes the play of any round, a file a kind; a wrapper is a round around a round."""
