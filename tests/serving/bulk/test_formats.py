"""Every format, read back by a reader that knows nothing of this project."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from serving import UsageError
from serving.batch import verify
from serving.bulk import formats
from serving.bulk.formats import png
from serving.bulk.formats.examples import serialized
from serving.bulk.job import Job
from serving.description import Description
from tests.serving.bulk.conftest import ARRAY_FORMATS, run, tree
from trainer.config.experiment import Data
from trainer.data import loading


@pytest.fixture(scope="module")
def wanted(digits):
    """The images and labels of seeds 100 to 109, by the model itself."""
    generate = tf.saved_model.load(str(digits / "1")).signatures["generate"]
    outputs = generate(seed=tf.range(100, 110, dtype=tf.int64))
    return outputs["image"].numpy(), outputs["label"].numpy()


def test_png(digits, wanted, tmp_path):
    run(digits, tmp_path, seed=100, format="png")
    images, labels = wanted
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        picture = Image.open(tmp_path / str(label) / f"{i:08d}.png")
        np.testing.assert_array_equal(np.asarray(picture), image[..., 0])


@pytest.mark.parametrize("compression", ["none", "deflate"])
def test_npz(digits, points, wanted, tmp_path, compression):
    run(digits, tmp_path / "a", seed=100, rows_per_shard=10, compression=compression)
    with np.load(tmp_path / "a" / "samples-00000-of-00001.npz") as arrays:
        assert sorted(arrays) == ["image", "label", "label_names", "seed"]
        assert arrays["label_names"].tolist() == [str(digit) for digit in range(10)]
        np.testing.assert_array_equal(arrays["image"], wanted[0])
        np.testing.assert_array_equal(arrays["label"], wanted[1])
        np.testing.assert_array_equal(arrays["seed"], range(100, 110))
    run(points, tmp_path / "b", rows_per_shard=10, compression=compression)
    with np.load(tmp_path / "b" / "samples-00000-of-00001.npz") as arrays:
        assert (arrays["sample"].dtype, arrays["sample"].shape) == (np.float32, (10, 2))
        assert "label_names" not in arrays


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_tfrecord(digits, wanted, tmp_path, compression):
    manifest = run(digits, tmp_path, seed=100, format="tfrecord",
                   compression=compression.lower() or None)  # fmt: skip
    spec = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "shape": tf.io.FixedLenFeature([3], tf.int64),
        "dtype": tf.io.FixedLenFeature([], tf.string),
        "seed": tf.io.FixedLenFeature([], tf.int64),
        "label": tf.io.FixedLenFeature([], tf.int64),
    }
    paths = [str(tmp_path / shard["files"][0]) for shard in manifest["shards"]]
    records = tf.data.TFRecordDataset(paths, compression)
    rows = [tf.io.parse_single_example(record, spec) for record in records]
    images = [tf.reshape(tf.io.decode_raw(r["image"], tf.uint8), r["shape"]) for r in rows]
    np.testing.assert_array_equal(images, wanted[0])
    assert [int(row["seed"]) for row in rows] == list(range(100, 110))
    assert rows[0]["dtype"] == b"uint8"
    assert (tmp_path / "features.json").exists() == (not compression)


@pytest.mark.parametrize("format", ["tfrecord", "array_record"])
def test_a_tensorflow_data_set(digits, points, wanted, tmp_path, format):
    tfds = pytest.importorskip("tensorflow_datasets")
    if format == "array_record":
        pytest.importorskip("array_record")
    run(digits, tmp_path / "a", seed=100, format=format)
    builder = tfds.builder_from_directory(str(tmp_path / "a"))
    assert builder.info.splits["train"].num_examples == 10
    assert builder.info.features["label"].names == [str(digit) for digit in range(10)]
    if format == "tfrecord":
        rows = list(builder.as_dataset(split="train").as_numpy_iterator())
    else:
        rows = list(builder.as_data_source(split="train"))
    rows.sort(key=lambda row: row["seed"])
    np.testing.assert_array_equal([row["image"] for row in rows], wanted[0])
    np.testing.assert_array_equal([row["label"] for row in rows], wanted[1])
    run(points, tmp_path / "b", format=format)
    features = tfds.builder_from_directory(str(tmp_path / "b")).info.features
    assert (features["sample"].shape, features["sample"].dtype) == ((2,), np.float32)


def test_array_record(digits, wanted, tmp_path):
    module = pytest.importorskip("array_record.python.array_record_module")
    run(digits, tmp_path, seed=100, format="array_record", rows_per_shard=10)
    reader = module.ArrayRecordReader(str(tmp_path / "samples-00000-of-00001.array_record"))
    assert reader.num_records() == 10
    example = tf.train.Example.FromString(reader.read([3])[0])
    image = np.frombuffer(example.features.feature["image"].bytes_list.value[0], np.uint8)
    np.testing.assert_array_equal(image, wanted[0][3].ravel())


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_webdataset(digits, points, wanted, tmp_path, compression):
    run(digits, tmp_path / "a", seed=100, format="webdataset", rows_per_shard=10,
        compression=compression)  # fmt: skip
    (name,) = (n for n in tree(tmp_path / "a") if n != "manifest.json")
    with tarfile.open(tmp_path / "a" / name) as archive:
        members = archive.getmembers()
        assert [m.name for m in members[:3]] == ["00000000.png", "00000000.cls", "00000000.json"]
        assert {(m.mtime, m.uid, m.gid, m.uname) for m in members} == {(0, 0, 0, "")}
        content = {m.name: archive.extractfile(m).read() for m in members}
    for i, image in enumerate(wanted[0]):
        picture = Image.open(io.BytesIO(content[f"{i:08d}.png"]))
        np.testing.assert_array_equal(np.asarray(picture), image[..., 0])
        assert int(content[f"{i:08d}.cls"]) == wanted[1][i]
        assert json.loads(content[f"{i:08d}.json"]) == {"seed": 100 + i}
    run(points, tmp_path / "b", format="webdataset", rows_per_shard=10)
    with tarfile.open(tmp_path / "b" / "samples-00000-of-00001.tar") as archive:
        point = np.load(io.BytesIO(archive.extractfile("00000007.npy").read()))
    assert (point.dtype, point.shape) == (np.float32, (2,))


@pytest.mark.parametrize("compression", ["zstd", "snappy", "none"])
def test_parquet(digits, points, wanted, tmp_path, compression):
    parquet = pytest.importorskip("pyarrow.parquet")
    run(digits, tmp_path / "a", seed=100, format="parquet", rows_per_shard=10,
        compression=compression)  # fmt: skip
    table = parquet.read_table(tmp_path / "a" / "samples-00000-of-00001.parquet")
    assert table["seed"].to_pylist() == list(range(100, 110))
    assert table["label"].to_pylist() == wanted[1].tolist()
    for cell, image in zip(table["image"].to_pylist(), wanted[0], strict=True):
        picture = Image.open(io.BytesIO(cell["bytes"]))
        np.testing.assert_array_equal(np.asarray(picture), image[..., 0])
    run(points, tmp_path / "b", format="parquet", rows_per_shard=10)
    table = parquet.read_table(tmp_path / "b" / "samples-00000-of-00001.parquet")
    assert [len(point) for point in table["sample"].to_pylist()] == [2] * 10


@pytest.mark.parametrize("format", ARRAY_FORMATS)
def test_repetition_gives_the_same_bytes(digits, tmp_path, format):
    for name in ("a", "b"):
        run(digits, tmp_path / name, format=format)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_words_in_every_format(captioned, tmp_path):
    lines = tmp_path / "captions.txt"
    lines.write_text("a red bird\n\nein grüner Fisch\n")
    for name in ARRAY_FORMATS[1:]:
        try:
            format = formats.get(name)
        except UsageError:
            continue
        out = tmp_path / name
        manifest = run(captioned, out, captions=str(lines), format=name)
        (shard,) = manifest["shards"]
        assert shard["columns"]["text"] == {"text": ["a red bird", "ein grüner Fisch"]}
        content = formats.Content(
            "sample", (2,), "float32", (), {"seed": "int64", "text": "string"}, 8
        )
        arrays = format.read([str(out / shard["files"][0])], content)
        assert list(arrays["text"]) == [b"a red bird", "ein grüner Fisch".encode()], name
        np.testing.assert_array_equal(arrays["sample"], [[0, 10], [1, 16 + 1]], name)


def test_the_columns_of_a_table(people, tmp_path):
    manifest = run(people, tmp_path, count=5, format=None)
    assert [shard["files"] for shard in manifest["shards"]] == [
        ["samples-00000-of-00002.csv"], ["samples-00001-of-00002.csv"],
    ]  # fmt: skip
    text = (tmp_path / "samples-00000-of-00002.csv").read_text()
    assert text == "seed,pet,age\n0,0,0.0\n1,1,0.1\n2,0,0.2\n3,1,0.3\n"


def test_sequences_of_letters(tmp_path):
    """Written as FASTA has them, and read back."""
    content = formats.Content(
        "text", (), "string", ("E I", "N"), {"seed": "int64", "label": "int64"}, 8
    )
    format = formats.get("fasta")
    texts = np.array([b"ACGT" * 20, b"", b"MKV*"], object)
    columns = {"seed": np.array([5, 6, 7]), "label": np.array([0, 1, 0])}
    writer = format.open(formats.Shard("00000-of-00001", 3, str(tmp_path), "none", content))
    writer.add(formats.Samples(9, texts, columns))
    (file,) = writer.close().files
    assert file.name == "samples-00000-of-00001.fasta"
    assert Path(file.local).read_text() == (
        ">00000009 seed=5 label=E%20I\n" + "ACGT" * 15 + "\n" + "ACGT" * 5 + "\n"
        ">00000010 seed=6 label=N\n>00000011 seed=7 label=E%20I\nMKV*\n"
    )
    arrays = format.read([file.local], content)
    assert list(arrays["text"]) == list(texts)
    assert (arrays["seed"].tolist(), arrays["label"].tolist()) == ([5, 6, 7], [0, 1, 0])


def test_other_texts_are_no_fasta(captioned, people, tmp_path):
    with pytest.raises(UsageError, match="'fasta' holds one number or text a sample"):
        run(captioned, tmp_path / "out", count=2, format="fasta", text="a")
    with pytest.raises(UsageError, match=r"'fasta' holds sequences of letters, .* is '0\.0'"):
        run(people, tmp_path / "out", count=2, format="fasta")


def test_other_samples_are_no_molecules(digits, tmp_path):
    with pytest.raises(UsageError, match=r"'smi' holds molecules, .* are none; use 'png'"):
        run(digits, tmp_path / "out", count=2, format="smi")


def test_what_a_format_cannot_hold(points, digits, tmp_path):
    with pytest.raises(UsageError, match=r"no PNG images .float32 \[2\].; use 'npz'"):
        run(points, tmp_path / "out", format="png")
    with pytest.raises(UsageError, match="compression: png has none; received 'gzip'"):
        run(digits, tmp_path / "out", format="png", compression="gzip")
    with pytest.raises(UsageError, match="format: received 'gif'; expected one of png, npz"):
        run(digits, tmp_path / "out", format="gif")
    assert not (tmp_path / "out").exists()


def test_a_package_that_is_not_there(digits, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "array_record", None)
    with pytest.raises(UsageError, match=r"needs the package 'array_record'.*saddlepoint\[batch\]"):
        run(digits, tmp_path / "out", format="array_record")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("dtype", "channels"), [("uint8", 1), ("uint8", 2), ("uint8", 3), ("uint8", 4), ("uint16", 1)]
)
def test_png_files_are_what_pillow_reads(dtype, channels):
    limit = np.iinfo(dtype).max + 1
    images = np.random.default_rng(0).integers(0, limit, (3, 5, 7, channels), dtype)
    read = [np.asarray(Image.open(io.BytesIO(file))) for file in png.encoded(images)]
    np.testing.assert_array_equal(np.stack(read).reshape(images.shape), images)
    assert list(png.encoded(images[:0])) == []


def test_records_are_what_an_example_is_by_itself():
    columns = {
        "seed": np.array([0, -5, 2**62]),
        "realism": np.array([0.5, 0, -1], np.float32),
        "text": np.array([b"a", b"", "é".encode()], object),
    }
    content = formats.Content(
        "sample", (2,), "float32", (), {"seed": "int64", "realism": "float32", "text": "string"}, 8
    )
    samples = formats.Samples(0, np.arange(6, dtype=np.float32).reshape(3, 2), columns)
    for position, record in enumerate(serialized(samples, content)):
        wanted = tf.train.Example()
        feature = wanted.features.feature
        feature["sample"].bytes_list.value.append(samples.values[position].tobytes())
        feature["shape"].int64_list.value.append(2)
        feature["dtype"].bytes_list.value.append(b"float32")
        feature["seed"].int64_list.value.append(columns["seed"][position])
        feature["realism"].float_list.value.append(columns["realism"][position])
        feature["text"].bytes_list.value.append(columns["text"][position])
        assert record == wanted.SerializeToString(deterministic=True)
    assert position == 2


NAMES = ["dog", "Maine Coon", "β-cat", "10", "2", "a+b", "x.y", "é", "-", "Z" * 200]


def test_class_folders_bear_names_and_read_back(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(Description, "label_names", NAMES)
    manifest = run(digits, tmp_path, format="png", count=20)
    assert {path.name for path in tmp_path.iterdir()} == {*NAMES, "manifest.json"}
    assert verify(str(tmp_path), str(digits), share=1.0, progress=False).ok
    job = Job.of(manifest)
    paths = [str(tmp_path / name) for shard in manifest["shards"] for name in shard["files"]]
    assert png.FORMAT.read(paths, job.content)["label"].tolist() == [*range(10)] * 2
    assert loading.load(Data(source=f"folder:{tmp_path}")).spec.label_names == tuple(sorted(NAMES))


@pytest.mark.parametrize("name", [
    "", ".", "..", ".hidden", "a/b", "a\\b", "a:b", "what?", "a ", "a.", "con", "Aux.x", "LPT1",
    "two\nlines", "\0", "x" * 201, "ü" * 101, "\udc80", "manifest.json", "CAT", "cafe\u0301",
])  # fmt: skip
def test_class_folders_are_numbers_where_a_name_cannot_be_one(name):
    assert png.class_folders(["cat", name, "café"]) == ["0", "1", "2"]
    assert png.class_folders(["cat", "dog", "café"]) == ["cat", "dog", "café"]
