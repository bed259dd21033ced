import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.evaluation.extractors import inception_network, make

RANDOM = np.random.RandomState(0)
MIXING = RANDOM.randn(1, 1, 3, 2048).astype(np.float32)
STATISTICS = {
    name: RANDOM.uniform(0.5, 2, 2048).astype(np.float32)
    for name in ("conv/moving_mean", "conv/variance", "conv/beta", "conv/gamma")
}
MATRIX = RANDOM.randn(2048, 1008).astype(np.float32)


def _graph(form, features=2048):
    """A graph with the names of the one of 2015: 2048 mixtures of the mean colour, normalised.

    "tgz" is made for one image and begins with a picture's bytes, like inception-2015-12-05.tgz;
    "tfgan" takes any number and has no node for its input, like TF-GAN's.
    """
    ops = tf.raw_ops
    with tf.Graph().as_default() as graph:
        if form == "tgz":
            contents = ops.Placeholder(dtype=tf.string, shape=[], name="DecodeJpeg/contents")
            picture = ops.DecodeJpeg(contents=contents, channels=3, name="DecodeJpeg")
            picture = ops.ExpandDims(input=tf.cast(picture, tf.float32), axis=0, name="ExpandDims")
            picture = ops.ResizeBilinear(images=picture, size=[299, 299], name="ResizeBilinear")
            images = ops.Mul(x=ops.Sub(x=picture, y=128.0), y=0.0078125, name="Mul")
        else:
            images = ops.Placeholder(dtype=tf.float32, shape=[None, 299, 299, 3], name="Mul")
        mean = tf.reduce_mean(images, [1, 2], keepdims=True)
        x = tf.nn.conv2d(mean, MIXING[..., :features], 1, "SAME")
        for name, values in STATISTICS.items():
            tf.constant(values[:features], name=name)
        x = ops.Identity(input=x, name="conv/batchnorm")
        pool = tf.nn.avg_pool2d(x, 1, 1, "VALID", name="pool_3")
        if form == "tgz":
            row = ops.Reshape(tensor=pool, shape=[1, features], name="pool_3/_reshape")
            ops.MatMul(a=row, b=tf.constant(MATRIX[:features]), name="softmax/logits/MatMul")
        elif form == "tfgan":
            row = tf.reshape(pool, [-1, features])
            ops.MatMul(a=row, b=tf.constant(MATRIX[:features]), name="logits")
    return _as_old(graph.as_graph_def(), form)


def _as_old(graph, form):
    """The operation of 2015, which TensorFlow's functions refuse to run, in its place."""
    graph.versions.producer = 8
    node = next(node for node in graph.node if node.name == "conv/batchnorm")
    node.op = "BatchNormWithGlobalNormalization"
    node.input.extend(STATISTICS)
    node.attr["variance_epsilon"].f = 0.001
    node.attr["scale_after_normalization"].b = form == "tfgan"
    if form == "tfgan":
        del graph.node[[n.name for n in graph.node].index("Mul")]
    return graph


def _expected(mean_colour, form):
    """Features of images [n, 3] of one colour on [0, 255]."""
    x = (mean_colour - 128.0) / 128.0 @ MIXING[0, 0]
    mean, variance, beta, gamma = STATISTICS.values()
    x = (x - mean) / np.sqrt(variance + 0.001)
    return (x * gamma if form == "tfgan" else x) + beta


@pytest.fixture(params=["tgz", "tfgan"])
def form(request):
    return request.param


@pytest.fixture
def frozen(tmp_path, monkeypatch):
    # The graphs here have the names of the real one, but one convolution.
    monkeypatch.setattr(inception_network, "_NUM_CONVOLUTIONS", 1)

    def write(form, **options):
        path = tmp_path / f"{form}.pb"
        path.write_bytes(_graph(form, **options).SerializeToString())
        return str(path)

    return write


def _make(data, tmp_path, **options):
    return make(catalogue.InceptionExtractor(**options), data, "digits", tmp_path)


# ---- The graph of 2015 ---------------------------------------------------------------------------


