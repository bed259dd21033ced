import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


def load(path, **fields):
    return loading.load(Data(source=f"npz:{path}", **{"holdout_share": 0.0, **fields}))


@pytest.mark.parametrize("name", ["images", "samples", "x"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_images_are_kept_exactly(tmp_path, noise, name, dtype):
    images = noise(6, 5, 4, 3, dtype=dtype)
    np.savez(tmp_path / "a.npz", **{name: images})
    dataset = load(tmp_path / "a.npz")
    assert dataset.train["sample"].dtype == dtype
    np.testing.assert_array_equal(dataset.train["sample"], images)
    assert dataset.train.labels is None
    assert dataset.train.labels is None
    assert dataset.spec.label_names == dataset.spec.marginal == ()


def test_grey_images_gain_a_channel_and_float64_becomes_float32(tmp_path, noise):
    images = noise(6, 5, 4, dtype=np.float64)
    np.savez(tmp_path / "a.npz", images=images)
    samples = load(tmp_path / "a.npz").train["sample"]
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, images[..., np.newaxis].astype(np.float32))


def test_series_are_no_pictures(tmp_path, noise):
    series = noise(6, 5, 2, dtype=np.float64)
    np.savez(tmp_path / "a.npz", series=series)
    dataset = load(tmp_path / "a.npz")
    assert dataset.spec.sample.is_series and dataset.spec.sample.shape == (5, 2)
    np.testing.assert_array_equal(dataset.train["sample"], series.astype(np.float32))
    np.savez(tmp_path / "a.npz", series=series[..., 0])
    with pytest.raises(
        ConfigError, match=r"array 'series' .* under 'series' float series \[n, t, d"
    ):
        load(tmp_path / "a.npz")


def test_points_measure_their_range(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([[0.5, -3.0], [2.0, 7.0], [1.0, 1.0]]))
    dataset = load(tmp_path / "a.npz")
    assert dataset.spec.sample.shape == (2,)
    assert dataset.spec.sample.range == (-3.0, 7.0)
    assert load(tmp_path / "a.npz", value_range=(0.0, 9.0)).spec.sample.range == (0.0, 9.0)


@pytest.mark.parametrize(
    ("labels", "names", "numbers"),
    [
        (np.array([7, -2, 7, 100]), ("-2", "7", "100"), [1, 0, 1, 2]),
        (np.array(["cat", "ant", "cat", "dog"]), ("ant", "cat", "dog"), [1, 0, 1, 2]),
        (np.array([b"b", b"a", b"b", b"c"]), ("a", "b", "c"), [1, 0, 1, 2]),
        (np.array([True, False, True, True]), ("False", "True"), [1, 0, 1, 1]),
    ],
)
@pytest.mark.parametrize("key", ["labels", "y"])
def test_any_labels_become_sorted_classes(tmp_path, noise, key, labels, names, numbers):
    np.savez(tmp_path / "a.npz", images=noise(4, 3, 3, 1), **{key: labels})
    dataset = load(tmp_path / "a.npz")
    assert dataset.spec.label_names == names
    assert dataset.train.labels.dtype == np.int64
    assert dataset.train.labels.tolist() == numbers
    assert sum(dataset.spec.marginal) == pytest.approx(1.0)
    assert dataset.spec.marginal[1] == numbers.count(1) / 4


def test_integer_labels_may_have_names_beside_them(tmp_path, noise):
    names = np.array(["zero", "one", "two", "three"])
    for i, labels in enumerate(([3, 0], [0, 1])):
        images = noise(2, 3, 3, 1)
        np.savez(tmp_path / f"{i}.npz", images=images, labels=labels, label_names=names)
    dataset = load(tmp_path)
    assert dataset.spec.label_names == ("zero", "one", "three")
    assert dataset.train.labels.tolist() == [2, 0, 0, 1]
    np.savez(tmp_path / "1.npz", images=images, labels=labels, label_names=names[::-1])
    with pytest.raises(ConfigError, match=r"do not fit together .*label_names differ"):
        load(tmp_path)


def test_size_and_channels_apply_to_images(tmp_path, noise):
    np.savez(tmp_path / "a.npz", images=noise(4, 9, 5, 3))
    assert load(tmp_path / "a.npz", size=(4, 6), channels=1).spec.sample.shape == (4, 6, 1)


IMAGES = np.zeros((4, 3, 3, 1), np.uint8)
BAD_POINTS = np.array([[0.0, 1.0], [np.nan, 1.0], [2.0, np.inf], [0.0, 2.0]])


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"pictures": IMAGES}, r"has no samples; name the array one of images, samples, x"),
        ({"images": IMAGES.astype(np.int64)}, r"'images'.*int64.*convert them to uint8"),
        ({"images": IMAGES[..., 0, 0]}, r"uint8 of shape \(4, 3\); accepted are images"),
        ({"images": IMAGES[np.newaxis]}, r"shape \(1, 4, 3, 3, 1\); accepted are"),
        ({"images": IMAGES[:, :0]}, r"shape \(4, 0, 3, 1\); accepted are"),
        ({"images": np.zeros((4, 3, 8, 8), np.uint8)}, r"channels in front; transpose it"),
        ({"x": BAD_POINTS}, r"2 of the 4 rows of array 'x'.*the first is row 1; remove or mend"),
        ({"x": np.full((4, 2), 1e300)}, r"4 of the 4 rows.*infinity"),
        ({"images": IMAGES, "labels": np.arange(3)}, r"'labels'.*\(3,\) for 4 samples; give one"),
        ({"images": IMAGES, "y": np.eye(4, dtype=int)}, r"'y'.*\(4, 4\) for 4 samples"),
        ({"images": IMAGES, "y": np.arange(4.0)}, r"'y'.*float64.*integers or strings"),
        (
            {"images": IMAGES, "y": np.arange(4), "label_names": np.array(["a", "b", "c"])},
            r"run from 0 to 3, and 'label_names' has 3 names; give each class its name",
        ),
        (
            {"images": IMAGES, "y": np.arange(4), "label_names": np.arange(4)},
            r"'label_names'.* is int64 of shape \(4,\); give one string a class",
        ),
        ({"images": IMAGES[:1]}, r"1 training examples, and at least 2 are needed"),
        ({"images": IMAGES[:0]}, r"no readable example; give other data"),
        ({"images": np.array([None, 1])}, r"plain arrays.*without object arrays"),
        ({"x": np.ones((4, 2))}, r"received \[1, 1\], .*constant.*; give two"),
    ],
)
def test_bad_arrays_get_a_sentence(tmp_path, arrays, sentence):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ConfigError, match=rf"(?s)data\.(source|value_range): .*{sentence}"):
        load(tmp_path / "a.npz")


