import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.modalities import tokens
from trainer.errors import ConfigError

EMOJI = Path(__file__).parents[5] / "shared" / "data" / "emoji_captions"
CAPTIONS = {"a.png": "a red square", "b.png": "a blue square", "more/c.png": "nothing, at all"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures" / "more").mkdir(parents=True)
    for number, name in enumerate(CAPTIONS):
        Image.new("RGB", (8, 8), (80 * number, 0, 0)).save(tmp_path / "pictures" / name)
    return tmp_path


def jsonl(path, rows):
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def rows(captions=CAPTIONS):
    return [{"file": name, "caption": caption} for name, caption in captions.items()]


def load(folder, file, **options):
    source = {"name": "captions", "pictures": str(folder), "captions": str(file), **options}
    return loading.load(Data(source=source, holdout_share=0.0))


def captions_of(dataset):
    shown = tokens.text(dataset.train["text"], dataset.spec.fields["text"]).numpy()
    return [caption.decode("utf-8") for caption in shown]


def test_a_folder_and_lines_of_json(folder):
    file = jsonl(folder / "captions.jsonl", reversed(rows()))
    dataset = load(folder / "pictures", file)
    assert captions_of(dataset) == ["a red square", "a blue square", "nothing at all"]
    assert dataset.train["sample"][:, 0, 0, 0].tolist() == [0, 80, 160]
    assert dataset.spec.sample.shape == (8, 8, 3) and "wrong_text" in dataset.train
    assert dataset.spec.fields["text"].shape == (3,)


def test_a_table_with_columns_of_other_names(folder):
    file = folder / "captions.csv"
    lines = ["name,says,by"] + [f'{name},"{caption}",me' for name, caption in CAPTIONS.items()]
    file.write_text("\n".join(lines), "utf-8-sig")
    dataset = load(folder / "pictures", file, picture="name", caption="says", length=2)
    assert captions_of(dataset) == ["a red", "a blue", "nothing at"]


def test_a_picture_with_two_captions_is_two_examples(folder):
    file = jsonl(folder / "c.jsonl", [*rows(), {"file": "a.png", "caption": "dark"}])
    dataset = load(folder / "pictures", file)
    assert captions_of(dataset) == ["a red square", "dark", "a blue square", "nothing at all"]
    assert dataset.train["sample"][:, 0, 0, 0].tolist() == [0, 0, 80, 160]


def test_an_array_has_a_line_a_picture(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.zeros((2, 4, 4, 3), np.uint8), labels=[0, 1])
    file = jsonl(tmp_path / "c.jsonl", [{"name": "one"}, {"name": "two"}])
    dataset = load(tmp_path / "x.npz", file, caption="name")
    assert captions_of(dataset) == ["one", "two"] and dataset.spec.num_classes == 2
    jsonl(file, [{"name": "one"}, {"name": "two"}, {"name": "three"}])
    with pytest.raises(ConfigError, match=r"has 3 captions for the 2 pictures of .*x\.npz"):
        load(tmp_path / "x.npz", file, caption="name")


def test_held_out_words_are_no_words_of_the_vocabulary(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.zeros((10, 4, 4, 3), np.uint8))
    file = jsonl(tmp_path / "c.jsonl", [{"caption": f"number w{i}"} for i in range(10)])
    source = {"name": "captions", "pictures": str(tmp_path / "x.npz"), "captions": str(file)}
    dataset = loading.load(Data(source=source, holdout_share=0.3))
    assert len(dataset.spec.fields["text"].names) == 2 + 1 + 7
    assert dataset.held_out["text"][:, 1].tolist() == [1, 1, 1]


def test_missing_and_extra_pictures_are_listed(folder):
    some = {"b.png": "b", "x.png": "x", "y/z.png": "z"}
    file = jsonl(folder / "c.jsonl", rows(some))
    expected = (
        r"2 pictures of .*c\.jsonl are not there \(x\.png, y/z\.png\) and 2 pictures have no line "
        r"in it \(a\.png, more/c\.png\); give each picture a line whose 'file'"
    )
    with pytest.raises(ConfigError, match=expected):
        load(folder / "pictures", file)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("c.jsonl", "{]\n", r"line 1 of .*c\.jsonl is no JSON"),
        ("c.jsonl", '\n["a"]\n', r"line 2 of .* is no object but \[\"a\"\]"),
        (
            "c.jsonl",
            '{"file": "a.png", "text": "x"}\n',
            r"line 1 of .* has no 'caption' .*file",
        ),
        ("c.jsonl", '{"file": "a.png", "caption": 3}\n', "has no 'caption'"),
        ("c.jsonl", '{"file": "a.png", "caption": " "}\n', "has no 'caption'"),
        ("c.csv", "file;caption\na.png;x\n", "line 2 of .* has no 'file'"),
        ("c.csv", "file,caption\na.png\n", "line 2 of .* has no 'caption'"),
        ("c.csv", "file,caption\na.png,x\n", "holds 1 captions"),
        ("c.csv", "", "holds 0 captions"),
        ("c.txt", "a red square\n", r"received '.*c\.txt'; give a \.jsonl file"),
        ("c.jsonl", b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_bad_files_get_a_sentence(folder, name, content, expected):
    content = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(content)
    with pytest.raises(ConfigError, match=expected):
        load(folder / "pictures", folder / name)


def test_a_file_that_is_not_there_gets_a_sentence(folder):
    with pytest.raises(ConfigError, match=r"none\.jsonl cannot be read"):
        load(folder / "pictures", folder / "none.jsonl")


@pytest.mark.skipif(not EMOJI.is_dir(), reason="the emoji are not here")
def test_emoji_with_their_names():
    source = {
        "name": "captions",
        "pictures": str(EMOJI / "emoji64.npz"),
        "captions": str(EMOJI / "captions.jsonl"),
        "caption": "name",
    }
    dataset = loading.load(Data(source=source, size=32))
    assert (len(dataset.train), len(dataset.held_out)) == (1808, 200)
    assert dataset.spec.sample.shape == (32, 32, 3)
    assert dataset.spec.fields["text"].shape == (11,)
    assert {"face", "flag", "cat"} <= set(dataset.spec.fields["text"].names)
