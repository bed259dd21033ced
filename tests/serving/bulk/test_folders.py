"""A folder of files through a signature that takes one, and tables that name files."""

import csv
import io

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageSequence

from serving import UsageError
from serving.batch import ExecutionOptions, generate, verify
from serving.bulk import formats
from serving.bulk.job import Job
from serving.bulk.sampler import ShardSampler
from serving.bulk.shard import ShardWriter
from serving.fields import Field
from serving.pictures import read_picture
from tests.serving.bulk.conftest import ARRAY_FORMATS, data, tree
from trainer.cli import main

HERE = ExecutionOptions(workers=0, progress=False)


@pytest.fixture
def photos(tmp_path):
    """Three pictures in two folders, and a file that is none."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for place, name in enumerate(["b.png", "a.png", "more/c.png"]):
        pixels = np.full([8, 8], 100 * place, np.uint8)
        pixels[0] = np.arange(8)
        Image.fromarray(pixels).save(folder / name)
    (folder / "notes.txt").write_text("none")
    return folder


def run(base, out, **options):
    options = {"rows_per_shard": 2, "execution": HERE} | options
    return generate(str(base), str(out), **options)


def pixels(path):
    return np.asarray(Image.open(path))


def test_pictures_become_pictures_of_the_same_names(workshop, photos, tmp_path):
    manifest = run(
        workshop, tmp_path / "out", files=str(photos), signature="translate_to_b", seed=5
    )
    assert manifest["format"] == "png" and manifest["count"] == 3
    for seed, name in [(5, "a.png"), (6, "b.png"), (7, "more/c.png")]:
        made = pixels(tmp_path / "out" / name)
        np.testing.assert_array_equal(made[::2], pixels(photos / name) + seed)
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")}
    assert names == {"a.png", "b.png", "more/c.png"}
    assert verify(str(tmp_path / "out"), str(workshop), share=1, progress=False).ok


@pytest.mark.parametrize("format", ARRAY_FORMATS[1:])
def test_every_output_is_kept(workshop, photos, tmp_path, format):
    try:
        reading = formats.get(format)
    except UsageError:
        pytest.skip(f"{format} is not installed")
    out = tmp_path / "out"
    options = {"files": str(photos), "signature": "project", "seed": 5, "format": format}
    manifest = run(workshop, out, **options)
    job = Job.of(manifest)
    assert job.sample["output"] == "image" and job.shapes == {"latent": [4]}
    pictures = np.stack([pixels(photos / n)[..., None] for n in ("a.png", "b.png", "more/c.png")])
    means = pictures.reshape(3, 4, 16).mean(2)
    start = 0
    for shard in manifest["shards"]:
        paths = [str(out / name) for name in shard["files"]]
        arrays, rows = reading.read(paths, job.content), slice(start, start + shard["count"])
        np.testing.assert_array_equal(arrays["image"], pictures[rows])
        np.testing.assert_allclose(arrays["latent"], means[rows], rtol=1e-6)
        assert arrays["latent"].dtype == np.float32
        np.testing.assert_array_equal(arrays["loss"], np.arange(5.0, 8.0)[rows])
        start += shard["count"]
    assert verify(str(out), str(workshop), share=1, progress=False).ok


def test_an_array_that_was_altered_is_found(workshop, photos, tmp_path, monkeypatch):
    out = str(tmp_path / "out")
    run(workshop, out, files=str(photos), signature="project", format="npz")
    original = ShardSampler.make

    def moved(self, inputs):
        values, columns = original(self, inputs)
        return values, columns | {"latent": columns["latent"] + 1.0}

    monkeypatch.setattr(ShardSampler, "make", moved)
    problem, _ = sorted(verify(out, str(workshop), share=1, progress=False).problems)
    assert "made again, its latent from 0 on differ by 1" in problem


@pytest.mark.parametrize(("format", "others"), [("png", {"loss"}), (None, {"loss"})])
def test_a_format_that_keeps_no_arrays_says_so(workshop, photos, tmp_path, caplog, format, others):
    out = tmp_path / "out"
    manifest = run(workshop, out, files=str(photos), signature="project", format=format)
    assert manifest["format"] == "png" and manifest["shapes"] == {}
    assert set(manifest["columns"]) == {"image_file", "seed", *others}
    assert "format: 'png' keeps no latent; npz, tfrecord and others do." in caplog.text
    assert verify(str(out), str(workshop), share=1, progress=False).ok


def test_an_interrupted_run_goes_on_and_another_file_is_another_run(
    workshop, photos, tmp_path, monkeypatch
):
    options = {"files": str(photos), "signature": "translate_to_b"}
    run(workshop, tmp_path / "whole", **options)
    write = ShardWriter.write_shard

    def interrupted(self, row):
        if row.shard == 1:
            raise KeyboardInterrupt
        return write(self, row)

    with monkeypatch.context() as patch:
        patch.setattr(ShardWriter, "write_shard", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(workshop, tmp_path / "out", **options)
    run(workshop, tmp_path / "out", **options)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    Image.fromarray(np.zeros([8, 8], np.uint8)).save(photos / "a.png")
    with pytest.raises(UsageError, match="holds another run"):
        run(workshop, tmp_path / "out", **options)


@pytest.mark.integration
def test_workers_read_the_pixels(workshop, photos, tmp_path):
    options = {"files": str(photos), "signature": "reconstruct", "format": "npz"}
    run(workshop, tmp_path / "here", **options)
    run(
        workshop,
        tmp_path / "there",
        **options,
        execution=ExecutionOptions(workers=1, progress=False),
    )
    assert data(tmp_path / "here") == data(tmp_path / "there")


def rows(folder):
    texts = [path.read_text() for path in sorted(folder.glob("*.csv"))]
    return [row for text in texts for row in csv.DictReader(io.StringIO(text))]


def test_texts_and_numbers_become_a_table(workshop, photos, tmp_path):
    run(workshop, tmp_path / "words", files=str(photos), signature="caption")
    first, *_ = rows(tmp_path / "words")
    assert first == {"image_file": "a.png", "seed": "0", "text": "a dark digit é 0"}
    run(workshop, tmp_path / "odd", files=str(photos), signature="anomaly_score")
    assert [row["image_file"] for row in rows(tmp_path / "odd")] == ["a.png", "b.png", "more/c.png"]
    mean = pixels(photos / "a.png").mean()
    assert float(rows(tmp_path / "odd")[0]["anomaly"]) == pytest.approx(mean)
    run(workshop, tmp_path / "classes", files=str(photos), signature="classify")
    archive = np.load(tmp_path / "classes" / "samples-00000-of-00002.npz")
    assert archive["logits"].shape == (2, 10) and archive["label"].tolist() == [3, 0]
    assert verify(str(tmp_path / "words"), str(workshop), share=1, progress=False).ok


def test_sizes_that_the_model_leaves_open(workshop, tmp_path):
    folder = tmp_path / "wide"
    folder.mkdir()
    Image.fromarray(np.arange(60, dtype=np.uint8).reshape(5, 12)).save(folder / "a.png")
    run(workshop, tmp_path / "out", files=str(folder), signature="translate_to_a")
    np.testing.assert_array_equal(
        pixels(tmp_path / "out" / "a.png"), 255 - pixels(folder / "a.png")
    )
    Image.new("L", (3, 3)).save(folder / "b.png")
    options = {"files": str(folder), "signature": "translate_to_a"}
    run(workshop, tmp_path / "both", **options)
    assert pixels(tmp_path / "both" / "b.png").tolist() == [[255] * 3] * 3
    assert (tmp_path / "both" / "a.png").read_bytes() == (tmp_path / "out" / "a.png").read_bytes()
    assert verify(str(tmp_path / "both"), str(workshop), share=1, progress=False).ok
    with pytest.raises(UsageError, match=r"b.png' has the size .3, 3, 1. .* set --batch-size 1"):
        run(workshop, tmp_path / "together", **options, batch_size=2)
    with pytest.raises(UsageError, match="format: 'npz' holds samples of one size, and the files"):
        run(workshop, tmp_path / "array", **options, format="npz")


def test_large_pictures_go_through_in_tiles(workshop, tmp_path):
    folder = tmp_path / "large"
    folder.mkdir()
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (50, 31), np.uint8)).save(
        folder / "a.png"
    )
    options = {"files": str(folder), "signature": "translate_to_a", "tile": 16}
    manifest = run(workshop, tmp_path / "out", **options)
    assert manifest["tiling"] == {"tile": 16, "overlap": 4, "margin": 1}
    np.testing.assert_array_equal(
        pixels(tmp_path / "out" / "a.png"), 255 - pixels(folder / "a.png")
    )
    assert verify(str(tmp_path / "out"), str(workshop), share=1, progress=False).ok
    with pytest.raises(UsageError, match="tile: 'image' of this model is 8x8 pixels; leave it out"):
        run(workshop, tmp_path / "fixed", files=str(folder), signature="translate_to_b", tile=16)
    for names in ({"tile": 16}, {"overlap": 2}):
        with pytest.raises(UsageError, match="goes together with files; leave it out"):
            run(workshop, tmp_path / "seeds", count=2, **names)
    with pytest.raises(UsageError, match="overlap: it goes together with tile; pass both"):
        run(workshop, tmp_path / "more", **{**options, "tile": None, "overlap": 2})


def test_clips_become_files_that_play(workshop, tmp_path):
    clips = np.random.default_rng(0).integers(0, 256, (2, 2, 8, 8)).astype(np.uint8)
    for name, clip in zip(("a", "b"), clips, strict=True):
        (tmp_path / "clips" / name).mkdir(parents=True)
        for number, frame in enumerate(clip):
            Image.fromarray(frame).save(tmp_path / "clips" / name / f"{number}.png")
    Image.new("L", (8, 8), 255).save(tmp_path / "known.png")
    out, mask = tmp_path / "out", {"mask": str(tmp_path / "known.png")}
    options = {"files": str(tmp_path / "clips"), "signature": "complete_clip", "inputs": mask}
    manifest = run(workshop, out, **options)
    assert manifest["format"] == "png" and {"a.png", "b.png"} <= set(tree(out))
    for name, clip in zip(("a", "b"), clips, strict=True):
        with Image.open(out / f"{name}.png") as opened:
            played = [np.asarray(frame) for frame in ImageSequence.Iterator(opened)]
        np.testing.assert_array_equal(played, clip)
    assert verify(str(out), str(workshop), share=1, progress=False).ok


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_masks_beside_the_pictures(workshop, photos, tmp_path, kind):
    place = tmp_path / "masks"
    (place / "more").mkdir(parents=True)
    known = np.zeros([8, 8], np.uint8)
    known[:4] = 255
    for name in ("a", "b", "more/c"):
        Image.fromarray(known).save(place / f"{name}.png")
    mask = str(place if kind == "folder" else place / "a.png")
    options = {"files": str(photos), "signature": "complete", "seed": 9}
    run(workshop, tmp_path / "out", **options, inputs={"mask": mask})
    made, given = pixels(tmp_path / "out" / "b.png"), pixels(photos / "b.png")
    np.testing.assert_array_equal(made[:4], given[:4])
    np.testing.assert_array_equal(made[4:], 10)


def test_a_table_of_files_and_several_conditions(workshop, photos, tmp_path):
    table = photos / "rows.csv"
    table.write_text("seed,label,text,image\n3,7,ab,a.png\n4,0,abc,more/c.png\n")
    run(workshop, tmp_path / "out", rows=str(table))
    archive = np.load(tmp_path / "out" / "samples-00000-of-00001.npz")
    np.testing.assert_array_equal(archive["sample"], [[3, 7, 2, 0], [4, 0, 3, 0]])
    assert archive["image_file"].tolist() == ["a.png", "more/c.png"]
    table.write_text("seed,label_index,truncation\n3,7,0.5\n")
    run(workshop, tmp_path / "more", rows=str(table), signature="generate_conditional_truncated")
    archive = np.load(tmp_path / "more" / "samples-00000-of-00001.npz")
    np.testing.assert_array_equal(archive["sample"], [[3, 7, 0.5]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed,label,text\n1,2,a\n", "has no column 'image'; expected seed, label, text, image"),
        ("seed,label,text,image\n1,2,a,no.png\n", "files: '.*no.png' cannot be read"),
        ("seed,label,text,image\n1,x,a,a.png\n", "row 0 of .*: label: 'x' is no name of a label"),
        ("seed,label_index,text,image\n1,x,a,a.png\n", "label: received 'x'; expected the number"),
    ],
)
def test_tables_that_are_none(workshop, photos, tmp_path, text, words):
    (photos / "rows.csv").write_text(text)
    with pytest.raises(UsageError, match=words):
        run(workshop, tmp_path / "out", rows=str(photos / "rows.csv"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "the model has no 'translate'; of its own anomaly_score, caption, .* take files"),
        ({"signature": "no"}, "signature: the model has no 'no'"),
        ({"signature": "generate_conditional_truncated"}, "takes seed, label, truncation and no f"),
        ({"signature": "complete"}, "mask: the plan gives none, and 'complete' needs it"),
        ({"signature": "complete", "inputs": {"mask": "/no"}}, "mask: '/no' is no file and no fo"),
        ({"signature": "classify", "inputs": {"label": "1"}}, "takes no 'label' beside its files;"),
        ({"signature": "classify", "format": "csv"}, "one number or text a sample, and these have"),
        ({"signature": "caption", "format": "npz"}, "format: 'npz' holds no texts; use 'csv'"),
        ({"signature": "classify", "files": "/nowhere"}, "files: '/nowhere' is no folder"),
        ({"signature": "classify", "label": 1}, "label: files says which; leave it out"),
        ({"signature": "classify", "count": 1}, "count: files says how many; leave it out"),
    ],
)
def test_what_cannot_be(workshop, photos, tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        run(workshop, tmp_path / "out", **({"files": str(photos)} | options))
    assert not (tmp_path / "out").exists()


def test_folders_that_cannot_be(workshop, photos, tmp_path):
    def refused(words, signature="classify", **inputs):
        with pytest.raises(UsageError, match=words):
            run(workshop, tmp_path / "out", files=str(photos), signature=signature, inputs=inputs)

    masks = tmp_path / "masks"
    masks.mkdir()
    Image.new("L", (8, 8)).save(masks / "a.png")
    refused("holds no file for 'b.png', nor for 1 more", "complete", mask=str(masks))
    (photos / "a.jpg").write_bytes((photos / "a.png").read_bytes())
    refused("'a.jpg' and 'a.png' would both become 'a.png'; rename one")
    (photos / "a.jpg").write_bytes(b"broken")
    (photos / "a.png").unlink()
    refused("image: '.*a.jpg': the file cannot be read")
    for path in photos.rglob("*.*g"):
        path.unlink()
    refused("holds no pictures")


def test_the_command_line(workshop, photos, tmp_path):
    arguments = ["translate", str(workshop), str(photos), "--out", str(tmp_path / "out")]
    arguments += ["--workers", "0"]
    result = CliRunner().invoke(main, [*arguments, "--signature", "translate_to_b", "--seed", "2"])
    assert result.exit_code == 0, result.stderr
    assert "Wrote 3 samples" in result.stdout and (tmp_path / "out" / "more" / "c.png").exists()
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and "no 'translate'" in result.stderr
    result = CliRunner().invoke(main, [*arguments, "--input", "mask"])
    assert result.exit_code == 2 and "'mask' is no NAME=VALUE" in result.stderr


def png(array, mode=None):
    content = io.BytesIO()
    Image.fromarray(array, mode).save(content, "PNG")
    return content.getvalue()


BYTES = Field((1, 2, 1), "uint8", "image", (0, 255))


@pytest.mark.parametrize(
    ("array", "field", "wanted"),
    [
        (np.array([[0, 255]], np.uint8), BYTES, [0, 255]),
        (np.array([[[9] * 3, [8] * 3]], np.uint8), BYTES, [9, 8]),
        (np.array([[[0] * 4, [0, 0, 0, 255]]], np.uint8), BYTES, [255, 0]),
        (np.array([[0, 65535]], np.uint16), BYTES, [0, 255]),
        (np.array([[0, 255]], np.uint8), Field((1, 2, 1), "float32", "image", (-1, 1)), [-1, 1]),
        (np.array([[0, 255]], np.uint8), Field((1, 2, 1), "uint16", "image"), [0, 65535]),
        (np.array([[127, 128]], np.uint8), Field((1, 2, 1), "uint8", "mask"), [0, 1]),
        (np.array([[7, 8]], np.uint8), Field((1, 2, 3), "uint8", "image"), [7, 7, 7, 8, 8, 8]),
        (np.array([[7, 8]], np.uint8), Field((1, 2, 4), "uint8", "strokes"),
         [7, 7, 7, 255, 8, 8, 8, 255]),
    ],
)  # fmt: skip
def test_a_picture_gets_channels_and_units_of_its_field(array, field, wanted):
    read = read_picture("file", png(array), field)
    assert (read.shape, read.dtype) == (field.shape, np.dtype(field.dtype))
    np.testing.assert_array_equal(read.ravel(), wanted)


def test_a_label_map_is_read_by_its_colours():
    about = {"palette": ["#80c0ff", "#604020"]}
    field = Field((1, 2, 1), "uint8", "label_map", names=("sky", "ground"), about=about)
    colours = np.array([[[0x60, 0x40, 0x20], [0x80, 0xC0, 0xFF]]], np.uint8)
    np.testing.assert_array_equal(read_picture("file", png(colours), field), [[[1], [0]]])
    with pytest.raises(UsageError, match=r"#000001 \(1 pixels\) stand for no class.*80c0ff sky"):
        read_picture("file", png(np.array([[[0, 0, 1], [0x80, 0xC0, 0xFF]]], np.uint8)), field)


def test_a_picture_of_another_size():
    with pytest.raises(UsageError, match=r"file: received shape .1, 3, 1, 1.; expected .n, 1, 2"):
        read_picture("file", png(np.zeros([3, 1], np.uint8)), BYTES)
