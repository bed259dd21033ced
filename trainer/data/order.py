"""The order of the training examples: which example each position of a run draws.

Position p of a run lies in epoch p // n, and every epoch is a permutation of its own, computed for
one position at a time: no list is kept, and a run that resumes starts anywhere at no cost.
`tf.random.experimental.index_shuffle` does the same, but its four rounds leave neighbours
correlated (.09 at n = 60 000), it cannot take one seed a row, and it may change with TensorFlow.
"""

import math

import tensorflow as tf

from trainer.randomness import Key, fold, key_of, threefry

# An even number, so that row and column end in their places; with six, the differences of
# neighbours are still biased at n = 100.
_HALF_ROUNDS = 8


def example_at(positions: tf.Tensor, n: int, seed: int, table: int = 0) -> tf.Tensor:
    """The example that each position of a run draws.

    Args:
        positions: int64 of any shape, at least 0.
        n: number of examples, at least 1.
        seed: base seed of the run.
        table: number of the table, each of which has an order of its own.

    Returns:
        int64 of the shape of `positions`, on [0, n); positions e·n … e·n + n - 1 draw every
        example once.
    """
    key = fold(key_of(tf.constant(seed, tf.int64), stream("data order", table)), positions // n)
    return _permute(positions % n, key, n)


def stream(name: str, table: int) -> str:
    """The name of a table's random stream: the first table's has no number."""
    return f"{name} {table}" if table else name


def _permute(index: tf.Tensor, key: Key, n: int) -> tf.Tensor:
    """A keyed permutation of [0, n), elementwise.

    A Feistel network permutes a rectangle just larger than n; numbers that leave [0, n) are
    enciphered again until they are back, which keeps the map one-to-one (Black & Rogaway 2002,
    "Ciphers with arbitrary finite domains").
    """
    inside, _ = tf.while_loop(
        lambda _, outside: tf.reduce_any(outside),
        lambda x, outside: _encipher_those(x, outside, key, n),
        [index, tf.fill(tf.shape(index), True)],
    )
    return tf.ensure_shape(inside, index.shape)


def _encipher_those(
    x: tf.Tensor, outside: tf.Tensor, key: Key, n: int
) -> tuple[tf.Tensor, tf.Tensor]:
    enciphered = tf.where(outside, _encipher(x, key, n), x)
    return enciphered, enciphered >= n


def _encipher(x: tf.Tensor, key: Key, n: int) -> tf.Tensor:
    """A keyed permutation of a rectangle with at least n places, of which less than √n are more.

    Each half-round turns one coordinate by a pseudo-random amount that the other one decides. They
    run in a loop of TensorFlow's, because unrolled they take seconds to trace.
    """
    num_rows = math.isqrt(n - 1) + 1
    num_columns = -(-n // num_rows)

    def half_round(
        number: tf.Tensor,
        turned: tf.Tensor,
        other: tf.Tensor,
        size: tf.Tensor,
        other_size: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        counter = Key(tf.cast(number, tf.uint32), tf.cast(other, tf.uint32))
        amount = tf.cast(threefry(key, counter).low, tf.int64)
        return number + 1, other, (turned + amount) % size, other_size, size

    sizes = [tf.constant(size, tf.int64) for size in (num_rows, num_columns)]
    _, row, column, *_ = tf.while_loop(
        lambda number, *_: number < _HALF_ROUNDS,
        half_round,
        [tf.constant(0), x % num_rows, x // num_rows, *sizes],
    )
    return column * num_rows + row
