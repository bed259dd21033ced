"""The training examples as an endless tf.data of batches, each a pure function of its step."""

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from trainer.data import draws
from trainer.data.draws import Draw
from trainer.data.examples import Examples, Table, count
from trainer.data.jitter import Jitter
from trainer.data.order import example_at, stream
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.randomness import fold, key_of, uniform

# Several steps are gathered by one call, which hides TensorFlow's cost per call: up to this many
# examples and bytes.
_EXAMPLES_PER_CALL = 4096
_BYTES_PER_CALL = 8 * 2**20
_LAST_STEP = 2**62


class Share(NamedTuple):
    """The replicas of one process, which draws their rows of the global batch and no others.

    Attributes:
        first: number of the first one among all replicas.
        replicas: how many they are.
        of: how many there are in all processes.
    """

    first: int = 0
    replicas: int = 1
    of: int = 1


# Of a process that trains alone on one replica.
ALL = Share()


def batches(
    examples: Examples,
    *,
    batch_size: int,
    turns: int = 1,
    seed: int,
    start_step: int = 0,
    flip: Collection[str] = (),
    jitter: Jitter | None = None,
    binarise: Collection[str] = (),
    by_category: Field | None = None,
    share: Share = ALL,
) -> tf.data.Dataset:
    """The batches of step `start_step` and of every later step, without an end.

    Step s draws the positions s·k·B + j·B + i for turn j and row i (`trainer.data.order`), so its
    batch is the same wherever a run starts. Every table has an order of its own; one that has fewer
    rows than the first begins its next epoch sooner. A step that draws more rows than there are
    draws some twice; `check_size` refuses it for training.

    Args:
        examples: one at least in every table.
        batch_size: B, examples of a turn over all replicas together.
        turns: k, discriminator turns of a step.
        seed: base seed of the run.
        start_step: first step to be drawn.
        flip: names of the images and clips that are mirrored left to right with probability one
            half, at each draw anew; those of one row together, so that pairs stay pairs.
        jitter: what is enlarged and cut out anew at each draw, a row's pictures alike.
        binarise: names of the pictures that are drawn black and white, at each draw anew.
        by_category: the field of the table whose rows are drawn by their categories instead of in
            an order (`trainer.data.draws`); None for an order.
        share: which replicas the batches are for, b = B / share.of rows each.

    Returns:
        A dataset of dicts, one for each replica of the share and step: every field [b, k, *shape]
        in its stored dtype, such as "sample" and "label" (int64 [b, k]), and "position" int64 [b],
        each row's place in the global batch; "label" is the category by which a row of a table was
        drawn.
    """
    tables = [
        _drawer(
            *(table, _draw_of(table, number, seed, by_category), number, seed),
            *(flip, jitter, binarise),
        )
        for number, table in enumerate(examples.tables)
    ]
    rows = batch_size // share.of
    places = rows * share.first + tf.range(rows * share.replicas, dtype=tf.int64)
    num_steps = _steps_per_call(examples, rows * share.replicas * turns)

    def draw(first_step: tf.Tensor) -> dict[str, tf.Tensor]:
        steps = first_step + tf.range(num_steps, dtype=tf.int64)
        positions = tf.reshape(_positions(steps, places, batch_size, turns), [-1])
        drawn = {name: x for table in tables for name, x in table(positions).items()}
        lead = [num_steps * share.replicas, rows]
        batch = {n: tf.reshape(x, [*lead, turns, *x.shape[1:]]) for n, x in drawn.items()}
        return {**batch, "position": tf.reshape(tf.tile(places, [num_steps]), lead)}

    dataset = tf.data.Dataset.range(start_step, _LAST_STEP, num_steps)
    # There is nothing in `draw` for AutoGraph to rewrite, which takes it longer than tracing.
    draw = tf.autograph.experimental.do_not_convert(draw)
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
    step_bytes = per_step * sum(examples[name][:1].nbytes for name in examples)
    return max(1, min(_EXAMPLES_PER_CALL // per_step, _BYTES_PER_CALL // step_bytes))


def _positions(steps: tf.Tensor, places: tf.Tensor, batch_size: int, turns: int) -> tf.Tensor:
    """s·k·B + j·B + i for places i in the global batch, int64 [steps, places, k]."""
    turn_starts = tf.range(turns, dtype=tf.int64) * batch_size
    rows = places[:, tf.newaxis]
    return steps[:, tf.newaxis, tf.newaxis] * (turns * batch_size) + turn_starts + rows


# Positions in the run, int64 [m] → the fields of the rows that they draw, [m, *shape].
_Draw = Callable[[tf.Tensor], dict[str, tf.Tensor]]


def _draw_of(table: Table, number: int, seed: int, by_category: Field | None) -> Draw:
    """Which rows of a table are drawn: a permutation every epoch, or those of a category."""
    if by_category is not None and "sample" in table:
        return draws.by_category(table["sample"], by_category, seed)
    return lambda positions: (example_at(positions, count(table), seed, number), {})


def _drawer(
    table: Table,
    chosen: Draw,
    number: int,
    seed: int,
    flip: Collection[str],
    jitter: Jitter | None,
    binarise: Collection[str],
) -> _Draw:
    """The fields of the rows that are drawn."""
    gatherers = {name: _gatherer(array) for name, array in table.items()}
    mirrored = [name for name in table if name in flip]
    black_and_white = [name for name in table if name in binarise]

    def draw(positions: tf.Tensor) -> dict[str, tf.Tensor]:
        rows, said = chosen(positions)
        drawn = {name: gather(rows) for name, gather in gatherers.items()}
        if jitter is not None and jitter.pixels:
            drawn |= jitter(drawn, _uniform("jitter", 2, positions, seed, number))
        if mirrored:
            coin = _coin(positions, seed, number)
            drawn |= {name: _mirrored(drawn[name], coin) for name in mirrored}
        for name in black_and_white:
            size = int(np.prod(table[name].shape[1:]))
            u = _uniform(f"binarise {name}", size, positions, seed, number)
            drawn[name] = black_or_white(drawn[name], u)
        return {**drawn, **said}

    return draw


def _gatherer(array: np.ndarray) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function of int64 indices [m] that gives those rows of a field, [m, *shape]."""
    if isinstance(array, np.memmap):
        return lambda indices: _from_disk(array, indices)
    # A tensor that the dataset captures: as a constant of its graph it could not pass 2 GiB.
    with tf.device("CPU:0"):
        values = tf.constant(array)
    return lambda indices: tf.gather(values, indices)


def _from_disk(array: np.ndarray, indices: tf.Tensor) -> tf.Tensor:
    dtype = tf.as_dtype(array.dtype)
    rows = tf.numpy_function(lambda i: np.asarray(array[i]), [indices], dtype, stateful=False)
    return tf.ensure_shape(rows, [None, *array.shape[1:]])


def _mirrored(pictures: tf.Tensor, coin: tf.Tensor) -> tf.Tensor:
    """Pictures [m, …, w, c] left to right where the coin [m] says so, a clip as a whole."""
    rank = pictures.shape.rank
    whole = tf.reshape(coin, [-1, *(1,) * (rank - 1)])
    return tf.where(whole, tf.reverse(pictures, [rank - 2]), pictures)


def black_or_white(pictures: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
    """Of levels 0 … top each number is top where its u < level / top, else 0.

    Args:
        pictures: uint8 or uint16 [m, …].
        u: uniform numbers on [0, 1), float32 [m, d], d the numbers of a picture.
    """
    top = pictures.dtype.max
    light = tf.reshape(u, tf.shape(pictures)) * float(top) < tf.cast(pictures, tf.float32)
    return tf.where(light, tf.constant(top, pictures.dtype), tf.zeros([], pictures.dtype))


def _coin(positions: tf.Tensor, seed: int, table: int) -> tf.Tensor:
    """Whether each position's images are mirrored, bool [m]: its own in the run."""
    return _uniform("flip", 1, positions, seed, table)[:, 0] < 0.5


def _uniform(name: str, count: int, positions: tf.Tensor, seed: int, table: int) -> tf.Tensor:
    """Numbers of a stream for each position, float32 [m, count]: its own in the run."""
    keys = fold(key_of(tf.constant(seed, tf.int64), stream(name, table)), positions)
    return uniform(keys, count)
