"""`gan call`: what it asks, prints and writes."""

import base64
import io
import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from serving.client import Client
from serving.errors import UsageError
from trainer.cli import main


@pytest.fixture
def call(digits_server, target_of):
    target = target_of(digits_server)

    def run(*arguments, model="digits", host=target):
        return CliRunner().invoke(main, ["call", host, "--model", model, *map(str, arguments)])

    return run


def printed(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_pictures_go_to_a_folder(call, tmp_path):
    result = call("--seed", 7, "--count", 3, "--label", 2, "--out", tmp_path / "new" / "folder")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "and 2 more" in result.stdout
    names = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert names == [f"seed-{seed}-label-2.png" for seed in (7, 8, 9)]


def test_one_picture_goes_to_a_file(call, tmp_path):
    document = printed(call("--seed", 7, "--out", tmp_path / "a.png", "--json"))
    assert document["files"] == [str(tmp_path / "a.png")]
    assert Image.open(tmp_path / "a.png").size == (8, 8)


def test_arrays_go_to_numpys_files(call, tmp_path):
    call("--seed", 3, "--seed", 4, "--out", tmp_path / "a.npz")
    call("--seed", 3, "--seed", 4, "--out", tmp_path / "a.npy")
    with np.load(tmp_path / "a.npz") as arrays:
        assert sorted(arrays) == ["image", "label", "label_names", "seed"]
        assert arrays["label_names"].tolist() == [str(digit) for digit in range(10)]
        np.testing.assert_array_equal(arrays["image"], np.load(tmp_path / "a.npy"))


def test_json_has_the_values(call):
    document = printed(call("--signature", "latents", "--seed", 1, "--seed", 2, "--json"))
    assert document["inputs"] == {"seed": [1, 2]}
    assert np.shape(document["outputs"]["latent"]) == (2, 4)
    document = printed(call("--signature", "generate_png", "--json"))
    picture = base64.b64decode(document["outputs"]["image_bytes"][0]["b64"])
    assert Image.open(io.BytesIO(picture)).size == (8, 8)


def test_values_that_can_be_read_are_printed(call, tmp_path):
    np.save(tmp_path / "image.npy", np.full([2, 8, 8, 1], 100, np.uint8))
    result = call(
        "--signature", "score", "--input", f"image={tmp_path}/image.npy", "--label", 3
    )  # fmt: skip
    assert result.stdout == "score answered:\n  realism  103 103\n"
    result = call("--count", 2)
    assert "image  uint8 [2, 8, 8, 1]" in result.stdout and "--out" in result.stdout


def test_describe(call):
    assert printed(call("--signature", "describe"))["name"] == "tiny"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--label", "10"], 2, "label: 10 is out of range; this model accepts 0 to 9"),
        (["--label", "cat"], 2, "label: 'cat' is no name of a label; there are '0', '1'"),
        (["--label", "1", "--label", "cat"], 2, "label: 'cat' is no name of a label"),
        (["--label-index", "10"], 2, "label: 10 is out of range"),
        (["--text", "a"], 2, "--text: generate_conditional of this model takes no --text"),
        (["--code", "tilt=1"], 2, "the latents of this model hold noise alone"),
        (["--code", "0=1", "--code", "0=2"], 2, "--code: received 0=1 0=2; pass each name once"),
        (["--code", "tilt"], 2, "--code: received 'tilt'; expected NAME=NUMBER"),
        (["--signature", "encode"], 2, "signature: the model has no 'encode'"),
        (["--count", "0"], 2, "--count: received 0"),
        (["--count", "2", "--seed", "1", "--seed", "2"], 2, "--count: it goes with one --seed"),
        (["--out", "a.zip"], 2, "--out: '.zip' is none of .png, .npy, .npz, .csv; pass one of th"),
        (["--count", "2", "--out", "a.png"], 2, "'a.png' is one picture and 2 come; pass a folder"),
        (["--signature", "latents", "--out", "a.png"], 2, "--out: latents of this model gives no"),
        (["--signature", "latents", "--out", "a.csv"], 2, "--out: latents gives arrays; pass a"),
        (["--out", "a.jpg"], 2, "--out: '.jpg' is none of .png, .npy, .npz, .csv; pass one of th"),
        (["--seed", str(2**63)], 2, "seed: 9223372036854775808 does not fit int64"),
        (
            ["--signature", "decode"],
            2,
            "latent: decode of this model takes float32 [n, 4]; received",
        ),
        (["--input", "image"], 2, "--input: received 'image'; expected NAME=VALUE"),
        (
            ["--input", "image=/no.npy"],
            2,
            "--input: generate_conditional of this model takes no 'i",
        ),
        (
            ["--signature", "score", "--input", "image=/no.npy"],
            2,
            "--input: '/no.npy' cannot be re",
        ),
        (
            ["--signature", "score", "--input", "image=[1"],
            2,
            "image: received '[1'; expected a list",
        ),
        (["--version", "1", "--label-name", "a"], 2, "version: received a version and a version"),
        (["--version", "5"], 1, "NOT_FOUND: Servable not found for request: Specific(digits, 5)"),
        (["--timeout", "0"], 2, "timeout: received 0.0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_gets_a_sentence(call, arguments, code, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(*arguments)
    assert words in result.stderr and result.stderr.count("\n") == 1
    assert (result.exit_code, result.stdout) == (code, "")
    assert list(tmp_path.iterdir()) == []


def test_nobody_there_and_no_address(call):
    result = call("--timeout", "0.2", host="http://127.0.0.1:1")
    assert result.exit_code == 1 and "UNAVAILABLE" in result.stderr
    result = call(host="localhost")
    assert result.exit_code == 2 and "names no endpoint" in result.stderr


def test_a_place_that_cannot_be_written(call, tmp_path):
    (tmp_path / "file").write_text("mine")
    result = call("--out", tmp_path / "file")
    assert result.exit_code == 2 and "is a file" in result.stderr
    result = call("--out", tmp_path / "file" / "a.npz")
    assert result.exit_code == 1 and "cannot be written" in result.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_points_are_no_pictures(points_server, target_of, call, tmp_path):
    host = target_of(points_server)
    result = call("--out", tmp_path / "a.png", model="points", host=host)
    assert result.exit_code == 2 and "no PNG images; pass a .npz or .npy file" in result.stderr
    result = call("--count", 3, "--out", tmp_path / "a", model="points", host=host)
    assert result.exit_code == 0, result.stderr
    assert np.load(tmp_path / "a" / "sample.npy").shape == (3, 2)


@pytest.fixture
def shop(workshop_server, target_of, call):
    return lambda *arguments: call(*arguments, model="workshop", host=target_of(workshop_server))


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(np.full([8, 8], 50, np.uint8)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_a_picture_goes_in_and_a_picture_comes_out(shop, photo, tmp_path):
    arguments = ["--signature", "translate_to_a", "--input", f"image={photo}"]
    result = shop(*arguments, "--out", tmp_path / "new.png")
    assert result.exit_code == 0, result.stderr
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "new.png")), 205)
    result = shop(*arguments, "--input", f"image={photo}", "--out", tmp_path / "two")
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["row-0.png", "row-1.png"]


