"""Label maps as a condition: a channel a class for both players, refused out of range."""

import numpy as np
import pytest
import tensorflow as tf

from serving.description import Description
from tests.recipes import small
from trainer import catalogue
from trainer.data import loading
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.assembly import assemble
from trainer.game.conditions.label_map import LabelMap
from trainer.run import previews

NAMES, PALETTE = ("sky", "ground", "water"), ["#80c0ff", "#604020", "#0000ff"]


def condition():
    field = Field((2, 2, 1), "uint8", "label_map", names=NAMES, about={"palette": PALETTE})
    spec = DataSpec({"sample": Field((2, 2, 3), kind="image"), "label_map": field}, "", 10)
    return LabelMap(catalogue.LabelMapCondition(), spec)


def test_a_class_is_a_channel():
    conditioning = condition().encode(
        {"label_map": tf.constant([[[[0], [2]], [[1], [1]]]], tf.uint8)}
    )
    expected = [[[1, 0, 0], [0, 0, 1]], [[0, 1, 0], [0, 1, 0]]]
    np.testing.assert_array_equal(conditioning["label_map"][0], expected)
    assert condition().ports["label_map"].shape == (2, 2, 3)
    described = condition().describe()
    assert described["names"] == list(NAMES) and described["palette"] == PALETTE


def test_a_class_out_of_range_fails_its_request():
    encode = tf.function(lambda given: condition().encode({"label_map": given}))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"label_map must lie in \[0, 2\]"):
        encode(tf.fill([1, 2, 2, 1], tf.constant(3, tf.uint8)))


def test_a_field_that_is_no_map_is_refused():
    spec = DataSpec(
        {"sample": Field((2, 2, 3), kind="image"), "image": Field(kind="image")}, "", 10
    )
    with pytest.raises(
        ConfigError, match=r"'image', which is of kind image; name one of kind label"
    ):
        LabelMap(catalogue.LabelMapCondition(field="image"), spec)


def test_pix2pix_is_played_on_maps(tmp_path):
    """Both players see them; a picture of the game shows them in the colours of their classes."""
    maps = (
        "data.source={name: digit_pairs, input: label_map}",
        "condition=label_map",
        "wrappers=[augment]",
    )
    experiment = small("pix2pix-digits", tmp_path, *maps)
    dataset = loading.load(experiment.data)
    game = assemble(experiment, dataset.spec, examples=dataset.train)
    inputs = {name: network.names for name, network in game.live.networks.items()}
    assert "label_map" in inputs["generator"] and "label_map" in inputs["discriminator"]
    offered = Description(game.live.description.document).signature("translate")
    assert offered.subject == "label_map" and offered.inputs["label_map"].is_file
    assert offered.inputs["label_map"].names == ("background", "edge", "stroke")
    # The network takes maps of any size, and says how far it looks beside what colours mean.
    field = offered.inputs["label_map"]
    assert field.shape == (None, None, 1) == offered.outputs["image"].shape
    assert field.about["context"] is None and {"palette", "stride"} < set(field.about)
    maps_of_7x9 = game.live.bank["label_map"][:2, :7].repeat(2, axis=2)[:, :, :9]
    asked = {"label_map": maps_of_7x9, "seed": np.arange(2)}
    assert game.live.run("translate", asked)["image"].shape == (2, 7, 9, 1)
    draw = previews.drawer(game.live, (2, 3))
    shown = draw()[:56, :56].reshape(8, 7, 8, 7, 3)[:, 0, :, 0]
    brightness = game.live.bank["label_map"][0, ..., 0].astype(int) * 255 // 2
    assert np.abs(shown[..., 1].astype(int) - brightness).max() <= 1
