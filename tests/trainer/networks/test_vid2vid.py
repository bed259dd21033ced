import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.networks.ports import Ports
from trainer.networks.vid2vid import Vid2Vid

CLIP = Field((4, 8, 8, 1), kind="clip", range=(-1.0, 1.0))
OUTPUTS = {"sample": CLIP, "flow": Field((4, 8, 8, 2), kind="flow")}
INPUTS = {"latent": Field((3,), kind="latent"), "clip": CLIP, "key": Field((2,), "uint32", "key")}
STEP = {"name": "unet", "base_filters": 4, "dropout": 0.0, "normalization": "none"}


def _model(**options):
    made = Vid2Vid(catalogue.Vid2Vid(of=STEP, **options))
    return made.generator(Ports(INPUTS, OUTPUTS))


def _inputs(seed=0, **changes):
    random = np.random.default_rng(seed)
    given = {"latent": random.normal(size=(2, 3)), "clip": random.normal(size=(2, 4, 8, 8, 1))}
    return {n: tf.constant(x, tf.float32) for n, x in (given | changes).items()}


def test_history_is_detached():
    """A frame depends on all before it, but its gradient stops at the frame that it moved."""
    model, inputs = _model(), _inputs()
    clip = inputs["clip"]
    with tf.GradientTape() as tape:
        tape.watch(clip)
        last = tf.reduce_sum(model(inputs)["sample"][:, 3])
    reached = [
        bool(tf.reduce_any(part != 0.0)) for part in tf.unstack(tape.gradient(last, clip), 4, 1)
    ]
    # Its own given frame, and the one before it, are given to it; what was made before is fixed.
    assert reached == [False, False, True, True]
    other = clip.numpy()
    other[:, 0] += 1.0
    changed = model(_inputs(clip=other))["sample"][:, 3]
    assert not np.allclose(changed, model(inputs)["sample"][:, 3], atol=1e-9)


def test_flows_are_bounded_and_the_first_frame_has_none():
    made = _model(reach=3.0)(_inputs())
    assert made["flow"].shape == (2, 4, 8, 8, 2)
    assert float(tf.reduce_max(tf.abs(made["flow"]))) <= 3.0
    np.testing.assert_array_equal(made["flow"][:, 0], 0.0)
    assert float(tf.reduce_max(tf.abs(made["sample"]))) <= 1.0


def test_without_history_a_frame_is_made_of_what_is_given_alone():
    model, inputs = _model(history=False), _inputs()
    one = model(inputs)
    np.testing.assert_array_equal(one["flow"], 0.0)
    other = inputs["clip"].numpy()
    other[:, 0] += 1.0
    np.testing.assert_allclose(model(_inputs(clip=other))["sample"][:, 3], one["sample"][:, 3])


def test_the_latent_is_the_style_of_every_frame():
    model = _model(history=False)
    frame = np.random.default_rng(1).normal(size=(2, 1, 8, 8, 1)).repeat(4, axis=1)
    made = model(_inputs(clip=frame))["sample"].numpy()
    np.testing.assert_allclose(made[:, 3], made[:, 2], atol=1e-6)
    other = model(_inputs(clip=frame, latent=np.ones((2, 3))))["sample"].numpy()
    assert not np.allclose(other, made, atol=1e-9)


def test_other_games_are_refused():
    short = Field((3, 8, 8, 1), kind="clip")
    family = Vid2Vid(catalogue.Vid2Vid(of=STEP))
    with pytest.raises(ConfigError, match="set condition=clip"):
        family.generator(Ports({"latent": INPUTS["latent"]}, OUTPUTS))
    with pytest.raises(ConfigError, match="as many frames of one size"):
        family.generator(Ports({**INPUTS, "clip": short}, OUTPUTS))
