"""Sequences that a cell writes symbol by symbol: drawing, forcing and completing them.

A cell is a network from a symbol and a state to the next symbol's logits and the next state:
p(y_t | y_1 … y_{t-1}) = softmax(logits_t). The first symbol it is given, and the first state, are
zeros. The conditioning of a cell, such as what was read of a picture, is the same at every symbol.
All that is drawn follows from keys, one uniform number a symbol; nothing here has a state.
"""

from types import MappingProxyType

import tensorflow as tf

from trainer import randomness
from trainer.game.players import Inputs, Network, Outputs
from trainer.layers import one_hot

_NOTHING: Inputs = MappingProxyType({})
# Logits are divided by no lower temperature than this.
_COLDEST = 1e-6


def write(
    cell: Network,
    keys: randomness.Key,
    length: int,
    *,
    forced: tf.Tensor | None = None,
    known: tf.Tensor | None = None,
    temperature: tf.Tensor | None = None,
    conditioning: Inputs = _NOTHING,
) -> tf.Tensor:
    """Draws sequences, each from its own key.

    Args:
        cell: as a player, or in inference mode.
        keys: of shape [n].
        length: T, symbols of a sequence.
        forced: int32 [n, T], sequences whose beginnings are kept, and
        known: int32 [n], how many symbols of each.
        temperature: float32 [n], which divides the logits; 0 takes the most likely symbol, and
            None is 1.
        conditioning: what else the cell is given, [n, …] each.

    Returns:
        int32 [n, T].
    """
    numbers = randomness.uniform(keys, length)
    given = _start(cell, tf.shape(numbers)[0], conditioning)
    symbols = []
    for t in range(length):
        answer = cell(given)
        symbol = _symbol(tf.cast(answer["logits"], tf.float32), numbers[:, t], temperature)
        if forced is not None and known is not None:
            symbol = tf.where(t < known, forced[:, t], symbol)
        symbols.append(symbol)
        given = {**given, **_next(answer, symbol)}
    return tf.stack(symbols, axis=1)


def _symbol(logits: tf.Tensor, numbers: tf.Tensor, temperature: tf.Tensor | None) -> tf.Tensor:
    if temperature is None:
        return drawn(logits, numbers)
    symbol = drawn(logits / tf.maximum(temperature, _COLDEST)[:, tf.newaxis], numbers)
    likeliest = tf.argmax(logits, axis=-1, output_type=tf.int32)
    return tf.where(temperature > 0.0, symbol, likeliest)


