"""Weights between two trainings: (1 - s) of one, s of the other."""

import tensorflow as tf

from trainer.errors import ConfigError
from trainer.game.assembly import Game
from trainer.game.averaging import is_moment
from trainer.run.checkpoints import Checkpoints
from trainer.run.directory import RunDirectory

_OPTION = "--mix"


def mix(game: Game, checkpoints: Checkpoints, text: str) -> str:
    """Moves the averaged networks of a game a share of the way to those of another checkpoint.

    Between a generator that was trained on pixels and the same one after the game, shares trade
    faithfulness for texture, without training again.

    Args:
        game: restored; its weights are changed.
        checkpoints: its own.
        text: "WHERE=SHARE", WHERE a step that the run keeps or the directory of another run of the
            same networks (its last checkpoint), SHARE between 0 and 1 (both excluded).

    Returns:
        What was done, for a reader.

    Raises:
        ConfigError: for other text, a checkpoint that is not there or does not fit, and averaged
            networks with batch statistics, which mean nothing between two.

    Reference: Wang et al. 2018, "ESRGAN: enhanced super-resolution generative adversarial
    networks", section 3.4.
    """
    where, share = _read(text)
    averages = {id(v) for model in game.gan.averages.values() for v in model.variables}
    variables = [v for n in game.live.networks.values() for v in n.model.variables]
    if any(id(v) in averages and is_moment(v) for v in variables):
        raise ConfigError(
            f"{_OPTION}: received {text!r} for networks with batch normalisation, whose statistics "
            "mean nothing between two trainings; train with normalization none, layer or instance."
        )
    before = [tf.identity(variable.value) for variable in variables]
    if where.isdecimal():
        checkpoints.restore(where)
    else:
        checkpoints.warm_start(RunDirectory(where).checkpoints)
        game.live.copy_weights()
    for variable, old in zip(variables, before, strict=True):
        own = id(variable) not in averages or not old.dtype.is_floating
        there = tf.convert_to_tensor(variable.value)
        variable.assign(old if own else (1.0 - share) * old + share * there)
    return f"{share:g} of its weights of {f'step {where}' if where.isdecimal() else where}"


def _read(text: str) -> tuple[str, float]:
    where, _, number = text.rpartition("=")
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not where or not 0.0 < share < 1.0:
        raise ConfigError(
            f"{_OPTION}: received {text!r}; give STEP=SHARE or RUN_DIR=SHARE with a share between "
            "0 and 1, such as 5000=0.2."
        )
    return where, share
