"""What brings an export behind TF Serving, and the smoke test that proves it answers."""
