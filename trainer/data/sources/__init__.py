"""Where examples come from, a file a source."""
