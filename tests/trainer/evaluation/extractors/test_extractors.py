import numpy as np
import pytest

from trainer import catalogue
from trainer.config.recipe import make_experiment
from trainer.evaluation import extractors


@pytest.mark.parametrize(
    ("shape", "num_classes", "expected"),
    [
        ((8, 8, 1), 10, "classifier"),
        ((8, 8, 1), 1, "random_projection"),
        ((8, 8, 1), 0, "random_projection"),
        ((2,), 8, "raw"),
        ((2,), 0, "raw"),
    ],
)
def test_auto_suits_the_data(shape, num_classes, expected, dataset, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(extractors, "make", lambda options, *_: asked.append(options.name))
    data = dataset(shape, num_classes=num_classes)
    extractors.auto(catalogue.AutoExtractor(), data, "digits", tmp_path)
    assert asked == [expected]


def corner(options, dataset, source, cache):
    """A user's own extractor: the first numbers of a sample."""
    size = options.options["size"]

    def extract(samples):
        rows = samples.reshape(len(samples), -1)[:, :size]
        return extractors.Features(rows.astype(np.float32), None)

    return extractors.Extractor("corner", "c0", "other", size, 0, False, None, extract)


def test_a_users_own_extractor_is_called_with_its_options(dataset, tmp_path):
    chosen = {"name": f"{__name__}:corner", "options": {"size": 3}}
    experiment = make_experiment({"evaluate": {"extractor": chosen}})
    data = dataset((8, 8, 1), num_classes=0)
    made = extractors.make(experiment.evaluate.extractor, data, "digits", tmp_path)
    assert made.extract(data.train["sample"]).features.shape == (len(data.train), 3)