def test_a_mask_and_a_seed(shop, photo, tmp_path):
    mask = np.zeros([8, 8], np.uint8)
    mask[0] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    result = shop(
        "--signature", "complete", "--input", f"image={photo}", "--input",
        f"mask={tmp_path}/mask.png", "--seed", 7, "--count", 2, "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert np.asarray(Image.open(tmp_path / "out" / "seed-8.png"))[:2, 0].tolist() == [50, 8]
    table = (tmp_path / "out" / "answers.csv").read_text()
    assert table == "seed,loss\n7,6.25\n8,6.25\n"


def test_texts_and_names_are_printed(shop, photo, tmp_path):
    result = shop("--signature", "caption", "--input", f"image={photo}", "--seed", 3)
    assert result.stdout == "caption answered:\n  text  a dark digit é 3\n"
    result = shop("--signature", "classify", "--input", f"image={photo}")
    assert "\n  label  1\n" in result.stdout
    out = tmp_path / "words.csv"
    result = shop("--signature", "caption", "--input", f"image={photo}", "--out", out)
    assert out.read_text() == "seed,text\n0,a dark digit é 0\n"


def test_cells_of_a_row_are_printed():
    from serving.call.response import Response
    from serving.description import Signature
    from serving.fields import Field

    columns = {"age": Field((), "int64", "column"), "job": Field((), "string", "column")}
    rows = {"age": np.array([31, 44]), "job": np.array(["nurse", "café"], object)}
    said = Response(Signature("generate", {}, columns), {}, rows, []).text
    assert said == "generate answered:\n  age  31 44\n  job  nurse café"


def test_fractions_in_a_table_have_as_few_digits_as_tell_them_apart():
    from serving.call.outputs import files
    from serving.description import Signature
    from serving.fields import Field

    signature = Signature("score", {"strength": Field()}, {"realism": Field()})
    inputs, outputs = {"strength": [0.7, 1]}, {"realism": np.float32([0.1, 1 / 3])}
    (table,) = files("scores.csv", signature, inputs, outputs).values()
    assert table == b"strength,realism\n0.7,0.1\n1.0,0.33333334\n"


def test_pictures_of_two_outputs_are_files_named_by_both():
    from serving.call.outputs import check_out, files
    from serving.description import Signature
    from serving.fields import Field

    picture = Field((8, 8, 1), "uint8", "image")
    signature = Signature(
        "generate", {"seed": Field((), "int64", "seed")}, dict(a=picture, b=picture)
    )
    outputs = {name: np.zeros([2, 8, 8, 1], np.uint8) for name in "ab"}
    written = files("pairs", signature, {"seed": [3, 4]}, outputs)
    assert [p.name for p in written] == [
        f"{name}-seed-{seed}.png" for name in "ab" for seed in (3, 4)
    ]
    with pytest.raises(UsageError, match="is one picture and 2 come"):
        check_out("pair.png", signature, 1)


def test_several_conditions(shop, photo):
    document = printed(
        shop("--seed", 5, "--seed", 6, "--label", 7, "--text", "ab", "--text", "abc",
             "--input", f"image={photo}", "--json")
    )  # fmt: skip
    assert document["outputs"]["sample"] == [[5, 7, 2, 50], [6, 7, 3, 50]]


def test_all_labels_are_one_sample_of_each(call):
    document = printed(call("--label", "all", "--signature", "generate_conditional", "--json"))
    assert document["inputs"]["label"] == list(range(10))
    assert document["inputs"]["seed"] == list(range(10))


def test_codes_are_put_into_the_latents_of_seeds(start_server, tmp_path):
    from tests.serving.bulk.conftest import Coded

    Coded(images=False).save(tmp_path / "coded" / "1")
    server = start_server(tmp_path / "coded")
    host = f"http://127.0.0.1:{server.rest_api_port}"
    ask = ["call", host, "--seed", "1", "--code", "0=0.5", "--code", "kind=1", "--json"]
    result = CliRunner().invoke(main, ask)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    noise = document["inputs"]["latent"][0][0]
    assert document["inputs"]["latent"] == [[noise, 0, 1, 0.5]]
    np.testing.assert_allclose(document["outputs"]["sample"], [[noise + 1, 0.5]], rtol=1e-6)
    with Client(host) as client:
        coded = client.generate([1], codes={"tilt": 0.5, "kind": 1})["sample"]
        np.testing.assert_array_equal(coded, np.float32(document["outputs"]["sample"]))
        np.testing.assert_array_equal(
            client.generate([1], codes={0: 0.5, "kind": 1})["sample"], coded
        )
        with pytest.raises(UsageError, match="expected a number, or one for each of the 2 rows"):
            client.generate([1, 2], codes={"tilt": [0, 1, 2]})
    result = CliRunner().invoke(main, [*ask[:4], "--code", "kind=2"])
    assert result.exit_code == 2 and "'kind' takes the whole numbers 0 to 1" in result.stderr


def test_a_text_is_a_name_before_it_is_a_number(caplog):
    from serving.fields import Field

    field = Field((), "int64", "label", names=("1", "2", "10"))
    assert [field.read("label", text) for text in ("1", "10", "0")] == [0, 2, 0]
    assert field.read_number("label", "1") == 1
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "label: '1' is taken for a name, that of class 0; label_index means the number."
    ]


def test_endings_in_capitals_and_folders_called_like_files(call, tmp_path):
    assert printed(call("--out", tmp_path / "a.PNG", "--json"))["files"] == [f"{tmp_path}/a.PNG"]
    assert Image.open(tmp_path / "a.PNG").size == (8, 8)
    call("--seed", 7, "--label", 1, "--out", f"{tmp_path}/b.jpg/")
    call("--seed", 8, "--label", 1, "--out", f"{tmp_path}/b.jpg")  # it is there
    assert len(list((tmp_path / "b.jpg").iterdir())) == 2
