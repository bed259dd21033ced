import numpy as np
import pytest

from trainer import catalogue
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.evaluation.extractors import make

GOLDEN = [1.06582010, 0.94570267]


def _projection(tmp_path, data, **options):
    chosen = catalogue.RandomProjectionExtractor(**options)
    return make(chosen, data, "digits", tmp_path)


def test_raw_is_what_the_discriminator_sees(tmp_path, dataset):
    data = dataset((4, 3, 2))
    extractor = make(catalogue.RawExtractor(), data, "digits", tmp_path)
    features, logits = extractor.extract(data.train["sample"])
    expected = np.reshape(modalities.seen(data.train["sample"], data.spec.sample), (24, 24))
    np.testing.assert_array_equal(features, expected)
    assert features.min() >= -1 and features.max() <= 1 and features.dtype == np.float32
    assert logits is None and extractor.kind == "other" and extractor.dimension == 24
    assert extractor.name == f"raw-{extractor.hash[:4]}" and extractor.origin == ""


def test_raw_keeps_ratios_of_distances_of_points(tmp_path, dataset):
    data = dataset((2,), "float32", (-3.0, 5.0))
    features = make(catalogue.RawExtractor(), data, "ring", tmp_path).extract(data.train["sample"])[
        0
    ]
    np.testing.assert_allclose(
        np.diff(features, axis=0) * 4, np.diff(data.train["sample"], axis=0), atol=1e-6
    )


def test_projection_is_the_same_for_ever(tmp_path, dataset):
    data = dataset((2, 2, 1))
    features = _projection(tmp_path, data, size=2).extract(np.full((1, 2, 2, 1), 255, np.uint8))[0]
    # The sum of four rows of the frozen stream over √2.
    stream = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(0)))
    expected = stream.standard_normal((4, 2)).sum(0) / np.sqrt(2)
    np.testing.assert_allclose(features, [expected], rtol=1e-6)
    np.testing.assert_allclose(features, [GOLDEN], rtol=1e-5)


def test_projection_keeps_squared_distances_on_average(tmp_path, dataset):
    data = dataset((16, 16, 3), count=64)
    raw = make(catalogue.RawExtractor(), data, "digits", tmp_path).extract(data.train["sample"])[0]
    projected = _projection(tmp_path, data).extract(data.train["sample"])[0]
    ratio = np.square(np.diff(projected, axis=0)).sum(1) / np.square(np.diff(raw, axis=0)).sum(1)
    # Each ratio is a χ² of 256 degrees over 256: its deviation is √(2/256) = .09.
    assert abs(ratio.mean() - 1) < 0.05


def test_projection_has_at_most_the_numbers_of_a_sample(tmp_path, dataset):
    extractor = _projection(tmp_path, dataset((4, 4, 1)))
    assert extractor.dimension == 16
    assert extractor.name == f"proj16-{extractor.hash[:4]}"


@pytest.mark.integration
def test_projection_of_large_images_comes_in_parts(tmp_path, dataset):
    data = dataset((128, 128, 3), count=200)
    extractor = _projection(tmp_path, data)
    whole = extractor.extract(data.train["sample"])[0]
    one = extractor.extract(data.train["sample"][150:151])[0]
    assert whole.shape == (200, 256) and extractor.name.startswith("proj256-")
    np.testing.assert_allclose(one, whole[150:151], atol=1e-4)


def test_hashes_tell_projections_apart(tmp_path, dataset):
    data = dataset((4, 4, 1))
    options = [{}, {"size": 8}, {"seed": 1}, {"seed": 2**40}]
    assert len({_projection(tmp_path, data, **chosen).hash for chosen in options}) == 4
    assert _projection(tmp_path, data).hash == _projection(tmp_path, data).hash


@pytest.mark.parametrize(
    "options", [catalogue.RawExtractor(), catalogue.RandomProjectionExtractor()]
)
def test_no_samples_and_other_samples(options, tmp_path, dataset):
    extractor = make(options, dataset((4, 4, 1)), "digits", tmp_path)
    assert extractor.extract(np.empty((0, 4, 4, 1), np.uint8)).features.shape == (0, 16)
    with pytest.raises(ConfigError, match=r"received uint8 samples of shape \(4, 5, 1\)"):
        extractor.extract(np.empty((2, 4, 5, 1), np.uint8))
