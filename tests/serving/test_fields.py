"""Fields: which values are taken, and the sentence against every other."""

import numpy as np
import pytest

from serving import UsageError
from serving.description import Description, Signature
from serving.fields import Field

PETS = Field((), "int64", "label", names=("cat", "dog", "2", "1"))
GREY = Field((2, 2, 1), "float32", "image", (-1.0, 1.0))
MAP = Field((2, 2, 1), "uint8", "label_map", names=("sky", "ground"))
MASK = Field((2, 2, 1), "uint8", "mask")
SEED = Field((), "int64", "seed")
TEXT = Field((), "string", "text")


def test_the_type_of_a_label_says_what_it_is():
    assert PETS.check("label", [1, "1", np.int64(2), "2", "dog"]).tolist() == [1, 3, 2, 2, 1]
    assert PETS.check("label", np.array(["cat", "1"])).tolist() == [0, 3]
    assert PETS.check("label", np.array([3, 0], np.uint8)).tolist() == [3, 0]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (PETS, ["cet"], "x: 'cet' is no name of a label; the nearest are 'cat'."),
        (PETS, ["zebra"], "x: 'zebra' is no name of a label; there are 'cat', 'dog', '2', '1'."),
        (PETS, [4], "x: 4 is out of range; this model accepts 0 to 3."),
        (PETS, ["cat", True], "x: received True; expected a number or a name of a label."),
        (PETS, [1.0], "x: received float64 values; expected int64."),
        (Field((), "int64", "label", (0, 1)), ["a"], "there are none; pass numbers"),
        (Field((), "int64", "label", (0, 1)), [2], "x: 2 is out of range; this model accepts 0"),
        (GREY, np.full([1, 2, 2, 1], 255.0), "x: row 0 holds 255.0; expected -1 to 1."),
        (GREY, np.zeros([1, 2, 2, 3]), "x: received shape [1, 2, 2, 3]; expected [n, 2, 2, 1]."),
        (MASK, np.full([1, 2, 2, 1], 255), "x: row 0 holds 255; expected 0 to 1."),
        (MAP, np.full([1, 2, 2, 1], 2), "x: row 0 holds 2; expected 0 to 1."),
        (Field((), "float32", "scalar", (0, 1)), [0.5, 1.5], "x: row 1 holds 1.5; expected 0 to"),
        (Field((None, 1), "uint8", "image"), np.zeros([1, 2, 2], np.uint8), "expected [n, any, 1]"),
        (TEXT, [1], "x: received int; expected text or bytes."),
        (SEED, [], "x: received shape [0]; expected rows"),
        (SEED, [np.nan], "x: received float64 values; expected int64."),
        (Field((1,), "float32", "latent"), [[np.inf]], "x: row 0 holds inf; expected finite"),
    ],
)
def test_what_a_field_refuses(field, value, words):
    with pytest.raises(UsageError) as caught:
        field.check("x", value)
    assert words in str(caught.value)


def test_floats_may_leave_the_range_of_the_data_a_little():
    over = np.full([1, 2, 2, 1], 1.3)
    assert GREY.check("x", over).dtype == np.float32
    far = Field((2,), "float32", "vector", (-1.0, 1.0))
    np.testing.assert_array_equal(far.check("x", [[9.0, -9.0]]), [[9.0, -9.0]])


def test_many_names_are_not_listed():
    field = Field((), "int64", "label", names=tuple(f"class {i}" for i in range(1000)))
    with pytest.raises(UsageError, match=r"'class 9' and 990 more\.$"):
        field.check("label", ["zzz"])


def signature(**inputs):
    return Signature("draw", inputs, {"image": GREY, "label": PETS})


def test_one_value_stands_for_all_rows():
    arrays = signature(seed=SEED, label=PETS, text=TEXT).check(
        {"seed": range(3), "label": "dog", "text": "a pet"}
    )
    assert arrays["label"].tolist() == [1] * 3 and list(arrays["text"]) == [b"a pet"] * 3
    with pytest.raises(UsageError, match="rows: every input needs equally many"):
        signature(seed=SEED, label=PETS).check({"seed": range(3), "label": ["dog", "cat"]})
    with pytest.raises(UsageError, match=r"seed: received shape \[\]; expected rows"):
        signature(seed=SEED).check({"seed": 1})


def test_what_a_signature_is_about():
    asked = signature(seed=SEED, mask=MASK, image=GREY, label=PETS)
    assert (asked.subject, asked.main_output, asked.first("label")) == ("image", "image", "label")
    assert signature(seed=SEED).subject == "seed"


def test_one_name_is_two_fields():
    """An image goes in with one shape and comes out with another."""
    small = {"shape": [4, 4, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
    large = small | {"shape": [8, 8, 1]}
    described = Description(
        {"format": 1, "fields": {"translate": {"inputs": {"image": small},
                                               "outputs": {"image": large}}}}
    )  # fmt: skip
    translate = described.signature("translate")
    assert translate.inputs["image"].shape == (4, 4, 1)
    assert translate.outputs["image"].shape == (8, 8, 1)
    translate.check({"image": np.zeros([1, 4, 4, 1], np.uint8)})
    with pytest.raises(UsageError, match=r"expected \[n, 4, 4, 1\]"):
        translate.check({"image": np.zeros([1, 8, 8, 1], np.uint8)})


def test_a_model_that_does_not_name_its_fields():
    with pytest.raises(UsageError, match="does not say what its signatures take; export its run"):
        Description({"format": 1}).signature("generate")
