"""Grids of samples."""

import numpy as np

from serving import latents
from tests.recipes import small
from trainer.data import loading
from trainer.game.assembly import assemble
from trainer.run import previews


def test_codes_are_moved_along_the_rows_of_a_grid(tmp_path):
    """The first of three blocks has a category a column, of the latent of seed 0."""
    experiment = small("infogan-digits", tmp_path)
    dataset = loading.load(experiment.data)
    game = assemble(experiment, dataset.spec, examples=dataset.train)
    shown = previews.drawer(game.live, (3, 10))()
    zero, layout = np.zeros(1, np.int64), game.live.description.latent_layout
    drawn = game.live.run("latents", {"seed": zero})["latent"]
    for column, code in ((4, {"category": 4}), (9, {"category": 9})):
        latent = latents.with_codes(drawn, layout, code)
        (made,) = game.live.run("decode", {"latent": latent})["image"]
        cell = shown[:56, 58 * column : 58 * column + 56]
        np.testing.assert_array_equal(cell[::7, ::7, 0], made[..., 0])


def test_beside_the_label_of_a_column_seeds_draw_what_else_is_told(tmp_path):
    experiment = small("attributes-digits", tmp_path)
    dataset = loading.load(experiment.data)
    game = assemble(experiment, dataset.spec, examples=dataset.train)
    picture = previews.drawer(game.live, (2, 10))()
    assert picture.shape[0] > 2 * 16 and picture.shape[1] > 10 * 16 and picture.std() > 0
