import pytest

from trainer.evaluation import catalogue, extractors


@pytest.mark.parametrize(
    "shape, num_classes, expected",
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
