"""Video to video: losses of flow by hand, and what cannot be played."""

import numpy as np
import pytest
import tensorflow as tf

from tests.recipes import small
from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.errors import ConfigError
from trainer.game.assembly import assemble
from trainer.game.rounds.clips import warped


@pytest.fixture(scope="module")
def data():
    source = {"name": "moving_digits", "clips": 40, "frames": 4, "boxes": True, "digits": 1}
    return loading.load(Data(source=source))


def _seen(clips):
    return clips.astype(np.float32) / 127.5 - 1.0


def test_the_true_flow_brings_every_frame_to_the_next(data):
    """To the pixel, but for what a box uncovers, which nothing before it shows."""
    y, flow = _seen(data.train["sample"]), data.train["flow"]
    boxes = data.train["clip"] > 0
    difference = np.abs(warped(tf.constant(y), tf.constant(flow)).numpy() - y[:, 1:])
    uncovered = boxes[:, :-1] & ~boxes[:, 1:]
    assert difference[~uncovered].max() == 0.0 and difference[uncovered].max() > 0.0
    assert np.abs(flow).max() == 2.0 and not flow[:, 0].any()


def test_boxes_say_where_digits_are_and_of_which_class(data):
    clips, labels = data.train["clip"], data.train["label"]
    assert (clips[0].reshape(4, -1).max(axis=1) == 25 * (1 + labels[0])).all()
    assert ((clips[0] > 0).reshape(4, -1).sum(axis=1) == 64).all()
    assert (data.train["sample"][clips == 0] == 0).all()


def test_real_clips_with_their_own_flow_lose_nothing(data, tmp_path):
    experiment = small("vid2vid-digits", tmp_path, "data.source.side=16", "data.source.speed=2")
    round_ = assemble(experiment, loading.load(experiment.data).spec).gan.round
    y, flow = _seen(data.train["sample"][:3]), data.train["flow"][:3]
    batch = {"sample": tf.constant(y), "flow": tf.constant(flow / 2.0)}
    right = round_.motion({"sample": batch["sample"], "flow": tf.constant(flow)}, batch)
    np.testing.assert_array_equal(right["generator_warp"], 0.0)
    boxes = data.train["clip"][:3] > 0
    uncovered = (boxes[:, :-1] & ~boxes[:, 1:]) * (y[:, :-1] + 1.0)
    # The flow itself is right, and what it moves lacks what was uncovered alone.
    expected = 10.0 * uncovered.mean(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(right["generator_flow"], expected, rtol=1e-4)
    still = round_.motion({"sample": batch["sample"], "flow": tf.zeros_like(flow)}, batch)
    mean = np.abs(flow[:, 1:]).mean(axis=(1, 2, 3, 4))
    wrong = np.abs(y[:, 1:] - y[:, :-1]).mean(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(still["generator_flow"], 10.0 * (mean + wrong), rtol=1e-4)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["data.source.boxes=false"], "which has no true flow"),
        (["terms=[{name: reconstruction}]"], "terms: received some with the round 'clips'"),
        (["network={name: frames, of: unet}"], "networks.generator: received 'frames'"),
        (["data.flip=true"], "data.flip: received True with boxes"),
        (["data.source.past=2"], "data.source.past: received 2 with boxes"),
    ],
)
def test_what_cannot_be_played_is_refused(overrides, words):
    with pytest.raises(ConfigError, match=words):
        load_experiment("vid2vid-digits", overrides)
