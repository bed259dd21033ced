"""What a training run writes, watches and restores."""
