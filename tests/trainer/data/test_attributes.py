import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import attributes, loading, modalities
from trainer.errors import ConfigError

NAMES = np.array(["smile", "age"])


def written(tmp_path, **arrays):
    images = np.random.RandomState(0).randint(0, 256, (6, 8, 8, 1)).astype(np.uint8)
    np.savez(tmp_path / "faces.npz", images=images, **arrays)
    return Data(source=f"npz:{tmp_path / 'faces.npz'}", holdout_share=0.0)


def test_arrays_of_attributes_are_measured_and_seen_each_on_its_own_range(tmp_path):
    values = np.array([[0, 20], [1, 60], [0, 30], [0, 40], [1, 20], [0, 25]])
    data = written(tmp_path, attributes=values, attribute_names=NAMES)
    dataset = loading.load(data)
    field = dataset.spec.fields["attributes"]
    assert (field.kind, field.names, field.shape) == ("attributes", ("smile", "age"), (2,))
    assert field.about["ranges"] == [[0, 1], [20, 60]]
    assert field.about["means"] == pytest.approx([1 / 3, 32.5])
    assert sorted(map(tuple, field.about["rows"])) == sorted(map(tuple, values.tolist()))
    seen = modalities.seen(np.float32([[0, 20], [1, 60], [0.5, 40]]), field)
    np.testing.assert_allclose(seen, [[-1, -1], [1, 1], [0, 0]])
    np.testing.assert_allclose(modalities.stored(seen, field), [[0, 20], [1, 60], [0.5, 40]])
    assert dataset.spec == type(dataset.spec).of(dataset.spec.describe())


def test_an_attribute_that_never_varies_is_zero_to_the_players():
    field = attributes.measured(attributes.field_of(("a", "b")), np.float32([[1, 3], [2, 3]]))
    np.testing.assert_allclose(
        modalities.seen(np.float32([[1, 3], [2, 4]]), field), [[-1, 0], [1, 1]]
    )


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"attributes": np.zeros((5, 2))}, r"shape \(5, 2\) for 6 samples; give a row a sample"),
        ({"attributes": np.zeros(6)}, r"shape \(6,\) for 6 samples"),
        ({"attributes": np.full((6, 2), "a")}, r"are str\w* values; give numbers"),
        ({"attributes": np.full((6, 2), np.nan)}, r"row 0 of .* holds nan in column 0"),
        ({"attributes": np.zeros((6, 2)), "attribute_names": NAMES[:1]}, r"a column.*: 2 of"),
        ({"attributes": np.zeros((6, 2)), "attribute_names": NAMES[[0, 0]]}, r"different: 2 of"),
    ],
)  # fmt: skip
def test_attributes_that_do_not_fit_are_refused(tmp_path, arrays, sentence):
    with pytest.raises(ConfigError, match=sentence):
        loading.load(written(tmp_path, **arrays))
