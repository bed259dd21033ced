import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading, pipeline
from trainer.errors import ConfigError


def load(path, **options):
    data = {name: options.pop(name) for name in ("size", "channels") if name in options}
    source = {"name": "clips", "path": str(path), **options}
    return loading.load(Data(source=source, holdout_share=0.0, **data))


@pytest.fixture
def written(tmp_path, save, noise):
    """A function that writes clips of some lengths; it gives their folder and their frames."""

    def write(*lengths, shape=(6, 9, 3)):
        clips = []
        for number, length in enumerate(lengths):
            (tmp_path / f"clip {number}").mkdir(exist_ok=True)
            clips.append(noise(length, *shape, seed=number))
            for place, frame in enumerate(clips[-1]):
                save(tmp_path / f"clip {number}" / f"{place:03d}.png", frame)
        return tmp_path, clips

    return write


def test_frames_are_read_in_the_order_of_their_names(written):
    folder, clips = written(4, 4, 4)
    dataset = load(folder)
    np.testing.assert_array_equal(dataset.train["sample"], clips)
    assert dataset.spec.sample.kind == "clip" and dataset.spec.sample.range == (0.0, 255.0)
    parted = load(folder, past=2, channels=1, size=[3, 3])
    assert parted.train["clip"].shape == parted.train["sample"].shape == (3, 2, 3, 3, 1)
    assert loading.load(Data(source=f"clips:{folder}", holdout_share=0.0)).spec == dataset.spec


def test_longer_clips_are_cropped_where_a_length_is_asked_for(written, caplog):
    folder, clips = written(5, 3)
    np.testing.assert_array_equal(load(folder, frames=3).train["sample"][0], clips[0][:3])
    assert "only the first 3 frames of a clip are used; the longest has 5" in caplog.text


@pytest.mark.parametrize(
    ("lengths", "options", "words"),
    [
        ((5, 3), {}, "clips have from 3 to 5 frames; set it to 3"),
        ((5, 3), {"frames": 4}, "received 4, but the clip clip 1 has 3 frames"),
        ((5, 1), {}, "clip 1 has a single frame"),
        ((3, 3), {"past": 2}, "clips have 3 frames and two at least"),
        ((3,), {}, "holds 1 folders of images"),
    ],
)
def test_what_makes_no_clips_is_refused(written, lengths, options, words):
    with pytest.raises(ConfigError, match=words):
        load(written(*lengths)[0], **options)


def test_frames_of_different_sizes_are_refused(written, save, noise):
    folder, _ = written(3, 3)
    save(folder / "clip 1" / "002.png", noise(5, 9, 3))
    with pytest.raises(ConfigError, match=r"data.size: received null.*clip 1/002.png"):
        load(folder)


def test_a_clip_that_cannot_be_read_is_named(written):
    folder, _ = written(3, 3)
    (folder / "clip 0" / "001.png").write_bytes(b"broken")
    with pytest.raises(ConfigError, match="already 1 of the 2 clips cannot be read"):
        load(folder)


def test_a_clip_is_mirrored_as_a_whole(written):
    folder, clips = written(4, 4, 4)
    examples = load(folder, past=2).train
    flip = ("clip", "sample")
    mirrored = pipeline.batches(examples, batch_size=24, turns=1, seed=0, flip=flip)
    batch = next(iter(mirrored))
    both = np.concatenate([batch["clip"][:, 0], batch["sample"][:, 0]], axis=1)
    kinds = [
        [np.array_equal(rows, clip), np.array_equal(rows, clip[:, :, ::-1])]
        for rows in both
        for clip in clips
    ]
    seen = np.array(kinds).sum(axis=0)
    assert seen.sum() == 24 and seen.min() > 0
