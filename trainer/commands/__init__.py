"""The commands of `gan`, a file a family."""
