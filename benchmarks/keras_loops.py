"""Two well-known ways of writing a GAN's training loop in Keras, around any pair of players.

Each is written from the description of a published example: what is called how often, on what, and
how it is run. Their networks are exchanged for the ones compared, in training mode throughout.
"""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# A pair: latent [b, z] → images, and images → logits [b].
Network = Callable[..., tf.Tensor]


def fed_from_memory(images: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """An endless stream of random batches, float32 [b, 28, 28, 1] in [-1, 1]."""
    stored = tf.constant(images)

    def batch(numbers: tf.Tensor) -> tf.Tensor:
        drawn = tf.gather(stored, tf.math.floormod(numbers, len(images)))
        return tf.cast(drawn, tf.float32) / 127.5 - 1.0

    numbers = tf.data.Dataset.random(seed=0).batch(batch_size, drop_remainder=True)
    dataset = numbers.map(batch, num_parallel_calls=1).prefetch(4)
    # `fit` drops its iterator when it returns, and dropping one that is being tuned waits for the
    # tuner, which sleeps 10 ms, 20 ms, 40 ms, …: up to as long again as the call has lasted.
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


class KerasExample(keras.Model):
    """The loop of Keras' example "DCGAN to generate face images" (F. Chollet).

    One discriminator step on fake and real images concatenated, with labels that carry noise; one
    generator step with fresh latents, through labels that mislead.

    Reference: https://keras.io/examples/generative/dcgan_overriding_train_step/
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, latent_size: int
    ) -> None:
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.latent_size = latent_size
        self.seeds = keras.random.SeedGenerator(0)
        self.cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.watched = {
            "d_loss": keras.metrics.Mean("d_loss"),
            "g_loss": keras.metrics.Mean("g_loss"),
        }

    def compile(self, generator_optimizer: Any, discriminator_optimizer: Any) -> None:
        """Takes an optimizer for each player."""
        super().compile()
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Reset by `fit` when an epoch begins."""
        return list(self.watched.values())

    def _judged(self, images: tf.Tensor) -> tf.Tensor:
        logits = self.discriminator({"sample": images}, training=True)["logits"]
        return logits[:, tf.newaxis]

    def _latents(self, count: tf.Tensor) -> tf.Tensor:
        return keras.random.normal((count, self.latent_size), seed=self.seeds)

    def train_step(self, real: tf.Tensor) -> dict[str, object]:
        """One step of each player."""
        count = tf.shape(real)[0]
        fake = self.generator({"latent": self._latents(count)}, training=True)
        mixed = tf.concat([fake, real], axis=0)
        labels = tf.concat([tf.ones((count, 1)), tf.zeros((count, 1))], axis=0)
        labels += 0.05 * keras.random.uniform(tf.shape(labels), seed=self.seeds)
        with tf.GradientTape() as tape:
            d_loss = self.cross_entropy(labels, self._judged(mixed))
        weights = self.discriminator.trainable_weights
        self.discriminator_optimizer.apply_gradients(
            zip(tape.gradient(d_loss, weights), weights, strict=True)
        )
        latents, misleading = self._latents(count), tf.zeros((count, 1))
        with tf.GradientTape() as tape:
            fooled = self._judged(self.generator({"latent": latents}, training=True))
            g_loss = self.cross_entropy(misleading, fooled)
        weights = self.generator.trainable_weights
        self.generator_optimizer.apply_gradients(
            zip(tape.gradient(g_loss, weights), weights, strict=True)
        )
        self.watched["d_loss"].update_state(d_loss)
        self.watched["g_loss"].update_state(g_loss)
        return {name: metric.result() for name, metric in self.watched.items()}


def keras_example(
    players: tuple[keras.Model, keras.Model],
    optimizers: tuple[Any, Any],
    data: tf.data.Dataset,
    *,
    latent_size: int,
    steps: int,
) -> Callable[[], None]:
    """`steps` steps of the example, run by `fit`."""
    model = KerasExample(*players, latent_size=latent_size)
    model.compile(*optimizers)

    def work() -> None:
        model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0)

    return work


def tensorflow_tutorial(
    players: tuple[keras.Model, keras.Model],
    optimizers: tuple[Any, Any],
    data: tf.data.Dataset,
    *,
    latent_size: int,
    steps: int,
) -> Callable[[], None]:
    """`steps` steps of TensorFlow's tutorial "Deep Convolutional GAN".

    The simultaneous game: one pass of the generator, two of the discriminator, both gradients from
    two tapes over the same passes, then both updates.

    Reference: https://www.tensorflow.org/tutorials/generative/dcgan
    """
    generator, discriminator = players
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    batches: Iterator[tf.Tensor] = iter(data)

    @tf.function
    def step(real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        latents = tf.random.normal([tf.shape(real)[0], latent_size])
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            fake = generator({"latent": latents}, training=True)
            on_real = discriminator({"sample": real}, training=True)["logits"]
            on_fake = discriminator({"sample": fake}, training=True)["logits"]
            g_loss = cross_entropy(tf.ones_like(on_fake), on_fake)
            d_loss = cross_entropy(tf.ones_like(on_real), on_real) + cross_entropy(
                tf.zeros_like(on_fake), on_fake
            )
        for tape, loss, network, optimizer in (
            (generator_tape, g_loss, generator, optimizers[0]),
            (discriminator_tape, d_loss, discriminator, optimizers[1]),
        ):
            weights = network.trainable_variables
            gradients = tape.gradient(loss, weights)
            optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return d_loss, g_loss

    def work() -> None:
        for _ in range(steps):
            d_loss, g_loss = step(next(batches))
        float(d_loss), float(g_loss)

    return work
