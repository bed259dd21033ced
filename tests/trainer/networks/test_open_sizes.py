"""Translators that take pictures of any size: alike at the size of training, and in tiles."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from serving.fields import Field as Served
from serving.tiles import Tiling
from trainer import catalogue
from trainer.catalogue import resolve
from trainer.fields import Field
from trainer.layers.open_sizes import Fitted
from trainer.networks.ports import Ports

KEY = Field((2,), "uint32", "key")
UNET = catalogue.UNet(base_filters=2, dropout=0.0)
RESNET = catalogue.ResNet(base_filters=2, blocks=1)
SRRESNET = catalogue.SRResNet(base_filters=2, blocks=1, growth=2, enlarged_input=True)


def _image(*shape):
    return Field(shape, kind="image", range=(-1.0, 1.0))


def _both(options, given, made):
    """The network of training, and the one of open sizes with its weights; how far it looks."""
    ports = Ports({"image": _image(*given), "key": KEY}, {"sample": _image(*made)})
    family = resolve(options)(options)
    trained = family.generator(ports)
    opened = family.generator(replace(ports, open_sizes=True))
    random = np.random.RandomState(0)
    trained.set_weights([w + random.normal(0.0, 0.1, w.shape) for w in trained.get_weights()])
    opened.set_weights(trained.get_weights())
    return trained, opened, family.reach(ports)


def _ask(network, pictures):
    inputs = {"image": pictures, "key": tf.zeros([len(pictures), 2], tf.uint32)}
    return network({name: inputs[name] for name in network.input})["sample"].numpy()


def _pictures(*shape):
    return tf.random.stateless_uniform(shape, [1, 2], -1.0, 1.0)


def _with(options, **others):
    return options.model_copy(update=others)


@pytest.mark.parametrize(
    ("options", "given", "made"),
    [
        (_with(UNET, dropout=0.5), (33, 17, 2), (33, 17, 1)),
        (RESNET, (33, 17, 2), (33, 17, 1)),
        (RESNET, (2, 5, 1), (2, 5, 1)),
        (SRRESNET, (4, 6, 1), (12, 18, 1)),
        (_with(SRRESNET, block="dense"), (3, 3, 3), (12, 12, 3)),
    ],
)
def test_pictures_of_any_size_and_of_training_become_what_they_should(options, given, made):
    trained, opened, _ = _both(options, given, made)
    pictures = _pictures(2, *given)
    np.testing.assert_allclose(_ask(opened, pictures), _ask(trained, pictures), atol=1e-5)
    factor = made[0] // given[0]
    for height, width in [(1, 1), (3, 40)]:
        shape = _ask(opened, _pictures(1, height, width, given[-1])).shape
        assert shape == (1, factor * height, factor * width, made[-1])


@pytest.mark.parametrize(
    ("size", "becomes"), [(9, [0, 1, 2, 3, 4, 5, 6, 7, 8]), (6, [0, 1, 2, 3, 4, 5, 4, 3, 2])]
)
def test_a_side_is_continued_mirrored_to_the_parity_of_training(size, becomes):
    lines = tf.range(float(size))[tf.newaxis, :, tf.newaxis, tf.newaxis]
    opened = tf.function(Fitted(4, (5, 1)), input_signature=[tf.TensorSpec([None] * 3 + [1])])
    assert opened(lines).numpy().ravel().tolist() == becomes
    assert Fitted(4, (5, 1), least=8)(lines[:, :1]).shape == (1, 5, 1, 1)


@pytest.mark.parametrize(
    ("options", "given", "made"),
    [
        (_with(UNET, normalization="batch"), (8, 8, 1), (8, 8, 1)),
        (_with(UNET, normalization="none"), (18, 18, 1), (18, 18, 1)),
        (_with(RESNET, normalization="batch", base_filters=4), (16, 16, 1), (16, 16, 1)),
        (SRRESNET, (4, 4, 1), (16, 16, 1)),
        (_with(SRRESNET, block="dense"), (4, 4, 1), (8, 8, 1)),
    ],
)
def test_tiles_equal_the_whole_picture_where_receptive_fields_allow(options, given, made):
    _, opened, reach = _both(options, given, made)
    picture, factor = _pictures(1, 150, 131, 1), made[0] // given[0]
    field = Served((None, None, 1), about={"stride": reach.stride, "context": reach.context})
    tiling = Tiling.of("image", field, 4 * reach.context)
    assert tiling.margin == reach.context
    whole = _ask(opened, picture)
    np.testing.assert_allclose(_in_tiles(opened, tiling, picture, factor), whole, atol=1e-5)
    short = replace(tiling, overlap=reach.stride, margin=0)
    assert np.abs(_in_tiles(opened, short, picture, factor) - whole).max() > 1e-3


def _in_tiles(network, tiling, picture, factor):
    bands = [
        tiling.band([_ask(network, picture[:, rows, columns]) for rows, columns in band], factor)
        for band in tiling.places(*picture.shape[1:3])
    ]
    assert len(bands) > 1
    return tiling.whole(bands, factor)


def test_a_statistic_of_the_whole_picture_has_no_reach():
    assert _both(RESNET, (8, 8, 1), (8, 8, 1))[2].context is None
    assert _both(_with(UNET, normalization="instance"), (8, 8, 1), (8, 8, 1))[2].context is None


def test_pictures_that_are_not_as_large_as_what_is_made_have_one_size():
    ports = Ports({"image": _image(4, 4, 1)}, {"sample": _image(8, 8, 1)})
    for options in (UNET, RESNET):
        assert resolve(options)(options).reach(ports) is None
