"""The game: players, rounds, objectives, and the Keras model that plays them."""
