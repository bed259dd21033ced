import keras
import numpy as np
import pytest

from trainer import catalogue
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.networks.frames import Frames, folded, unfolded
from trainer.networks.ports import Ports

CLIP = Field((3, 8, 8, 2), kind="clip", range=(-1.0, 1.0))
LATENT = Field((4,), kind="latent")
KEY = Field((2,), "uint32", "key")
LOGITS = {"logits": Field()}


def test_frames_become_channels_and_come_back():
    x = np.random.default_rng(0).normal(size=(2, 3, 8, 8, 2)).astype(np.float32)
    picture = folded(x)
    np.testing.assert_array_equal(picture[..., 2:4], x[:, 1])
    np.testing.assert_array_equal(unfolded(picture, CLIP, "sample"), x)


@pytest.mark.parametrize(
    ("of", "inputs"),
    [
        ({"name": "dcgan", "base_filters": 4}, {"latent": LATENT, "key": KEY}),
        ({"name": "unet", "base_filters": 4}, {"clip": CLIP, "key": KEY}),
        ({"name": "resnet", "base_filters": 4, "blocks": 1}, {"clip": CLIP, "key": KEY}),
    ],
)
def test_families_of_pictures_make_clips(of, inputs):
    model = Frames(catalogue.Frames(of=of)).generator(Ports(inputs, {"sample": CLIP}))
    assert {n: x.shape[1:] for n, x in model.output.items()} == {"sample": (3, 8, 8, 2)}
    given = {n: keras.ops.ones((2, *x.shape[1:]), x.dtype) for n, x in model.input.items()}
    made = model(given)["sample"]
    assert made.dtype == "float32" and float(np.abs(made).max()) <= 1.0


@pytest.mark.parametrize("name", ["dcgan", "patch"])
def test_they_judge_clips_beside_what_was_given(name):
    of = {"name": name, "base_filters": 4}
    ports = Ports({"sample": CLIP, "clip": CLIP}, LOGITS)
    model = Frames(catalogue.Frames(of=of)).discriminator(ports)
    x = np.random.default_rng(0).normal(size=(2, 3, 8, 8, 2)).astype(np.float32)
    one = model({"sample": x, "clip": x})["logits"]
    # The order of time matters.
    other = model({"sample": x[:, ::-1], "clip": x})["logits"]
    assert not np.allclose(one, other)


def test_pictures_are_left_to_the_family():
    picture = Field((8, 8, 1), kind="image")
    with pytest.raises(ConfigError, match="none of which is a clip"):
        Frames(catalogue.Frames(of={"name": "dcgan"})).discriminator(
            Ports({"sample": picture}, LOGITS)
        )


def test_what_the_family_cannot_build_or_mixes_is_told():
    with pytest.raises(ConfigError, match="received 'patch' for the role 'generator'"):
        load_experiment("mlp-ring", ["network={name: frames, of: patch}"])
    with pytest.raises(ConfigError, match=r"network.of.discriminator_normalization: received 'b"):
        load_experiment("dcgan-digits", ["network={name: frames, of: dcgan}", "penalties=[r1]"])
    group = {"name": "dcgan", "discriminator_batch_features": "deviation"}
    assert catalogue.Frames(of=group).judged_together == 16
