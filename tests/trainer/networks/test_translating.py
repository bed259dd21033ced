"""Networks that make pictures of pictures, and the discriminator that judges patches."""

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.catalogue import resolve
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import per_example
from trainer.game.objectives import least_squares, non_saturating
from trainer.networks.patch import layers_for, patch_side
from trainer.networks.ports import Ports

KEY = Field((2,), "uint32", "key")
UNET = catalogue.UNet(base_filters=2)
RESNET = catalogue.ResNet(base_filters=2, blocks=1)
LOGITS = {"logits": Field()}


def _image(*shape):
    return Field(shape, kind="image", range=(-1.0, 1.0))


def _translator(options, given, made, **conditioning):
    ports = Ports({"image": _image(*given), **conditioning, "key": KEY}, {"sample": _image(*made)})
    return resolve(options)(options).generator(ports)


def _judge(options, *shape, **outputs):
    ports = Ports({"sample": _image(*shape)}, LOGITS | outputs)
    return resolve(options)(options).discriminator(ports)


def _ask(network, inputs, **options):
    """What a network makes of those of the inputs that it takes."""
    return network({name: inputs[name] for name in network.input}, **options)["sample"]


def _pictures(rows, *shape):
    return tf.random.stateless_uniform([rows, *shape], [1, 2], -1.0, 1.0)


@pytest.mark.parametrize("options", [UNET, RESNET], ids=["unet", "resnet"])
@pytest.mark.parametrize(
    ("given", "made"),
    [
        ((8, 8, 1), (8, 8, 1)),
        ((33, 17, 3), (33, 17, 1)),
        ((2, 5, 2), (2, 5, 3)),
        ((4, 4, 1), (8, 8, 1)),
        ((5, 9, 1), (8, 12, 1)),
    ],
)
def test_translators_meet_the_form_of_what_is_to_be_made(options, given, made):
    network = _translator(options, given, made)
    key = tf.constant([[1, 2], [3, 4]], tf.uint32)
    sample = _ask(network, {"image": _pictures(2, *given), "key": key})
    assert sample.shape == (2, *made) and sample.dtype == tf.float32
    assert np.abs(sample).max() <= 1.0


def test_the_unets_noise_is_dropout_by_key():
    network = _translator(UNET, (8, 8, 1), (8, 8, 1))
    picture = tf.repeat(_pictures(1, 8, 8, 1), 2, axis=0)
    made = network({"image": picture, "key": tf.constant([[1, 2], [1, 3]], tf.uint32)})["sample"]
    again = network({"image": picture, "key": tf.constant([[1, 2], [1, 2]], tf.uint32)})["sample"]
    assert not np.array_equal(made[0], made[1])
    np.testing.assert_allclose(again[0], again[1], atol=1e-6)
    np.testing.assert_allclose(made[0], again[0], atol=1e-6)
    assert all(v.dtype == "float32" for v in network.variables)


def test_without_dropout_a_unet_takes_no_key():
    for options in (catalogue.UNet(base_filters=2, dropout=0.0), RESNET):
        assert set(_translator(options, (8, 8, 1), (8, 8, 1)).input) == {"image"}


def test_a_unet_has_the_papers_layers_at_256_pixels():
    """C64-C128-C256-C512-… down to 4x4; the decoder sees the encoder's features beside its own."""
    network = _translator(catalogue.UNet(), (256, 256, 3), (256, 256, 3))
    down = [layer.filters for layer in network.layers if type(layer).__name__ == "Conv2D"]
    up = [layer.filters for layer in network.layers if type(layer).__name__ == "Conv2DTranspose"]
    joined = [layer.output.shape[-1] for layer in network.layers if "concatenate" in layer.name]
    assert down == [64, 128, 256, 512, 512, 512]
    assert up == [512, 512, 256, 128, 64, 3]
    assert joined == [1024, 1024, 512, 256, 128]
    assert sum("dropout" in layer.name for layer in network.layers) == 3


@pytest.mark.parametrize("options", [UNET, RESNET], ids=["unet", "resnet"])
def test_vectors_are_told_beside_the_picture(options):
    network = _translator(options, (8, 8, 1), (8, 8, 1), condition=Field((3,), kind="one_hot"))
    for layer in network.layers:
        if type(layer).__name__ == "Dense":  # Starts at zero.
            layer.kernel.assign(tf.ones_like(layer.kernel))
    inputs = {
        "image": tf.repeat(_pictures(1, 8, 8, 1), 2, axis=0),
        "condition": tf.one_hot([0, 2], 3) * [[1.0], [2.0]],
        "key": tf.zeros([2, 2], tf.uint32),
    }
    made = _ask(network, inputs)
    assert np.abs(made[0] - made[1]).max() > 1e-6