@pytest.mark.parametrize("resize", ["tfgan", "clean"])
def test_frozen_graph_gives_pool_and_logits(form, resize, frozen, tmp_path, dataset):
    data = dataset((6, 5, 3))
    path = frozen(form)
    extractor = _make(data, tmp_path, path=path, resize=resize)
    colours = np.array([[0, 128, 255], [10, 20, 30], [255, 255, 255]], np.uint8)
    images = np.tile(colours[:, np.newaxis, np.newaxis], (1, 6, 5, 1))
    features, logits = extractor.extract(images)
    np.testing.assert_allclose(features, _expected(colours, form), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(logits, features @ MATRIX, rtol=1e-3, atol=0.05)
    assert (extractor.kind, extractor.dimension, extractor.num_classes) == ("inception", 2048, 1008)
    assert extractor.knows_labels is False and extractor.accuracy is None
    prefix = "inceptionclean" if resize == "clean" else "inception"
    assert extractor.name == f"{prefix}-{extractor.hash[:4]}" and extractor.origin == path


def test_another_network_under_the_same_names_is_not_called_inception(
    frozen, monkeypatch, tmp_path, dataset
):
    path = frozen("tgz")
    monkeypatch.setattr(inception_network, "_NUM_CONVOLUTIONS", 94)
    extractor = _make(dataset((6, 5, 3)), tmp_path, path=path)
    assert extractor.kind == "classifier" and extractor.name.startswith("inceptiongraph-")


def test_a_graph_without_classes_gives_features_alone(frozen, tmp_path, dataset):
    extractor = _make(dataset((6, 5, 3)), tmp_path, path=frozen("bare"))
    found = extractor.extract(np.zeros((1, 6, 5, 3), np.uint8))
    assert found.logits is None and extractor.num_classes == 0


def test_grey_and_other_types_are_the_same_image(frozen, tmp_path, dataset):
    path = frozen("tgz")
    levels = np.array([[[0], [51]], [[102], [255]]], np.uint8)[np.newaxis]
    expected = _make(dataset((2, 2, 3)), tmp_path, path=path).extract(np.repeat(levels, 3, -1))[0]
    for dtype, value_range in [("uint8", None), ("uint16", None), ("float32", (-2.0, 3.0))]:
        data = dataset((2, 2, 1), dtype, value_range)
        low, high = data.spec.sample.limits
        samples = (low + levels / 255.0 * (high - low)).astype(dtype)
        features = _make(data, tmp_path, path=path).extract(samples)[0]
        np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4)


def test_features_do_not_depend_on_the_batch(frozen, tmp_path, dataset):
    data = dataset((6, 5, 3), count=40)
    extractor = _make(data, tmp_path, path=frozen("tgz"))
    whole = extractor.extract(data.train["sample"])[0]
    one = extractor.extract(data.train["sample"][39:])[0]
    np.testing.assert_allclose(one, whole[39:], rtol=1e-5, atol=1e-5)
    unrounded = extractor.extract(data.train["sample"].astype(np.float32))[0]
    np.testing.assert_array_equal(unrounded, whole)


def test_the_hash_covers_weights_and_preprocessing(frozen, tmp_path, dataset):
    data = dataset((6, 5, 3))
    path = frozen("tgz")
    first = _make(data, tmp_path, path=path).hash
    assert _make(data, tmp_path, path=path).hash == first
    clean = _make(data, tmp_path, path=path, resize="clean").hash
    assert len({first, clean, _make(data, tmp_path, path=frozen("tfgan")).hash}) == 3


def test_resizing_is_that_of_2015_or_clean_fids():
    from trainer.evaluation.extractors import inception

    image = RANDOM.uniform(0, 255, (1, 7, 9, 3)).astype(np.float32)
    old = np.asarray(inception._resized_as_in_2015(image))
    # Row i lies at i·7/299 of the source: corners, not pixel centres, are laid on each other.
    row, column = 100 * 7 / 299, 200 * 9 / 299
    (y, dy), (x, dx) = divmod(row, 1), divmod(column, 1)
    y, x = int(y), int(x)
    top, bottom = (image[0, r, x] * (1 - dx) + image[0, r, x + 1] * dx for r in (y, y + 1))
    np.testing.assert_allclose(old[0, 100, 200], top * (1 - dy) + bottom * dy, rtol=1e-4)
    clean = inception._resized_cleanly(image)
    plane = Image.fromarray(image[0, :, :, 1]).resize((299, 299), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(clean[0, :, :, 1], plane)


# ---- Sentences -----------------------------------------------------------------------------------


def test_missing_weights_name_both_remedies(tmp_path, dataset):
    with pytest.raises(ConfigError, match=r"path to classify_image.*evaluate.extractor.download"):
        _make(dataset((8, 8, 1)), tmp_path)
    with pytest.raises(ConfigError, match=r"/nowhere.pb is not a file; set evaluate"):
        _make(dataset((8, 8, 1)), tmp_path, path="/nowhere.pb")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.pb", b"not a graph", "is not a frozen TensorFlow graph"),
        ("a.tgz", b"", "accepted endings are .pb, .h5"),
        ("a.pb", b"", r"has no tensors Mul:0 and pool_3:0.*its nodes: none"),
    ],
)
def test_other_files_get_a_sentence(name, content, sentence, tmp_path, dataset):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        _make(dataset((8, 8, 1)), tmp_path, path=str(tmp_path / name))


