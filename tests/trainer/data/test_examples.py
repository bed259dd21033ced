import json

import numpy as np
import pytest

from tests.specs import spec_of
from trainer.data.examples import DataSpec, Examples
from trainer.errors import ConfigError
from trainer.fields import Field


def test_fields_of_all_tables_are_found_by_name():
    examples = Examples(({"a": np.zeros((5, 2))}, {"b": np.ones(3), "label": np.arange(3)}))
    assert list(examples) == ["a", "b", "label"]
    assert len(examples) == 5
    assert examples["b"].shape == (3,)
    assert examples.labels.tolist() == [0, 1, 2]
    assert "a" in examples and "c" not in examples


def test_absent_fields_are_left_out():
    assert list(Examples.of(sample=np.zeros(3), label=None)) == ["sample"]
    assert Examples.of(sample=np.zeros(3)).labels is None


def test_two_tables_with_one_name_are_refused():
    with pytest.raises(
        ConfigError, match=r"data\.source: the field 'a' stands in two tables; give"
    ):
        Examples(({"a": np.zeros(3)}, {"a": np.zeros(3)}))


def test_a_specification_is_json_and_leads_back():
    spec = spec_of((8, 8, 1), label_names=("x", "y"), marginal=(0.5, 0.5), fingerprint="ab")
    assert DataSpec.of(json.loads(json.dumps(spec.describe()))) == spec
    assert spec.num_classes == 2
    assert spec.images == ("sample",)


def test_data_without_a_sample_says_what_it_has():
    spec = DataSpec({"a": Field((2,)), "b": Field((2,))}, "", 10)
    assert spec.label_names == spec.marginal == ()
    with pytest.raises(ConfigError, match=r"data\.source: its fields are a, b, .* called sample"):
        spec.field("sample")
