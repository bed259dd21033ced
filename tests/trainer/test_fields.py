import json

import pytest

from trainer.fields import Field

FIELDS = [
    Field(),
    Field((28, 28, 1), "uint8", "image", (0.0, 255.0)),
    Field((None, None, 3), "uint8", "image"),
    Field((), "int64", "label", names=("cat", "dog"), marginal=(0.25, 0.75)),
    Field((12,), "int32", "tokens", names=("<end>", "a"), about={"start": 1, "of": ["x"]}),
]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.kind)
def test_a_description_is_json_and_leads_back(field):
    described = json.loads(json.dumps(field.describe()))
    assert Field.of(described) == field


def test_a_description_leaves_out_what_is_not_known():
    assert FIELDS[0].describe() == {"shape": [], "dtype": "float32", "kind": "vector"}
    assert FIELDS[2].describe()["shape"] == [None, None, 3]


def test_sizes_of_fixed_shapes():
    assert FIELDS[1].fixed_shape == (28, 28, 1)
    assert FIELDS[1].size == 784
    assert Field().size == 1
