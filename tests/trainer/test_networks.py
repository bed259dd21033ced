import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.catalogue import resolve
from trainer.networks.dcgan import resolutions
from trainer.networks.ports import NetworkSpec

DCGAN = catalogue.DCGAN(base_filters=2)
MLP = catalogue.MLP(units=(6, 5), generator_normalization="batch")


@pytest.mark.parametrize("condition", [0, 3])
@pytest.mark.parametrize(
    ("options", "shape"),
    [
        (DCGAN, (8, 8, 1)),
        (DCGAN, (28, 28, 1)),
        (DCGAN, (33, 17, 3)),
        (DCGAN, (2, 5, 2)),
        (DCGAN, (64, 16, 4)),
        (MLP, (2,)),
        (MLP, (5, 7, 3)),
    ],
)
def test_players_meet_at_the_datas_shape(options, shape, condition):
    spec = NetworkSpec(shape, latent_size=4, condition_size=condition)
    family = resolve(options)(options)
    inputs = {"latent": tf.random.stateless_normal([3, 4], [1, 2])}
    told = {"condition": tf.one_hot([0, 1, 2], 3)} if condition else {}
    sample = family.generator(spec)(inputs | told)
    assert sample.shape == (3, *shape) and sample.dtype == tf.float32
    logits = family.discriminator(spec)({"sample": sample} | told)["logits"]
    assert logits.shape == (3,) and logits.dtype == tf.float32
    if len(shape) == 3:
        assert np.abs(sample).max() <= 1.0


@pytest.mark.parametrize("options", [DCGAN, MLP])
def test_the_condition_reaches_both_players(options):
    spec = NetworkSpec((8, 8, 1), latent_size=4, condition_size=3)
    family = resolve(options)(options)
    same = {"latent": tf.ones([2, 4]), "condition": tf.one_hot([0, 1], 3)}
    samples = family.generator(spec)(same).numpy()
    assert not np.array_equal(samples[0], samples[1])
    judged = {"sample": tf.ones([2, 8, 8, 1]), "condition": tf.one_hot([0, 1], 3)}
    logits = family.discriminator(spec)(judged)["logits"].numpy()
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
    family, spec = resolve(options)(options), NetworkSpec((16, 16, 1), 4)
    kinds = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)
    for network in (family.generator(spec), family.discriminator(spec)):
        normalisations = [layer for layer in network.layers if isinstance(layer, kinds)]
        assert bool(normalisations) is (normalization != "none")
        for layer in normalisations:
            producer = layer.input._keras_history.operation
            while isinstance(producer, keras.layers.Reshape | keras.layers.Cropping2D):
                producer = producer.input._keras_history.operation
            assert producer.use_bias is False


def test_batch_normalisation_is_synchronised_where_the_spec_says_so():
    options = catalogue.DCGAN(base_filters=2)
    for synchronized in (True, False):
        spec = NetworkSpec((16, 16, 1), 4, synchronized=synchronized)
        for network in (resolve(options)(options).generator(spec),):
            layers = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
            assert layers and all(x.synchronized is synchronized for x in layers)