def drawn(logits: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Symbols by the inverse of their distribution function.

    Args:
        logits: float32 [n, V].
        numbers: float32 [n], uniform on [0, 1).

    Returns:
        int32 [n]: the first symbol up to which the probabilities sum to more than the number.
    """
    reached = tf.cumsum(tf.nn.softmax(logits), axis=-1)
    # Rounding may leave the sum a little below one.
    passed = reached <= numbers[:, tf.newaxis] * reached[:, -1:]
    symbol = tf.reduce_sum(tf.cast(passed, tf.int32), axis=-1)
    return tf.minimum(symbol, logits.shape[-1] - 1)


def answers(cell: Network, ids: tf.Tensor, conditioning: Inputs = _NOTHING) -> dict[str, tf.Tensor]:
    """What a cell answers in front of every symbol of given sequences.

    Args:
        cell: see `write`.
        ids: int32 [n, T].
        conditioning: see `write`.

    Returns:
        Float32 [n, T, …] by name: the logits, and what else it answers but its state.
    """
    given, steps = _start(cell, tf.shape(ids)[0], conditioning), []
    for t in range(ids.shape[1]):
        answer = cell(given)
        steps.append({n: tf.cast(x, tf.float32) for n, x in answer.items() if n != "state"})
        given = {**given, **_next(answer, ids[:, t])}
    return {name: tf.stack([step[name] for step in steps], axis=1) for name in steps[0]}


def write_relaxed(
    cell: Network,
    keys: randomness.Key,
    length: int,
    temperature: tf.Tensor,
    *,
    straight_through: bool,
    conditioning: Inputs = _NOTHING,
) -> tf.Tensor:
    """Writes sequences of relaxed symbols, each from its own key; gradients flow through them.

    Args:
        cell: see `write`; it is given the relaxed symbols.
        keys: of shape [n].
        length: T.
        temperature: float32 scalar, above 0.
        straight_through: see `gumbel_softmax`.
        conditioning: see `write`.

    Returns:
        float32 [n, T, V], a distribution over symbols at each place.
    """
    given = _start(cell, tf.shape(keys.high)[0], conditioning)
    size = given["symbol"].shape[-1]
    noise = tf.reshape(randomness.gumbel(keys, length * size), [-1, length, size])
    symbols = []
    for t in range(length):
        answer = cell(given)
        logits = tf.cast(answer["logits"], tf.float32)
        symbols.append(gumbel_softmax(logits, noise[:, t], temperature, straight_through))
        given = {**given, "symbol": symbols[-1], "state": answer["state"]}
    return tf.stack(symbols, axis=1)


def gumbel_softmax(
    logits: tf.Tensor, noise: tf.Tensor, temperature: tf.Tensor, straight_through: bool
) -> tf.Tensor:
    """Softmax((logits + noise) / τ), or the one-hot symbol with that one's gradient.

    Args:
        logits: float32 [n, V].
        noise: standard Gumbel numbers, float32 [n, V].
        temperature: τ, above 0.
        straight_through: whether the value is exactly one-hot, at the largest number.

    Returns:
        float32 [n, V].

    Reference: Jang et al. 2017, equation 2 and section 2.2.
    """
    soft = tf.nn.softmax((logits + noise) / temperature)
    return one_hot.straight_through(soft) if straight_through else soft


def log_probabilities(cell: Network, ids: tf.Tensor, conditioning: Inputs = _NOTHING) -> tf.Tensor:
    """Log p(y_t | y_1 … y_{t-1}) of every symbol of given sequences.

    Args:
        cell: see `write`.
        ids: int32 [n, T].
        conditioning: see `write`.

    Returns:
        float32 [n, T].
    """
    return log_likelihood(answers(cell, ids, conditioning)["logits"], ids)


def log_likelihood(logits: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Log p of symbols int32 [n, T] by their logits [n, T, V], float32 [n, T]."""
    return -tf.nn.sparse_softmax_cross_entropy_with_logits(ids, logits)


def completions(
    cell: Network, ids: tf.Tensor, keys: randomness.Key, count: int, conditioning: Inputs = _NOTHING
) -> tf.Tensor:
    """Every beginning of a sequence, completed `count` times (Monte Carlo roll-outs).

    Args:
        cell: see `write`.
        ids: int32 [n, T].
        keys: of shape [n].
        count: how often each.
        conditioning: see `write`.

    Returns:
        int32 [n, count, T - 1, T]: place t of the third axis keeps the first t + 1 symbols.
    """
    length = ids.shape[1]
    each = count * (length - 1)
    column = randomness.Key(keys.high[:, tf.newaxis], keys.low[:, tf.newaxis])
    own = randomness.fold(column, tf.range(each, dtype=tf.int64)[tf.newaxis])
    known = tf.tile(tf.range(1, length, dtype=tf.int32), [tf.shape(ids)[0] * count])
    made = write(
        cell,
        randomness.Key(*(tf.reshape(word, [-1]) for word in own)),
        length,
        forced=tf.repeat(ids, each, axis=0),
        known=known,
        conditioning={
            n: tf.repeat(x, each, axis=0) for n, x in conditioning.items() if n in cell.names
        },
    )
    return tf.reshape(made, [-1, count, length - 1, length])


def _start(cell: Network, rows: tf.Tensor, conditioning: Inputs) -> Inputs:
    """What a cell is given before the first symbol."""
    sizes = {name: cell.model.input[name].shape[-1] for name in ("symbol", "state")}
    return {**conditioning, **{name: tf.zeros([rows, size]) for name, size in sizes.items()}}


def _next(answer: Outputs, symbol: tf.Tensor) -> dict[str, tf.Tensor]:
    """What else a cell is given behind a symbol."""
    one_hot = tf.one_hot(symbol, answer["logits"].shape[-1], dtype=tf.float32)
    return {"symbol": one_hot, "state": answer["state"]}
