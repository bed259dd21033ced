"""Steps of the game in one call into TensorFlow, on one device or under replicas."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from trainer.game import replicas
from trainer.game.assembly import Game

# So many steps of play on the next batches of iterators: names to float32 [n], a value a step.
Play = Callable[..., dict[str, tf.Tensor]]
# A step on one replica's part of a batch, and of a held-out one.
Step = Callable[..., dict[str, tf.Tensor]]


def play_function(
    game: Game,
    strategy: tf.distribute.Strategy,
    compiled: bool,
    stage: int = 0,
    *,
    read: bool = False,
) -> Play:
    """A function that plays steps of a stage in one call into TensorFlow.

    It takes how many, and an iterator of batches. Where the instruments read the step, which is
    one, it takes another iterator, of held-out batches, where there are any.

    On one device the step is traced once and looped over, however many there are. Under replicas
    they are unrolled, for TensorFlow cannot exchange gradients from inside a loop or a function of
    its own. AutoGraph is off: it would rewrite the plain Python that rounds and networks are.
    """
    one_device = strategy.num_replicas_in_sync == 1
    if read:
        reading: Step = functools.partial(game.gan.read_step, stage=stage)
        if one_device:
            reading = tf.function(reading, jit_compile=compiled, autograph=False)
        return _unrolled(reading, strategy)
    step = functools.partial(game.gan.train_step, stage=stage)
    return _looped(step, compiled) if one_device else _unrolled(step, strategy)


def _looped(train_step: Step, compiled: bool) -> Play:
    step = tf.function(train_step, jit_compile=compiled, autograph=False)

    @functools.partial(tf.function, autograph=False)
    def play(length: tf.Tensor, batches: Any) -> dict[str, tf.Tensor]:
        outputs = step.get_concrete_function(batches.element_spec).structured_outputs
        return tf.map_fn(
            lambda _: step(batches.get_next()),
            tf.range(length),
            fn_output_signature=tf.nest.map_structure(tf.TensorSpec.from_tensor, outputs),
            parallel_iterations=1,
        )

    return lambda length, batches: play(tf.constant(length), batches)


def _unrolled(step: Step, strategy: tf.distribute.Strategy) -> Play:
    def averaged(*batches: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        values = step(*batches)
        totals = replicas.summed([*values.values()])
        return {n: total / replicas.count() for n, total in zip(values, totals, strict=True)}

    @functools.partial(tf.function, autograph=False)
    def play(length: int, *iterators: Any) -> dict[str, tf.Tensor]:
        of_steps = []
        for _ in range(length):
            values = strategy.run(averaged, args=[iterator.get_next() for iterator in iterators])
            own = {n: strategy.experimental_local_results(values[n])[0] for n in values}
            of_steps.append(own)
        return {name: tf.stack([values[name] for values in of_steps]) for name in of_steps[0]}

    return play
