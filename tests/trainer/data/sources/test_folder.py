import logging
import os
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.decoding import read_image
from trainer.data.sources import folder
from trainer.errors import ConfigError


def load(path, **fields):
    return loading.load(Data(source=f"folder:{path}", **{"holdout_share": 0.0, **fields}))


@pytest.mark.parametrize("ending", ["png", "bmp", "PNG", "tif", "tiff", "TIFF"])
def test_lossless_files_are_kept_exactly_in_the_order_of_names(tmp_path, save, noise, ending):
    images = noise(3, 6, 9, 3)
    for name, image in zip("bca", images, strict=True):
        save(tmp_path / f"{name}.{ending}", image)
    dataset = load(tmp_path)
    np.testing.assert_array_equal(dataset.train["sample"], images[[2, 0, 1]])
    assert dataset.train.labels is None


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "jfif", "webp", "gif"])
def test_lossy_files_are_read(tmp_path, save, ending):
    image = np.full((8, 8, 3), 128, np.uint8)
    for name in "ab":
        save(tmp_path / f"{name}.{ending}", image)
    samples = load(tmp_path).train["sample"]
    assert samples.shape == (2, 8, 8, 3)
    assert np.abs(samples.astype(int) - 128).max() <= 2


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((6, 9), np.uint8), ((6, 9, 2), np.uint8), ((6, 9, 4), np.uint8), ((6, 9), np.uint16)],
)
def test_depth_and_channels_are_kept(tmp_path, save, noise, shape, dtype):
    images = noise(2, *shape, dtype=dtype)
    for name, image in zip("ab", images, strict=True):
        save(tmp_path / f"{name}.png", image)
    samples = load(tmp_path).train["sample"]
    assert samples.dtype == dtype
    np.testing.assert_array_equal(samples, images.reshape(2, 6, 9, -1))


def test_sixteen_bits_give_their_range(tmp_path, save, noise):
    for name in "ab":
        save(tmp_path / f"{name}.png", noise(4, 4, dtype=np.uint16))
    assert load(tmp_path).spec.sample.range == (0.0, 65535.0)


@pytest.mark.parametrize(
    ("mode", "shape"),
    [
        ("1", (5, 4, 1)),
        ("P", (5, 4, 3)),
        ("CMYK", (5, 4, 3)),
        ("I;16", (5, 4, 1)),
        ("LA", (5, 4, 2)),
    ],
)
def test_pillow_modes(tmp_path, mode, shape):
    ending = "jpg" if mode == "CMYK" else "png"
    image = Image.new("L", (4, 5), 255)
    image = Image.new(mode, (4, 5), 255) if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / f"a.{ending}")
    assert read_image(tmp_path / f"a.{ending}").shape == shape


def test_palette_with_transparency_has_an_opacity(tmp_path):
    image = Image.new("P", (4, 5), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    image.save(tmp_path / "a.png", transparency=0)
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png"), np.full((5, 4, 4), [200, 100, 50, 255])
    )


