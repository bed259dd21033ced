"""Attributes by their names: in a request, on a command line, in a table and in a plan."""

import numpy as np
import pytest

from serving.bulk import runs
from serving.bulk.plans import Seeds, document_of, plan_of
from serving.bulk.selection import Selection
from serving.bulk.tables import read_rows
from serving.call import Request, choose_signature, named
from serving.call.inputs import inputs_of
from serving.description import Description
from serving.errors import UsageError

IMAGE = {"shape": [8, 8, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
SEED = {"shape": [], "dtype": "int64", "kind": "seed"}
ATTRIBUTES = {
    "shape": [3],
    "dtype": "float32",
    "kind": "attributes",
    "names": ["smile", "age", "hat"],
    "about": {"ranges": [[0, 1], [18, 78], [0, 0]], "means": [0.25, 40, 0]},
}


@pytest.fixture(scope="module")
def description():
    under = {"inputs": {"seed": SEED, "attributes": ATTRIBUTES}, "outputs": {"image": IMAGE}}
    drawn = {"inputs": {"seed": SEED}, "outputs": {"image": IMAGE, "attributes": ATTRIBUTES}}
    return Description(
        {
            "format": 1,
            "sample": {"output": "image", **IMAGE},
            "latent": None,
            "signatures": {},
            "fields": {"generate": drawn, "generate_conditional": under},
        }
    )


def checked(description, seeds, attributes):
    signature = description.signature("generate_conditional")
    return signature.check({"seed": seeds, "attributes": attributes})["attributes"]


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        ({"smile": 1}, [[1, 40, 0]] * 2),
        ({}, [[0.25, 40, 0]] * 2),
        ({"age": [20, 60], "smile": True}, [[1, 20, 0], [1, 60, 0]]),
        ([1, 30, 0], [[1, 30, 0]] * 2),
        ([[1, 30, 0], [0, 50, 0]], [[1, 30, 0], [0, 50, 0]]),
    ],
)
def test_attributes_are_rows_one_row_for_all_or_names(description, given, rows):
    found = checked(description, [1, 2], given)
    np.testing.assert_array_equal(found, np.array(rows, np.float32))
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"smlie": 1}, r"attributes: 'smlie' is no name of an attribute; the nearest are 'smile'"),
        ({"beard": 1}, r"'beard' is no name of an attribute; there are 'smile', 'age', 'hat'"),
        ({"smile": float("nan")}, r"row 0 holds nan; expected finite numbers"),
        ({"smile": "very"}, r"attributes: smile: received 'very'; expected a number"),
        ({"smile": [0, 1], "age": [1, 2, 3]}, r"rows of different numbers, .*2.*3"),
        ({"smile": [0, 1, 0]}, r"every input needs equally many, received"),
        ([1, 30], r"received shape \[2, 2\]; expected \[n, 3\]"),
        ([[1, 30, 0, 0]] * 2, r"received shape \[2, 4\]; expected \[n, 3\]"),
        ({"age": 0.1}, None),  # below the data, by less than they are wide
        ({"age": 4000}, r"age is 4000 in row 0; the data have 18 to 78"),
        ({"hat": 2}, r"hat is 2 in row 0; the data have 0 to 0"),
    ],
)
def test_what_is_no_attribute_gets_a_sentence(description, given, sentence):
    if sentence is None:
        checked(description, [1, 2], given)
        return
    with pytest.raises(UsageError, match=sentence):
        checked(description, [1, 2], given)


def test_a_command_names_attributes_for_all_samples(description):
    pairs = named("--attribute", ["smile=1", "age=20"])
    request = Request(count=3, attributes=pairs)
    signature = choose_signature(description, request)
    inputs = inputs_of(signature, request)
    assert signature.name == "generate_conditional" and inputs["seed"] == [0, 1, 2]
    np.testing.assert_array_equal(inputs["attributes"], [[1, 20, 0]] * 3)
    for texts, sentence in (
        (["smile"], "expected NAME=NUMBER"),
        (["smile=1", "smile=0"], "pass each name once"),
    ):
        with pytest.raises(UsageError, match=sentence):
            named("--attribute", texts)
    with pytest.raises(UsageError, match=r"smile: received 'yes'; expected a number"):
        inputs_of(signature, Request(attributes=[("smile", "yes")]))


def test_a_plan_makes_every_sample_under_the_same_attributes(description):
    plan, _ = Selection(count=2, attributes={"age": 20}).plan(description)
    assert plan == Seeds(0, 2, {"attributes": [0.25, 20, 0]})
    assert plan_of(document_of(plan)) == plan
    np.testing.assert_array_equal(plan.columns(0, 2)["attributes"], [[0.25, 20, 0]] * 2)
    with pytest.raises(UsageError, match="'agee' is no name of an attribute; the nearest are"):
        Selection(count=2, attributes={"agee": 20}).plan(description)
    with pytest.raises(UsageError, match="attributes: rows says which; leave them out"):
        Selection(rows="a.csv", attributes={"age": 20})


@pytest.mark.parametrize("way", [{"count": 4, "label": "all"}, {"per_class": 2}])
def test_as_many_of_every_class_have_the_attributes_too(description, way):
    label = {"shape": [], "dtype": "int64", "kind": "label", "names": ["a", "b"]}
    document = description.document
    under = document["fields"]["generate_conditional"]
    both = under | {"inputs": {**under["inputs"], "label": label}}
    told = {"kind": "label", "num_classes": 2, "names": ["a", "b"]}
    fields = {**document["fields"], "generate_conditional": both}
    model = Description({**document, "condition": told, "fields": fields})
    plan, _ = Selection(attributes={"age": 20}, **way).plan(model)
    columns = plan.columns(0, 4)
    assert sorted(columns["label"]) == [0, 0, 1, 1]
    np.testing.assert_array_equal(columns["attributes"], [[0.25, 20, 0]] * 4)
    with pytest.raises(UsageError, match="text: the model is not conditional on text"):
        Selection(text="a", **way).plan(model)


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("seed,age,smile\n5,20,1\n6,30,0\n", [[1, 20, 0], [0, 30, 0]]),
        ('seed,attributes\n5,"[1, 20, 0]"\n6,"[0, 30, 0]"\n', [[1, 20, 0], [0, 30, 0]]),
    ],
)
def test_a_table_has_a_column_an_attribute(description, tmp_path, table, rows):
    path = tmp_path / "rows.csv"
    path.write_text(table)
    columns = read_rows(str(path), description)
    assert columns["seed"].tolist() == [5, 6]
    np.testing.assert_array_equal(columns["attributes"], rows)
    packed = runs.pack(columns["attributes"])
    np.testing.assert_array_equal(runs.unpack(packed), columns["attributes"])


def test_a_cell_that_is_no_number_is_named(description, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("seed,age\n5,20\n6,old\n")
    with pytest.raises(UsageError, match=r"row 1 of .*attributes: age: received 'old'; expected"):
        read_rows(str(path), description)
