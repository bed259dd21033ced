"""Where tiles lie, and how they become one picture again."""

import tracemalloc

import numpy as np
import pytest

from serving import UsageError
from serving.fields import Field
from serving.tiles import Tiling

ANY = Field((None, None, 1), "uint8", "image")


def _told(**about):
    return Field((None, None, 1), "uint8", "image", about=about)


@pytest.mark.parametrize(
    ("about", "asked", "expected"),
    [
        ({}, (8, None), (8, 2, 0)),
        ({}, (8, 4), (8, 4, 1)),
        ({"stride": 4, "context": 3}, (30, None), (32, 8, 3)),
        ({"stride": 4, "context": 3}, (30, 4), (32, 4, 2)),
        ({"stride": 4, "context": 40}, (30, None), (32, 16, 8)),
        ({"stride": 1, "context": None}, (100, 0), (100, 0, 0)),
    ],
)
def test_tiles_fit_what_the_model_says(about, asked, expected):
    assert Tiling.of("image", _told(**about), *asked) == Tiling(*expected)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 14, 20, 21])
def test_tiles_cover_a_side_and_none_is_larger(size):
    tiling = Tiling(8, 2, 0)
    ((*rows,),) = zip(*tiling.places(size, 5), strict=True)
    cuts = [row for row, _ in rows]
    assert cuts[0].start == 0 and cuts[-1].stop == size
    assert all(cut.stop - cut.start <= 8 for cut in cuts)
    assert all(b.start - a.start == 6 and a.stop - b.start == 2 for a, b in zip(cuts, cuts[1:]))  # noqa: B905, RUF007
    assert all(column == slice(0, 5) for _, column in rows)


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("tiling", [Tiling(8, 3, 1), Tiling(8, 0, 0), Tiling(8, 4, 2)])
def test_what_equals_the_whole_stays_equal(tiling, dtype, factor):
    picture = np.random.RandomState(0).randint(0, 256, (2, 21, 17, 3)).astype(dtype)
    large = picture.repeat(factor, 1).repeat(factor, 2)
    tiles = [
        [picture[:, r, c].repeat(factor, 1).repeat(factor, 2) for r, c in band]
        for band in tiling.places(21, 17)
    ]
    joined = tiling.whole([tiling.band(band, factor) for band in tiles], factor)
    assert joined.dtype == dtype
    np.testing.assert_allclose(joined, large, rtol=1e-6)


def test_borders_are_thrown_away_and_the_rest_is_faded():
    """Two tiles of 0 and of 100, four shared lines of which one is lost on each side."""
    dark, light = np.zeros((1, 1, 8, 1), np.uint8), np.full((1, 1, 6, 1), 100, np.uint8)
    joined = Tiling(8, 4, 1).band([dark, light], 1)
    assert joined.ravel().tolist() == [0, 0, 0, 0, 0, 25, 75, 100, 100, 100]


def test_memory_is_that_of_the_result_and_not_of_floats():
    tiling = Tiling(64, 8, 2)
    tile = np.zeros((1, 64, 64, 3), np.uint8)
    tracemalloc.start()
    whole = tiling.whole([tiling.band([tile] * 16, 1) for _ in range(16)], 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert whole.nbytes < peak < 2.6 * whole.nbytes


@pytest.mark.parametrize(
    ("field", "tile", "overlap", "sentence"),
    [
        (Field((8, 8, 1)), 4, None, "tile: 'image' of this model is 8x8 pixels; leave it out"),
        (ANY, 0, None, "tile: received 0; expected 1 pixel or more"),
        (ANY, 8, 8, "overlap: received 8 with tiles of 8 pixels; expected 0 to 7"),
        (_told(stride=4), 8, 5, "overlap: received 5 with tiles of 8 pixels; expected 0 to 4"),
        (ANY, 8, -1, "overlap: received -1"),
    ],
)
def test_numbers_that_cannot_be(field, tile, overlap, sentence):
    with pytest.raises(UsageError, match=sentence):
        Tiling.of("image", field, tile, overlap)


def test_pictures_that_belong_together_are_cut_alike():
    fields = {"image": ANY, "label_map": ANY, "seed": Field((), "int64", "seed")}
    values = {"image": np.zeros((1, 4, 4, 1), np.uint8), "seed": [1]}
    assert list(Tiling.cut_inputs(fields, values)) == ["image"]
    values["label_map"] = np.zeros((1, 4, 5, 1), np.uint8)
    with pytest.raises(UsageError, match=r"tile: the pictures have the sizes .*give equally large"):
        Tiling.cut_inputs(fields, values)
