"""What a trained game can be asked, a file a kind; a round composes its own."""