@pytest.mark.parametrize("options", [UNET, RESNET], ids=["unet", "resnet"])
def test_a_translator_that_is_given_no_picture_is_refused(options):
    ports = Ports({"latent": Field((4,), kind="latent")}, {"sample": _image(8, 8, 1)})
    with pytest.raises(ConfigError, match=rf"network.name: received '{options.name}'.*latent"):
        resolve(options)(options).generator(ports)


def test_instance_normalisation_takes_every_picture_by_itself():
    """What a row becomes does not depend on the others, in training either."""
    network = _translator(RESNET, (8, 8, 1), (8, 8, 1))
    pictures = _pictures(3, 8, 8, 1)
    together = network({"image": pictures}, training=True)["sample"]
    alone = network({"image": pictures[1:2]}, training=False)["sample"]
    np.testing.assert_allclose(together[1], alone[0], atol=1e-5)


# ---- Patches -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layers", "side"), [(0, 7), (1, 16), (2, 34), (3, 70)])
def test_patches_are_those_of_the_paper(layers, side):
    assert patch_side(layers) == side


@pytest.mark.parametrize(
    ("side", "layers"), [(4, 1), (8, 1), (28, 1), (64, 2), (69, 2), (70, 3), (256, 3)]
)
def test_patches_lie_within_the_picture_where_they_can(side, layers):
    assert layers_for(side) == layers


@pytest.mark.parametrize(
    ("layers", "patches"), [(0, (97, 71)), (1, (49, 36)), (2, (25, 18)), (3, (13, 9))]
)
def test_a_logit_a_patch(layers, patches):
    judge = _judge(catalogue.Patch(base_filters=2, layers=layers), 97, 71, 3)
    logits = judge({"sample": _pictures(2, 97, 71, 3)})["logits"]
    assert logits.shape == (2, *patches) and logits.dtype == tf.float32


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_a_logit_sees_its_own_patch_alone(layers):
    """The receptive field, by the gradient of a logit, is the one that is declared."""
    options = catalogue.Patch(base_filters=2, layers=layers, normalization="none")
    side = 2 * patch_side(layers)
    judge, picture = _judge(options, side, side, 1), tf.Variable(_pictures(1, side, side, 1))
    with tf.GradientTape() as tape:
        logits = judge({"sample": picture})["logits"]
        middle = logits.shape[1] // 2
        logit = logits[0, middle, middle]
    seen = np.abs(tape.gradient(logit, picture).numpy()[0, ..., 0]) > 0.0
    assert [int(axis.max() - axis.min() + 1) for axis in np.nonzero(seen)] == 2 * [
        patch_side(layers)
    ]


@pytest.mark.parametrize(
    ("layers", "shape", "words"),
    [
        (3, (69, 80, 1), r"patches of 70x70 pixels .* pictures of 69x80; take at most 2, or null"),
        (1, (6, 8, 1), r"patches of 16x16 pixels .* pictures of 6x8; set it to null"),
    ],
)
def test_patches_larger_than_the_picture_are_refused(layers, shape, words):
    with pytest.raises(ConfigError, match=rf"network.layers: received {layers}, whose {words}"):
        _judge(catalogue.Patch(base_filters=2, layers=layers), *shape)


def test_other_outputs_come_from_all_patches():
    judge = _judge(catalogue.Patch(base_filters=2), 8, 8, 1, class_logits=Field((10,)))
    assert judge({"sample": _pictures(2, 8, 8, 1)})["class_logits"].shape == (2, 10)


def test_a_judge_of_points_is_refused():
    ports = Ports({"sample": Field((2,), kind="vector")}, LOGITS)
    with pytest.raises(ConfigError, match=r"network.name: received 'patch'.*sample"):
        resolve(catalogue.Patch())(catalogue.Patch()).discriminator(ports)


@pytest.mark.parametrize("make", [non_saturating, least_squares])
def test_the_loss_of_patches_is_the_mean_over_them(make):
    options = catalogue.NonSaturating() if make is non_saturating else catalogue.LeastSquares()
    objective = make(options)
    real, fake = _pictures(2, 3, 4), -_pictures(2, 3, 4)
    whole = per_example(objective.discriminator(real, fake)).numpy()
    each = [
        np.mean([objective.discriminator(r, f).numpy() for r, f in zip(rs, fs, strict=True)])
        for rs, fs in zip(tf.reshape(real, [2, 12]), tf.reshape(fake, [2, 12]), strict=True)
    ]
    np.testing.assert_allclose(whole, each, rtol=1e-6)
