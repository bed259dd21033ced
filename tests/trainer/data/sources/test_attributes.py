import json

import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.errors import ConfigError

AGES = "file,age,glasses,who\nb.png,61,1,Ada\na.png,25,0,Kurt\nmore/c.png,30.5,1,Ada\n"


@pytest.fixture
def folder(tmp_path, save):
    for number, name in enumerate(("a", "b", "more/c")):
        save(tmp_path / "faces" / f"{name}.png", np.full((8, 8), 80 * number, np.uint8))
    return tmp_path


def load(folder, content=AGES, name="ages.csv", **options):
    (folder / name).write_text(content, "utf-8")
    source = {
        "name": "attributes",
        "pictures": str(folder / "faces"),
        "attributes": str(folder / name),
        **options,
    }
    return loading.load(Data(source=source, holdout_share=0.0))


def test_ages_and_persons_of_a_folder_of_faces(folder):
    dataset = load(folder, columns=["age"], label="who")
    assert dataset.train["sample"][:, 0, 0, 0].tolist() == [0, 80, 160]
    assert dataset.train["attributes"].tolist() == [[25.0], [61.0], [30.5]]
    assert dataset.train["label"].tolist() == [1, 0, 0]
    field = dataset.spec.fields["attributes"]
    assert field.names == ("age",) and field.about["ranges"] == [[25.0, 61.0]]
    assert dataset.spec.label_names == ("Ada", "Kurt")


def test_without_names_all_columns_but_the_picture_are_attributes(folder):
    dataset = load(folder, AGES.replace("Kurt", "2").replace("Ada", "1"))
    assert dataset.spec.fields["attributes"].names == ("age", "glasses", "who")
    assert "label" not in dataset.train
    again = load(folder, AGES, label="who")
    assert again.spec.fields["attributes"].names == ("age", "glasses")
    assert again.spec.fingerprint != dataset.spec.fingerprint


def test_an_array_has_a_line_a_picture(folder):
    np.savez(folder / "faces.npz", images=np.zeros((2, 4, 4, 3), np.uint8), labels=[1, 0])
    lines = "".join(f"{json.dumps({'age': age, 'smiles': age > 30})}\n" for age in (20, 40))
    faces = {"pictures": str(folder / "faces.npz")}
    dataset = load(folder, lines, "ages.jsonl", **faces)
    assert dataset.train["attributes"].tolist() == [[20.0, 0.0], [40.0, 1.0]]
    assert dataset.train["label"].tolist() == [1, 0]
    with pytest.raises(ConfigError, match=r"has 3 attributes for the 2 pictures of .*faces\.npz"):
        load(folder, lines + '{"age": 1, "smiles": 0}\n', "ages.jsonl", **faces)


@pytest.mark.parametrize(
    ("changed", "into", "options", "expected"),
    [
        ("25", "twenty", {}, r"line 3 of .*ages\.csv has 'twenty' for 'age'; give a finite number"),
        ("25", "", {}, r"line 3 of .* has nothing for 'age'"),
        ("25", "nan", {}, r"line 3 of .* has 'nan' for 'age'"),
        ("a.png", "b.png", {}, r"1 pictures have no line in it \(a\.png\)"),
        ("more/c.png", "d.png", {}, r"are not there \(d\.png\) .* no line in it \(more/c\.png\)"),
        ("Kurt", "", {}, r"data\.source\.label: line 3 of .* has no 'who'"),
        ("age", "years", {}, r"has nothing for 'age'.*data\.source\.columns"),
        ("a.png", "", {}, r"line 3 of .* has no 'file' .* data\.source\.picture"),
        ("\na.png", "\nb.png,1,1,Ada\na.png", {}, r"has 2 lines about b\.png; give one"),
    ],
)
def test_bad_lines_get_a_sentence(folder, changed, into, options, expected):
    with pytest.raises(ConfigError, match=expected):
        load(folder, AGES.replace(changed, into, 1), columns=["age"], label="who", **options)


def test_a_file_without_attributes_gets_a_sentence(folder):
    with pytest.raises(ConfigError, match="has file and no attribute beside"):
        load(folder, "file\na.png\nb.png\nmore/c.png\n")


def test_the_aging_recipe_takes_faces_of_ones_own(folder):
    load(folder, columns=["age"], label="who")
    source = f"{{name: attributes, pictures: {folder / 'faces'}, attributes: {folder / 'ages.csv'}"
    experiment = load_experiment(
        "aging-digits", [f"data.source={source}, columns: [age], label: who}}", "data.size=16"]
    )
    from trainer.game.assembly import assemble

    dataset = loading.load(experiment.data)
    assert "translate" in assemble(experiment, dataset.spec).live.signatures
