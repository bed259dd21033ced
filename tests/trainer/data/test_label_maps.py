"""Label maps in folders: colours become classes, what stands for none is listed."""

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.data.images import map_to_size
from trainer.data.pipeline import batches
from trainer.errors import ConfigError

COLOURS = [(0, 0, 0), (96, 64, 32), (128, 192, 255)]
PALETTE = ("#000000", "#604020", "#80c0ff")
CLASSES = {"nothing": "#000000", "ground": "#604020", "sky": "#80c0ff"}


@pytest.fixture
def maps():
    return np.random.RandomState(0).randint(0, 3, (4, 6, 8)).astype(np.uint8)


@pytest.fixture
def folders(tmp_path, maps, save, noise):
    """Maps as palette PNGs with one colour that none has, and photos of twice their size."""
    (tmp_path / "maps").mkdir()
    for i, classes in enumerate(maps):
        picture = Image.fromarray(classes, "P")
        picture.putpalette([level for colour in (*COLOURS, (9, 9, 9)) for level in colour])
        picture.save(tmp_path / "maps" / f"{i}.png")
        save(tmp_path / "photos" / f"{i}.jpg", noise(12, 16, 3, seed=i))
    return tmp_path


def load(path, size=None, **options):
    source = {
        "name": "pairs",
        "inputs": f"folder:{path / 'maps'}",
        "targets": f"folder:{path / 'photos'}",
        "given": "label_map",
    }
    return loading.load(Data(source=source | options, size=size, holdout_share=0.0))


def test_the_palette_of_the_files_has_the_classes_that_occur(folders, maps):
    dataset = load(folders)
    field = dataset.spec.fields["label_map"]
    assert (field.kind, field.dtype, field.shape) == ("label_map", "uint8", (6, 8, 1))
    assert field.names == tuple(field.about["palette"]) == PALETTE
    np.testing.assert_array_equal(dataset.train["label_map"][..., 0], maps)
    assert dataset.spec.sample.shape == (12, 16, 3)


def test_named_classes_are_found_by_their_colours_in_pictures_without_a_palette(folders, maps):
    for i, classes in enumerate(maps):
        colours = np.array(COLOURS, np.uint8)[classes]
        Image.fromarray(colours).save(folders / "maps" / f"{i}.png")
    backwards = dict(reversed(CLASSES.items()))
    field = load(folders, classes=backwards).spec.fields["label_map"]
    assert field.names == ("sky", "ground", "nothing")
    found = load(folders, classes=backwards).train["label_map"]
    np.testing.assert_array_equal(found[..., 0], 2 - maps)
    with pytest.raises(ConfigError, match=r"received null, but .*0\.png has no palette .*RGB"):
        load(folders)


def test_colours_that_stand_for_no_class_are_listed(folders, maps):
    counts = [(maps[0] == number).sum() for number in (1, 2)]
    first, second = sorted(zip(counts, PALETTE[1:], strict=True), reverse=True)
    expected = (
        rf"map 0\.png the colours {first[1]} \({first[0]} pixels\), {second[1]} \({second[0]}"
    )
    with pytest.raises(ConfigError, match=expected):
        load(folders, classes={"nothing": "#000000"})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"given": "image"}, "classes: received 3 classes with given=image"),
        ({"classes": {"a": "#ffffff", "b": "#FFFFFF"}}, "several classes of the colour #ffffff"),
        ({"classes": {"a": "white"}}, "#"),
        ({"classes": {}}, "at least 1"),
    ],
)
def test_classes_that_cannot_be(options, sentence):
    source = {"name": "pairs", "inputs": "folder:a", "targets": "folder:b", "given": "label_map"}
    with pytest.raises((ConfigError, ValidationError), match=sentence):
        load_experiment(
            "pix2pix-digits", [f"data.source={source | {'classes': CLASSES} | options}"]
        )


@pytest.mark.parametrize("policy", ["crop", "pad", "stretch"])
def test_a_map_that_is_enlarged_has_no_other_classes_and_is_reduced_to_itself(policy):
    classes = np.random.RandomState(1).randint(0, 5, (4, 6, 1)).astype(np.uint8)
    large = map_to_size(classes, 12, 18, policy=policy)
    np.testing.assert_array_equal(large, classes.repeat(3, axis=0).repeat(3, axis=1))
    np.testing.assert_array_equal(map_to_size(large, 4, 6, policy=policy), classes)


def test_a_map_of_another_aspect_is_cropped_or_filled():
    classes = np.arange(1, 9, dtype=np.uint8).reshape(2, 4, 1)
    assert map_to_size(classes, 2, 2, policy="crop")[..., 0].tolist() == [[2, 3], [6, 7]]
    padded = map_to_size(classes, 4, 4, policy="pad")[..., 0].tolist()
    assert padded == [[0] * 4, [1, 2, 3, 4], [5, 6, 7, 8], [0] * 4]


# ---- Halves of one picture -----------------------------------------------------------------------


def test_halves_that_belong_together(tmp_path, save, noise, maps):
    colours = np.array(COLOURS, np.uint8)[maps]
    for i in range(4):
        save(tmp_path / f"{i}.png", np.concatenate([noise(6, 8, 3, seed=i), colours[i]], axis=1))
    halves = {"name": "side_by_side", "pictures": f"folder:{tmp_path}", "given_half": "right"}
    dataset = loading.load(Data(source=halves, holdout_share=0.0))
    np.testing.assert_array_equal(dataset.train["image"], colours)
    np.testing.assert_array_equal(dataset.train["sample"][1], noise(6, 8, 3, seed=1))
    with_maps = halves | {"given": "label_map", "classes": CLASSES}
    dataset = loading.load(Data(source=with_maps, size=[12, 16], holdout_share=0.0))
    expected = maps.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(dataset.train["label_map"][..., 0], expected)
    assert dataset.spec.sample.shape == (12, 16, 3)
    save(tmp_path / "4.png", noise(6, 15, 3))
    with pytest.raises(ConfigError, match=r"4\.png is 15 pixels wide, so its halves are"):
        loading.load(Data(source=halves, holdout_share=0.0))


def test_maps_are_mirrored_with_their_pictures():
    """A digit's map is a function of the digit, mirrored or not."""
    from trainer.data.sources.pairs import regions

    data = load_experiment(
        "pix2pix-digits", ["data.source={name: digit_pairs, input: label_map}"]
    ).data
    dataset = loading.load(data)
    assert dataset.spec.images == ("label_map", "sample")
    drawn = next(iter(batches(dataset.train, batch_size=64, seed=0, flip=dataset.spec.images)))
    plain = next(iter(batches(dataset.train, batch_size=64, seed=0)))
    maps, samples = drawn["label_map"][:, 0].numpy(), drawn["sample"][:, 0].numpy()
    assert 16 < (maps != plain["label_map"][:, 0].numpy()).any(axis=(1, 2, 3)).sum() < 60
    for given, sample in zip(maps, samples, strict=True):
        np.testing.assert_array_equal(given, regions(sample))
