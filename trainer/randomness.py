"""Random numbers as pure functions: Threefry-2x32 (Salmon et al. 2011) in TensorFlow's bitwise ops.

Every number of a run is a function of (base seed, stream name, step, position in the global batch,
index), and every number of an export one of (seed, stream name, index). There is no state:
replicas, restarts, the batch a row shares and XLA cannot change a value. TensorFlow's own float
streams give none of this (they differ under XLA and are not vectorised over seeds).

The streams are a contract for ever: `tests/trainer/test_randomness.py` holds golden values.
"""

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np
import tensorflow as tf

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA

_Arguments = ParamSpec("_Arguments")
_Words = TypeVar("_Words")
_COMPILED: ContextVar[bool] = ContextVar("compiled", default=False)


@contextlib.contextmanager
def compiled(whether: bool = True) -> Iterator[None]:
    """Within, XLA compiles Threefry, whose hundreds of small operations become one: the same words.

    It is for training on one device. Under replicas TensorFlow does not compile, and an export must
    not ask its server for a compiler.
    """
    before = _COMPILED.set(whether)
    try:
        yield
    finally:
        _COMPILED.reset(before)


def _compilable(words: Callable[_Arguments, _Words]) -> Callable[_Arguments, _Words]:
    """A function of integers alone, compiled inside `compiled`, a time for each shape."""
    by_xla = tf.function(words, jit_compile=True, autograph=False)

    @functools.wraps(words)
    def either(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> _Words:
        found: _Words = (by_xla if _COMPILED.get() else words)(*arguments, **options)
        return found

    return either


class Key(NamedTuple):
    """Two 32-bit words, each a uint32 tensor of any (equal) shape: one key a row."""

    high: tf.Tensor
    low: tf.Tensor

    @classmethod
    def of_rows(cls, rows: tf.Tensor) -> "Key":
        """The keys that are a network's input, uint32 [n, 2]."""
        return cls(rows[:, 0], rows[:, 1])

    @property
    def rows(self) -> tf.Tensor:
        """Keys [n] as a network's input, uint32 [n, 2]."""
        return tf.stack([self.high, self.low], axis=-1)


def threefry(key: Key, counter: Key) -> Key:
    """Threefry-2x32 with twenty rounds, elementwise over broadcastable uint32 tensors.

    Reference: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    words = (*key, *counter)
    shape = functools.reduce(tf.broadcast_static_shape, [word.shape for word in words])
    key = Key(*_threefry(*words))
    for word in key:
        word.set_shape(shape)
    return key


# Its 170 operations are traced once for all shapes: a step and its batch draw dozens of times.
@functools.partial(
    tf.function, autograph=False, input_signature=[tf.TensorSpec(None, tf.uint32)] * 4
)
def _threefry(
    key_high: tf.Tensor, key_low: tf.Tensor, counter_high: tf.Tensor, counter_low: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    parity = tf.bitwise.bitwise_xor(
        tf.bitwise.bitwise_xor(key_high, key_low), tf.constant(_PARITY, tf.uint32)
    )
    schedule = (key_high, key_low, parity)
    x0, x1 = counter_high + schedule[0], counter_low + schedule[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = tf.bitwise.bitwise_xor(_rotate_left(x1, rotation), x0)
        x0 = x0 + schedule[(group + 1) % 3]
        x1 = x1 + schedule[(group + 2) % 3] + tf.constant(group + 1, tf.uint32)
    return x0, x1


def _rotate_left(x: tf.Tensor, bits: int) -> tf.Tensor:
    left = tf.bitwise.left_shift(x, tf.constant(bits, tf.uint32))
    right = tf.bitwise.right_shift(x, tf.constant(32 - bits, tf.uint32))
    return tf.bitwise.bitwise_or(left, right)


def key_of(seed: tf.Tensor, stream: str) -> Key:
    """The key of a named stream under each seed.

    Args:
        seed: int64 of any shape; all 64 bits count, negative seeds are seeds like others.
        stream: what the numbers are for. Streams of different names are independent.
    """
    high, low = _words(tf.cast(seed, tf.int64))
    digest = hashlib.sha256(stream.encode()).digest()
    name = np.frombuffer(digest[:8], dtype=">u4").astype(np.uint32)
    return threefry(Key(high, low), Key(tf.constant(name[0]), tf.constant(name[1])))


@_compilable
def fold(key: Key, *numbers: tf.Tensor) -> Key:
    """The keys that belong to int64 numbers (a step, then a position) under a key."""
    for number in numbers:
        key = threefry(key, Key(*_words(tf.cast(number, tf.int64))))
    return key


def _words(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    bits = tf.bitcast(number, tf.uint64)
    high = tf.bitwise.right_shift(bits, tf.constant(32, tf.uint64))
    low = tf.bitwise.bitwise_and(bits, tf.constant(0xFFFFFFFF, tf.uint64))
    return tf.cast(high, tf.uint32), tf.cast(low, tf.uint32)


@_compilable
def bits(keys: Key, size: int | tf.Tensor) -> tf.Tensor:
    """Uniform 32-bit words, uint32 [n, size], from keys of shape [n]; word i depends on i alone."""
    pairs = (size + 1) // 2
    counter = Key(tf.zeros([1, pairs], tf.uint32), tf.range(pairs, dtype=tf.int32)[tf.newaxis])
    counter = Key(counter.high, tf.cast(counter.low, tf.uint32))
    words = threefry(Key(keys.high[:, tf.newaxis], keys.low[:, tf.newaxis]), counter)
    return tf.reshape(tf.stack(words, axis=-1), [-1, 2 * pairs])[:, :size]


def uniform(keys: Key, size: int | tf.Tensor) -> tf.Tensor:
    """Numbers on [0, 1), float32 [n, size], with 24 random bits each."""
    high_bits = tf.bitwise.right_shift(bits(keys, size), tf.constant(8, tf.uint32))
    return tf.cast(high_bits, tf.float32) * 2.0**-24


def normal(keys: Key, size: int) -> tf.Tensor:
    """Standard normal numbers, float32 [n, size], by Box & Muller 1958.

    Numbers 2i and 2i + 1 come from one pair of uniforms, so number i never depends on `size`.
    The transcendental functions run in float64: their vectorised and scalar forms differ in the
    last bit, and rounding to float32 removes that difference, so a row's numbers do not depend on
    how many rows there are.
    """
    pairs = (size + 1) // 2
    u = tf.cast(tf.reshape(uniform(keys, 2 * pairs), [-1, pairs, 2]), tf.float64)
    # 1 - u lies on (0, 1], where the logarithm is finite.
    radius = tf.sqrt(-2.0 * tf.math.log(1.0 - u[..., 0]))
    angle = 2.0 * np.pi * u[..., 1]
    numbers = tf.stack([radius * tf.cos(angle), radius * tf.sin(angle)], axis=-1)
    return tf.cast(tf.reshape(numbers, [-1, 2 * pairs])[:, :size], tf.float32)


def gumbel(keys: Key, size: int) -> tf.Tensor:
    """Standard Gumbel numbers -log(-log u), float32 [n, size], each row from its own key."""
    # In float64, and away from both ends: see `normal`.
    u = tf.cast(uniform(keys, size), tf.float64) + 2.0**-25
    return tf.cast(-tf.math.log(-tf.math.log(u)), tf.float32)


class Noise:
    """The random streams of one step: each draw is named, and each row has numbers of its own.

    Args:
        seed: base seed of the run.
        step: int64 scalar.
        position: int64 [b], each row's place in the global batch.
        scope: prefix of every stream's name; rounds give each turn a scope.
    """

    def __init__(self, seed: int, step: tf.Tensor, position: tf.Tensor, scope: str = "") -> None:
        self.seed, self.step, self.position, self.scope = seed, step, position, scope

    def keys(self, stream: str) -> Key:
        """The rows' keys in a stream, uint32 words of shape [b]."""
        with tf.init_scope():  # Known already: a constant of the graph.
            run_key = key_of(tf.constant(self.seed, tf.int64), self.scope + stream)
        return fold(run_key, self.step, self.position)

    def within(self, scope: str) -> "Noise":
        """The same rows and step with streams of their own, such as those of one turn."""
        return Noise(self.seed, self.step, self.position, f"{self.scope}{scope}/")
