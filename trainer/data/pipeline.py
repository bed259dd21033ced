"""The training examples as an endless tf.data of batches, each a pure function of its step."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from trainer.data.examples import Examples
from trainer.data.order import example_at
from trainer.errors import ConfigError
from trainer.randomness import fold, key_of, uniform

# Several steps are gathered by one call, which hides TensorFlow's cost per call: up to this many
# examples and bytes.
_EXAMPLES_PER_CALL = 4096
_BYTES_PER_CALL = 8 * 2**20
_LAST_STEP = 2**62


def batches(
    examples: Examples,
    *,
    batch_size: int,
    turns: int = 1,
    seed: int,
    start_step: int = 0,
    flip: bool = False,
) -> tf.data.Dataset:
    """The batches of step `start_step` and of every later step, without an end.

    Step s draws the positions s·k·B + j·B + i for turn j and row i (`trainer.data.order`), so its
    batch is the same wherever a run starts.

    Args:
        examples: at least `batch_size * turns` of them.
        batch_size: B, examples of a turn over all replicas together.
        turns: k, discriminator turns of a step.
        seed: base seed of the run.
        start_step: first step to be drawn.
        flip: whether an image is mirrored left to right with probability one half, at each draw
            anew.

    Returns:
        A dataset of dicts: "sample" [B, k, *shape] in the stored dtype; "label" int64 [B, k] where
        the examples are labelled; "position" int64 [B], each row's place in the global batch.

    Raises:
        ConfigError: when a step would draw more examples than there are.
    """
    check_size(examples, batch_size, turns)
    gather = _gatherer(examples)
    num_steps = _steps_per_call(examples, batch_size * turns)

    def draw(first_step: tf.Tensor) -> dict[str, tf.Tensor]:
        steps = first_step + tf.range(num_steps, dtype=tf.int64)
        positions = _positions(steps, batch_size, turns)
        flat = tf.reshape(positions, [-1])
        drawn = gather(example_at(flat, len(examples), seed))
        if flip:
            drawn["sample"] = _flipped(drawn["sample"], flat, seed)
        lead = [num_steps, batch_size, turns]
        batch = {name: tf.reshape(x, lead + x.shape[1:]) for name, x in drawn.items()}
        places = tf.range(batch_size, dtype=tf.int64)
        return {**batch, "position": tf.tile(places[tf.newaxis], [num_steps, 1])}

    dataset = tf.data.Dataset.range(start_step, _LAST_STEP, num_steps)
    dataset = dataset.map(draw, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return dataset.unbatch().prefetch(tf.data.AUTOTUNE)


def check_size(examples: Examples, batch_size: int, turns: int) -> None:
    """Refuses a step that would draw more examples than there are.

    Raises:
        ConfigError: naming the largest batch.
    """
    if batch_size * turns > len(examples):
        raise ConfigError(
            f"train.batch_size: received {batch_size} for {turns} discriminator turn(s) a step; "
            f"there are {len(examples)} training examples (data.holdout_share sets others aside); "
            f"take at most {len(examples) // turns}."
        )


def _steps_per_call(examples: Examples, per_step: int) -> int:
    step_bytes = per_step * examples.samples[0].nbytes
    return max(1, min(_EXAMPLES_PER_CALL // per_step, _BYTES_PER_CALL // step_bytes))


def _positions(steps: tf.Tensor, batch_size: int, turns: int) -> tf.Tensor:
    """s·k·B + j·B + i, int64 [steps, B, k]."""
    turn_starts = tf.range(turns, dtype=tf.int64) * batch_size
    rows = tf.range(batch_size, dtype=tf.int64)[:, tf.newaxis]
    return steps[:, tf.newaxis, tf.newaxis] * (turns * batch_size) + turn_starts + rows


def _gatherer(examples: Examples) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """A function of int64 indices [m] that gives the "sample" [m, *shape] and "label" [m]."""
    # Tensors that the dataset captures: as constants of its graph they could not pass 2 GiB.
    with tf.device("CPU:0"):
        labels = None if examples.labels is None else tf.constant(examples.labels, tf.int64)
        on_disk = isinstance(examples.samples, np.memmap)
        samples = None if on_disk else tf.constant(examples.samples)

    def from_disk(indices: tf.Tensor) -> tf.Tensor:
        dtype = tf.as_dtype(examples.samples.dtype)
        rows = tf.numpy_function(
            lambda i: np.asarray(examples.samples[i]), [indices], dtype, stateful=False
        )
        return tf.ensure_shape(rows, [None, *examples.samples.shape[1:]])

    def gather(indices: tf.Tensor) -> dict[str, tf.Tensor]:
        drawn = {"sample": from_disk(indices) if on_disk else tf.gather(samples, indices)}
        if labels is not None:
            drawn["label"] = tf.gather(labels, indices)
        return drawn

    return gather


def _flipped(images: tf.Tensor, positions: tf.Tensor, seed: int) -> tf.Tensor:
    """Images [m, h, w, c], each mirrored or not by a coin of its own position in the run."""
    keys = fold(key_of(tf.constant(seed, tf.int64), "flip"), positions)
    coin = uniform(keys, 1) < 0.5
    return tf.where(coin[:, :, tf.newaxis, tf.newaxis], tf.reverse(images, [2]), images)
