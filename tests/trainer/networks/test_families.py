import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.catalogue import resolve
from trainer.fields import Field
from trainer.networks.dcgan import resolutions
from trainer.networks.ports import Ports

DCGAN = catalogue.DCGAN(base_filters=2)
MLP = catalogue.MLP(units=(6, 5), generator_normalization="batch")
SNGAN = catalogue.SNGAN(base_filters=2)
PLAIN = catalogue.SNGAN(base_filters=2, blocks=0, generator_conditioning="concatenate")
ATTENTIVE = PLAIN.model_copy(update={"attention": 8})
R3GAN = catalogue.R3GAN(base_filters=4, blocks=1, group_filters=4)
LATENT = {"latent": Field((4,), kind="latent")}
LOGITS = {"logits": Field()}


def _sample(shape):
    return {"sample": Field(shape, kind="image" if len(shape) == 3 else "vector")}


def _conditioning(size):
    return {"condition": Field((size,), kind="one_hot")} if size else {}


def _generator(family, shape, condition=0, **options):
    return family.generator(Ports(LATENT | _conditioning(condition), _sample(shape), **options))


def _discriminator(family, shape, condition=0):
    return family.discriminator(Ports(_sample(shape) | _conditioning(condition), LOGITS))


@pytest.mark.parametrize("condition", [0, 3])
@pytest.mark.parametrize(
    ("options", "shape"),
    [
        (DCGAN, (8, 8, 1)),
        (DCGAN, (28, 28, 1)),
        (DCGAN, (33, 17, 3)),
        (DCGAN, (2, 5, 2)),
        (DCGAN, (64, 16, 4)),
        (SNGAN, (8, 8, 1)),
        (SNGAN, (33, 17, 3)),
        (ATTENTIVE, (16, 20, 3)),
        (R3GAN, (8, 8, 1)),
        (R3GAN, (33, 17, 3)),
        (MLP, (2,)),
        (MLP, (5, 7, 3)),
    ],
)
def test_players_meet_at_the_datas_shape(options, shape, condition):
    family = resolve(options)(options)
    inputs = {"latent": tf.random.stateless_normal([3, 4], [1, 2])}
    conditioning = {"condition": tf.one_hot([0, 1, 2], 3)} if condition else {}
    sample = _generator(family, shape, condition)(inputs | conditioning)["sample"]
    assert sample.shape == (3, *shape) and sample.dtype == tf.float32
    logits = _discriminator(family, shape, condition)({"sample": sample} | conditioning)["logits"]
    assert logits.shape == (3,) and logits.dtype == tf.float32
    if len(shape) == 3 and options is not R3GAN:
        assert np.abs(sample).max() <= 1.0


@pytest.mark.parametrize("options", [DCGAN, MLP, PLAIN, R3GAN])
def test_the_condition_reaches_both_players(options):
    keras.utils.set_random_seed(1)  # some draws of so few filters leave none alive
    shape = (8, 8, 1)
    family = resolve(options)(options)
    same = {"latent": tf.ones([2, 4]), "condition": tf.one_hot([0, 1], 3)}
    samples = _generator(family, shape, 3)(same)["sample"].numpy()
    assert not np.array_equal(samples[0], samples[1])
    judged = {"sample": tf.ones([2, 8, 8, 1]), "condition": tf.one_hot([0, 1], 3)}
    logits = _discriminator(family, shape, 3)(judged)["logits"].numpy()
    assert logits[0] != logits[1]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((28, 28, 1), [(28, 28), (14, 14), (7, 7), (4, 4)]),
        ((8, 8, 1), [(8, 8), (4, 4), (2, 2)]),
        ((33, 17, 3), [(33, 17), (17, 9), (9, 5)]),
        ((64, 64, 3), [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]),
    ],
)
def test_resolutions_halve_down_to_four(shape, expected):
    assert resolutions(shape) == expected


@pytest.mark.parametrize("normalization", ["batch", "layer", "none"])
def test_no_bias_stands_in_front_of_a_normalisation(normalization):
    options = catalogue.DCGAN(
        base_filters=2,
        generator_normalization=normalization,
        discriminator_normalization=normalization,
    )
    family, shape = resolve(options)(options), (16, 16, 1)
    kinds = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)
    for network in (_generator(family, shape), _discriminator(family, shape)):
        normalisations = [layer for layer in network.layers if isinstance(layer, kinds)]
        assert bool(normalisations) is (normalization != "none")
        for layer in normalisations:
            producer = layer.input._keras_history.operation
            while isinstance(producer, keras.layers.Reshape | keras.layers.Cropping2D):
                producer = producer.input._keras_history.operation
            assert producer.use_bias is False


def test_batch_normalisation_is_synchronised_where_the_ports_say_so():
    options = catalogue.DCGAN(base_filters=2)
    for synchronized in (True, False):
        family = resolve(options)(options)
        network = _generator(family, (16, 16, 1), synchronized=synchronized)
        layers = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
        assert layers and all(x.synchronized is synchronized for x in layers)


@pytest.mark.parametrize("options", [DCGAN, MLP, SNGAN, R3GAN])
def test_a_discriminator_answers_all_that_the_game_needs(options):
    family = resolve(options)(options)
    needs = LOGITS | {"class_logits": Field((10,)), "features": Field((None,), kind="features")}
    inputs = _sample((8, 8, 1)) | LATENT
    outputs = family.discriminator(Ports(inputs, needs))(
        {"sample": tf.ones([3, 8, 8, 1]), "latent": tf.ones([3, 4])}
    )
    assert outputs["logits"].shape == (3,) and outputs["class_logits"].shape == (3, 10)
    assert len(outputs["features"].shape) == 2


@pytest.mark.parametrize("options", [DCGAN, MLP])
def test_an_encoder_gives_latents_of_samples(options):
    encoder = resolve(options)(options).encoder(Ports(_sample((8, 8, 1)), LATENT))
    assert encoder({"sample": tf.ones([3, 8, 8, 1])})["latent"].shape == (3, 4)


@pytest.mark.parametrize("condition", [0, 3])
@pytest.mark.parametrize(
    ("options", "shape"), [(DCGAN, (8, 8, 1)), (DCGAN, (33, 17, 3)), (MLP, (2,)), (MLP, (5, 7, 3))]
)
def test_an_autoencoder_answers_the_squared_error_of_what_it_decodes(options, shape, condition):
    """And its code, where a term asks for it."""
    outputs = {"energy": Field(), "features": Field((None,), kind="features")}
    family = resolve(options)(options)
    model = family.autoencoder(Ports(_sample(shape) | _conditioning(condition), outputs))
    conditioning = {"condition": tf.one_hot([0, 1, 2], 3)} if condition else {}
    sample = tf.random.stateless_uniform([3, *shape], [1, 2], -1.0, 1.0)
    answers = model({"sample": sample} | conditioning)
    assert set(answers) == set(outputs)
    distance = model.get_layer("energy")
    decoding = keras.Model(model.input, distance.input[1])
    decoded = decoding({"sample": sample} | conditioning).numpy()
    assert decoded.shape == (3, *shape)
    expected = np.sum((decoded - sample.numpy()) ** 2, axis=tuple(range(1, decoded.ndim)))
    np.testing.assert_allclose(answers["energy"], expected, rtol=1e-5)
    assert answers["features"].shape[0] == 3 and len(answers["features"].shape) == 2
