"""How good samples are: pure functions from features to numbers, in float64, a file a metric."""