def test_bad_files_get_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.source: .*none\.npz does not exist; give"):
        load(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 not a zip file")
    with pytest.raises(ConfigError, match=r"bad\.npz cannot be read.*write it with"):
        load(tmp_path / "bad.npz")
    (tmp_path / "empty.npz").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"empty\.npz cannot be read"):
        load(tmp_path / "empty.npz")
    np.save(tmp_path / "single.npy", IMAGES)
    with pytest.raises(ConfigError, match=r"single\.npy is a single array; write it with"):
        load(tmp_path / "single.npy")


def test_truncated_file_gets_a_sentence(tmp_path, noise):
    np.savez_compressed(tmp_path / "a.npz", images=noise(40, 9, 9, 3))
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match=r"a\.npz cannot be read"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize("cache_gib", [0.0, 1.0])
@pytest.mark.parametrize("dtype", ["u2", "f4", "f8", "f2"])
def test_bytes_of_another_order_are_the_same_numbers(tmp_path, noise, dtype, cache_gib):
    """As FITS and old scanners have them; a file of the cache holds a dtype's name only."""
    native, swapped = noise(9, 4, 5, 2, dtype=np.dtype(dtype)), {}
    for order in "<>":
        path = tmp_path / f"{'big' if order == '>' else 'little'}.npz"
        labels = (np.arange(9) % 3).astype(f"{order}i8")
        np.savez(path, images=native.astype(order + dtype), labels=labels)
        swapped[order] = load(path, cache_gib=cache_gib, cache_dir=str(tmp_path / "cache"))
    for dataset in swapped.values():
        assert dataset.train["sample"].dtype.isnative
        np.testing.assert_array_equal(
            dataset.train["sample"], native.astype(dataset.spec.sample.dtype)
        )
        assert dataset.train.labels.tolist() == [0, 1, 2] * 3
    assert swapped["<"].spec == swapped[">"].spec


def test_pictures_of_another_order_are_resized_as_they_are(tmp_path, noise):
    images = noise(4, 9, 8, 1, dtype=np.uint16)
    np.savez(tmp_path / "native.npz", images=images)
    np.savez(tmp_path / "swapped.npz", images=images.astype(images.dtype.newbyteorder()))
    native, swapped = (load(tmp_path / f"{n}.npz", size=(3, 4)) for n in ("native", "swapped"))
    np.testing.assert_array_equal(native.train["sample"], swapped.train["sample"])


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6])
def test_channels_in_front_are_refused(tmp_path, channels):
    np.savez(tmp_path / "a.npz", images=np.zeros((4, channels, 9, 16), np.float32))
    with pytest.raises(ConfigError, match=r"channels in front; transpose it to \[n, h, w, c\]"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(16, 16, 6), (5, 4, 4), (6, 6, 13), (1, 9, 3), (2, 2, 4)])
def test_many_channels_behind_are_pictures(tmp_path, noise, shape):
    np.savez(tmp_path / "a.npz", images=noise(4, *shape))
    assert load(tmp_path / "a.npz").spec.sample.shape == shape


def test_labels_that_are_not_utf8_are_escaped(tmp_path, noise):
    labels = np.array([b"caf\xe9", "tée".encode(), b"caf\xe9"])
    np.savez(tmp_path / "a.npz", images=noise(3, 4, 4), labels=labels)
    dataset = load(tmp_path / "a.npz")
    assert dataset.spec.label_names == ("caf\\udce9", "tée")
    assert dataset.train.labels.tolist() == [0, 1, 0]