def test_another_frozen_graph_gets_a_sentence(frozen, tmp_path, dataset):
    graph = _graph("tgz")
    for node in graph.node:
        node.name = node.name.replace("pool_3", "pool_4")
        node.input[:] = [name.replace("pool_3", "pool_4") for name in node.input]
    path = tmp_path / "other.pb"
    path.write_bytes(graph.SerializeToString())
    with pytest.raises(ConfigError, match=r"no tensors Mul:0 and pool_3:0.*DecodeJpeg/contents"):
        _make(dataset((8, 8, 1)), tmp_path, path=str(path))
    with pytest.raises(ConfigError, match="has 100 features"):
        _make(dataset((8, 8, 1)), tmp_path, path=frozen("tgz", features=100))


@pytest.mark.parametrize(
    ("shape", "value_range", "sentence"),
    [((5,), (0.0, 1.0), "the data has points"), ((8, 8, 4), (0.0, 1.0), "has 4 channels")],
)
def test_other_data_gets_a_sentence(shape, value_range, sentence, frozen, tmp_path, dataset):
    with pytest.raises(ConfigError, match=sentence):
        _make(dataset(shape, "float32", value_range), tmp_path, path=frozen("tgz"))


# ---- Keras ---------------------------------------------------------------------------------------


def test_a_file_of_other_weights_gets_a_sentence(monkeypatch, tmp_path, dataset):
    from trainer.evaluation.extractors import inception_network

    small = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    monkeypatch.setattr(inception_network, "_built", lambda weights, has_top: small)
    for name in ("a.h5", "a.weights.h5", "a.keras"):
        (tmp_path / name).write_bytes(b"something else")
        with pytest.raises(ConfigError, match="does not hold weights of Keras' InceptionV3"):
            _make(dataset((8, 8, 1)), tmp_path, path=str(tmp_path / name))


def test_a_failed_download_gets_a_sentence(monkeypatch, tmp_path, dataset):
    from trainer.evaluation.extractors import inception_network

    def unreachable(weights, has_top):
        raise Exception("URL fetch failure on https://storage…: None -- Name not known")

    monkeypatch.setattr(inception_network, "_built", unreachable)
    with pytest.raises(ConfigError, match=r"Keras could not fetch its weights \(URL fetch failure"):
        _make(dataset((8, 8, 1)), tmp_path, download=True)


@pytest.mark.slow
@pytest.mark.parametrize("has_top", [True, False])
@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".keras"])
def test_keras_weights(has_top, ending, tmp_path, dataset):
    model = keras.applications.InceptionV3(
        weights=None, include_top=has_top, pooling=None if has_top else "avg"
    )
    path = str(tmp_path / f"inception{ending}")
    model.save_weights(path) if ending == ".weights.h5" else model.save(path)
    data = dataset((32, 32, 3), count=2)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        extractor = _make(data, tmp_path, path=path)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    features, logits = extractor.extract(data.train["sample"])
    assert extractor.name == f"inceptionkeras-{extractor.hash[:4]}"
    assert extractor.kind == "classifier" and features.shape == (2, 2048)
    images = tf.raw_ops.ResizeBilinear(
        images=data.train["sample"].astype(np.float32), size=[299, 299]
    )
    expected = model(images / 127.5 - 1.0)
    if has_top:
        np.testing.assert_allclose(tf.nn.softmax(logits), expected, rtol=1e-3, atol=1e-6)
        assert extractor.num_classes == logits.shape[1] == 1000
    else:
        np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-5)
        assert logits is None and extractor.num_classes == 0