def test_exif_orientation_is_honoured(tmp_path, save):
    image = np.zeros((8, 16, 3), np.uint8)
    image[:, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: left becomes top
    for name in "ab":
        save(tmp_path / f"{name}.jpg", image, exif=exif, quality=95)
    samples = load(tmp_path).train["sample"]
    assert samples.shape == (2, 16, 8, 3)
    assert samples[0, :7].min() > 240
    assert samples[0, 9:].max() < 15


def test_subfolders_are_classes(tmp_path, save, noise):
    for name in ("dogs/x/1", "cats/2", "cats/deep/er/3", "dogs/4"):
        save(tmp_path / f"{name}.png", noise(4, 4))
    (tmp_path / "empty").mkdir()
    dataset = load(tmp_path)
    assert dataset.spec.label_names == ("cats", "dogs")
    assert dataset.train.labels.tolist() == [0, 0, 1, 1]
    assert dataset.spec.marginal == (0.5, 0.5)


def test_images_outside_the_subfolders_mean_no_labels(tmp_path, save, noise, caplog):
    for name in ("a/1", "b/2", "3"):
        save(tmp_path / f"{name}.png", noise(4, 4))
    with caplog.at_level(logging.WARNING, "saddlepoint"):
        dataset = load(tmp_path)
    assert dataset.train.labels is None
    assert len(dataset.train) == 3
    assert "1 images lie outside the subfolders, such as 3.png" in caplog.text


def test_hidden_and_other_files_are_left_out(tmp_path, save, noise):
    for name in ("1", "2", ".hidden", ".trash/3"):
        save(tmp_path / f"{name}.png", noise(4, 4))
    (tmp_path / "notes.txt").write_text("not an image")
    assert len(load(tmp_path).train) == 2


def test_symbolic_links_are_followed_once(tmp_path, save, noise):
    for name in ("a/1", "a/2", "b/3"):
        save(tmp_path / "data" / f"{name}.png", noise(4, 4))
    (tmp_path / "data/a/up").symlink_to(tmp_path / "data")
    (tmp_path / "data/b/self").symlink_to(tmp_path / "data/b")
    save(tmp_path / "elsewhere/4.png", noise(4, 4))
    (tmp_path / "data/c").symlink_to(tmp_path / "elsewhere")
    dataset = load(tmp_path / "data")
    assert dataset.spec.label_names == ("a", "b", "c")
    assert len(dataset.train) == 4


def test_mixed_sizes_and_channels_meet_the_policy(tmp_path, save, noise):
    save(tmp_path / "a.png", noise(10, 20, 3))
    save(tmp_path / "b.png", noise(30, 7))
    save(tmp_path / "c.png", noise(9, 9, 4))
    assert load(tmp_path, size=(8, 6), channels=3).train["sample"].shape == (3, 8, 6, 3)


def break_file(path, how):
    whole = path.read_bytes()
    contents = {"truncated": whole[: len(whole) // 2], "empty": b"", "text": b"hello" * 100}
    path.write_bytes(contents[how])


@pytest.mark.parametrize("how", ["truncated", "empty", "text"])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_corrupt_file_is_named_and_skipped(tmp_path, save, noise, caplog, how, ending):
    for name in "abc":
        save(tmp_path / f"{name}.{ending}", noise(40, 40, 3))
    break_file(tmp_path / f"b.{ending}", how)
    with caplog.at_level(logging.WARNING, "saddlepoint"):
        dataset = load(tmp_path, max_corrupt_share=0.4)
    assert len(dataset.train) == 2
    assert f"b.{ending} cannot be read and is skipped" in caplog.text
    assert "Skipped: 1 of the 3 images." in caplog.text


def test_broken_exif_is_a_corrupt_file(tmp_path, save, noise, caplog):
    """A resolution that is a text, on which Pillow raises a TypeError."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a text"
    for name in "abc":
        save(tmp_path / f"{name}.jpg", noise(8, 8, 3), exif=exif)
    whole = (tmp_path / "c.jpg").read_bytes()
    broken = whole.replace(b"\x01\x0e\x00\x02", b"\x01\x1a\x00\x02")
    assert broken != whole
    (tmp_path / "c.jpg").write_bytes(broken)
    with caplog.at_level(logging.WARNING, "saddlepoint"):
        dataset = load(tmp_path, max_corrupt_share=0.4)
    assert len(dataset.train) == 2
    assert "c.jpg cannot be read" in caplog.text


def test_a_dangling_link_is_a_corrupt_file(tmp_path, save, noise, caplog):
    for name in "ab":
        save(tmp_path / f"{name}.png", noise(4, 4))
    (tmp_path / "c.png").symlink_to(tmp_path / "gone.png")
    with caplog.at_level(logging.WARNING, "saddlepoint"):
        assert len(load(tmp_path, max_corrupt_share=0.5).train) == 2
    assert "c.png cannot be read" in caplog.text


def test_labels_stay_with_their_images_when_files_are_skipped(tmp_path, save):
    for label, grey in (("a", 10), ("b", 20), ("c", 30)):
        save(tmp_path / label / "1.png", np.full((4, 4), grey, np.uint8))
    break_file(tmp_path / "b/1.png", "text")
    train = load(tmp_path, max_corrupt_share=0.5).train
    assert train["sample"][:, 0, 0, 0].tolist() == [10, 30]
    assert train.labels.tolist() == [0, 2]


def test_too_many_corrupt_files_are_refused(tmp_path, save, noise):
    for name in "abcdefgh":
        save(tmp_path / f"{name}.png", noise(4, 4))
    for name in "bde":
        break_file(tmp_path / f"{name}.png", "text")
    with pytest.raises(
        ConfigError,
        match=r"data\.max_corrupt_share: received 0\.25, .*3 of the 8 images.*"
        r"\(b\.png, d\.png, e\.png; the last one because: .*identify.*\).*raise the share",
    ):
        load(tmp_path, max_corrupt_share=0.25)
    assert len(load(tmp_path, max_corrupt_share=0.375).train) == 5


def test_mixed_channels_are_refused_by_name(tmp_path, save, noise):
    save(tmp_path / "a.png", noise(4, 4, 3))
    save(tmp_path / "b.png", noise(4, 4))
    with pytest.raises(ConfigError, match=r"data\.channels: .*set it to 1 .*a\.png.*b\.png"):
        load(tmp_path)


def test_mixed_sizes_are_refused_by_name(tmp_path, save, noise):
    save(tmp_path / "a.png", noise(4, 4, 3))
    save(tmp_path / "b.png", noise(4, 5, 3))
    with pytest.raises(
        ConfigError, match=r"data\.size: .*set it to \[height, width\].*a\.png: 4x4x3.*b\.png: 4x5"
    ):
        load(tmp_path)


def test_mixed_depths_are_refused_by_name(tmp_path, save, noise):
    save(tmp_path / "a.png", noise(4, 4))
    save(tmp_path / "b.png", noise(4, 4, dtype=np.uint16))
    with pytest.raises(
        ConfigError,
        match=r"data\.depth: .*depths; set it to 8 or 16.*a\.png.*uint8.*b\.png.*uint16",
    ):
        load(tmp_path)


@pytest.mark.parametrize(("depth", "dtype"), [(8, np.uint8), (16, np.uint16)])
def test_mixed_depths_meet_the_depth_asked_for(tmp_path, save, depth, dtype):
    save(tmp_path / "a.png", np.full((4, 4), 100, np.uint8))
    save(tmp_path / "b.png", np.full((4, 4), 25700, np.uint16))
    samples = load(tmp_path, depth=depth).train["sample"]
    assert samples.dtype == dtype
    assert (samples == (100 if depth == 8 else 25700)).all()


def test_a_depth_has_files_of_its_own(tmp_path, save, noise):
    for name in "ab":
        save(tmp_path / "data" / f"{name}.png", noise(4, 4))
    cache = tmp_path / "cache"
    for depth in (None, 16):
        load(tmp_path / "data", depth=depth, cache_gib=0.0, cache_dir=str(cache))
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("count", [0, 1])
def test_less_than_two_images_are_refused(tmp_path, save, noise, count):
    for index in range(count):
        save(tmp_path / f"{index}.png", noise(4, 4))
    with pytest.raises(ConfigError, match=rf"holds {count} images.*at least 2; accepted.*\.png"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_path_that_is_no_folder_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=rf"data\.source: .*{name} is not a folder; give"):
        load(tmp_path / name)


def test_an_image_beyond_pillows_limit_is_skipped(tmp_path, save, noise, monkeypatch):
    for name in "abc":
        save(tmp_path / f"{name}.png", noise(4, 4))
    save(tmp_path / "d.png", noise(64, 64))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert len(load(tmp_path, max_corrupt_share=0.3).train) == 3


# ---- What is left out is said --------------------------------------------------------------------


def test_other_files_are_counted_by_ending(tmp_path, save, noise, caplog):
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        save(tmp_path / name, noise(4, 4))
    for name in ("a/1.heic", "b/2.HEIC", "b/notes.txt", "README", ".hidden.txt"):
        (tmp_path / name).write_text("")
    load(tmp_path)
    assert "left out, as no images: .heic 2, " in caplog.text
    assert ".txt 1" in caplog.text and "no ending 1" in caplog.text


def test_classes_are_listed_with_their_counts(tmp_path, save, noise, caplog):
    for name in ("dogs/1", "dogs/2", "cats/1"):
        save(tmp_path / f"{name}.png", noise(4, 4))
    with caplog.at_level(logging.INFO, "saddlepoint"):
        load(tmp_path)
    assert "Classes: cats 1, dogs 2." in caplog.text


def test_of_many_classes_the_first_are_listed(tmp_path, save, noise, caplog):
    for index in range(25):
        save(tmp_path / f"{index:02}" / "1.png", noise(4, 4))
    with caplog.at_level(logging.INFO, "saddlepoint"):
        load(tmp_path)
    assert "19 1 and 5 more." in caplog.text


def test_folders_that_hold_no_images_are_named(tmp_path, save, noise, caplog):
    for name in ("a/1", "b/2"):
        save(tmp_path / f"{name}.png", noise(4, 4))
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds/1.heic").write_text("")
    assert load(tmp_path).spec.label_names == ("a", "b")
    assert "the folders birds hold no images" in caplog.text


def test_a_class_of_unreadable_files_is_named(tmp_path, save, noise, caplog):
    for name in ("a/1", "a/2", "b/3"):
        save(tmp_path / f"{name}.png", noise(4, 4))
    break_file(tmp_path / "b/3.png", "text")
    load(tmp_path, max_corrupt_share=0.5)
    assert "no example of the classes b is left to train on" in caplog.text


@pytest.mark.parametrize("link", ["a-link", "z-link"])
def test_a_class_that_links_to_another_is_named(tmp_path, save, noise, caplog, link):
    """In whatever order they come, the folder itself is the class."""
    for name in ("b/1", "c/2"):
        save(tmp_path / f"{name}.png", noise(4, 4))
    (tmp_path / link).symlink_to(tmp_path / "b")
    dataset = load(tmp_path)
    assert dataset.spec.label_names == ("b", "c")
    assert f"{link} links to a folder that is read already" in caplog.text
    assert "hold no images" not in caplog.text


def test_a_link_to_a_hidden_folder_is_a_class(tmp_path, save, noise):
    for name in (".store/1", "c/2"):
        save(tmp_path / f"{name}.png", noise(4, 4))
    (tmp_path / "b").symlink_to(tmp_path / ".store")
    assert load(tmp_path).spec.label_names == ("b", "c")


@pytest.mark.parametrize("names", [("train", "test"), ("Train", "val", "test"), ("train",)])
def test_splits_are_not_taken_for_classes(tmp_path, save, noise, names):
    for name in names:
        for index in range(2):
            save(tmp_path / name / "cats" / f"{index}.png", noise(4, 4))
    with pytest.raises(
        ConfigError, match=r"data\.source: .*look like splits.*give one of them, such as folder:/"
    ):
        load(tmp_path)
    assert load(tmp_path / names[0]).spec.label_names == ("cats",)


def test_a_class_may_be_called_test(tmp_path, save, noise):
    for name in ("test", "cats"):
        save(tmp_path / name / "1.png", noise(4, 4))
    assert load(tmp_path).spec.label_names == ("cats", "test")


# ---- Names that are not UTF-8 --------------------------------------------------------------------


def test_names_that_are_not_utf8_are_escaped(tmp_path, noise, caplog):
    import io
    import json

    for label, names in ((b"caf\xe9", [b"1.png", b"\xff.png"]), ("tée".encode(), [b"2.png"])):
        place = os.fsencode(tmp_path) + b"/" + label
        os.makedirs(place)
        for name in names:
            picture = io.BytesIO()
            Image.fromarray(noise(4, 4)).save(picture, "PNG")
            with open(place + b"/" + name, "wb") as file:
                file.write(b"" if name == b"\xff.png" else picture.getvalue())
    dataset = load(tmp_path, max_corrupt_share=0.5)
    assert dataset.spec.label_names == ("caf\\udce9", "tée")
    json.dumps(dataset.spec.describe(), ensure_ascii=False).encode()
    assert "caf\\udce9/\\udcff.png cannot be read" in caplog.text
    caplog.text.encode()


# ---- Reading in threads --------------------------------------------------------------------------


def test_reading_may_end_in_a_thread_of_its_own(tmp_path, save, noise, monkeypatch):
    """Where reading is given up, a thread that decodes ahead may be the one that lets go of it."""
    for index in range(8):
        save(tmp_path / f"{index}.png", noise(4, 4))
    begun, closed, ignored = threading.Event(), threading.Event(), []

    def read_and_close(file):
        if file.name == "1.png":
            begun.wait(10)
            rows.close()
            closed.set()
        return read_image(file)

    monkeypatch.setattr(folder, "read_image", read_and_close)
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    rows = folder.open_source(Data(source=f"folder:{tmp_path}")).tables[0].train.rows
    next(rows)
    begun.set()
    assert closed.wait(10)
    assert ignored == []
