import numpy as np

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.sources.photographs import crops, read


def test_held_out_crops_share_no_pixel_with_those_of_training():
    dataset = loading.load(Data(source={"name": "photographs", "side": 64, "overlap": 0.0}))
    assert dataset.spec.sample.shape == (64, 64, 3) and dataset.spec.label_names == (
        *("china", "flower"),
    )
    # 427 x 512 of each for training, 427 x 128 held out.
    assert (len(dataset.train), len(dataset.held_out)) == (2 * 6 * 8, 2 * 6 * 2)
    left, right = read()
    assert left[0].shape[1] + right[0].shape[1] == 640
    np.testing.assert_array_equal(dataset.train["sample"][9], left[0][64:128, 64:128])
    np.testing.assert_array_equal(dataset.held_out["sample"][12], right[1][:64, :64])


def test_crops_overlap_by_a_share_of_their_side():
    picture = np.arange(5 * 6).reshape(5, 6, 1)
    found = crops(picture, 4, 2)
    assert found.shape == (2, 4, 4, 1)
    np.testing.assert_array_equal(found[1], picture[:4, 2:])
    dataset = loading.load(Data(source={"name": "photographs", "side": 64, "overlap": 0.5}))
    assert len(dataset.train) == 2 * 12 * 15
