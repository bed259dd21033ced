"""Grids of samples."""

from tests.recipes import small
from trainer.data import loading
from trainer.game.assembly import assemble
from trainer.run import previews


def test_beside_the_label_of_a_column_seeds_draw_what_else_is_told(tmp_path):
    experiment = small("attributes-digits", tmp_path)
    dataset = loading.load(experiment.data)
    game = assemble(experiment, dataset.spec, examples=dataset.train)
    picture = previews.drawer(game.live, (2, 10))()
    assert picture.shape[0] > 2 * 16 and picture.shape[1] > 10 * 16 and picture.std() > 0
