"""Clips as files, from folders of frames, GIFs and animated PNGs."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageSequence

from serving.bulk.folders import digest, read_folder, read_pictures
from serving.call import Request
from serving.call.inputs import values_of
from serving.call.outputs import check_out
from serving.clips import encode_clips, is_animation, read_clip, read_frames
from serving.description import Signature
from serving.errors import UsageError
from serving.fields import Field

CLIPS = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 4, 1)).astype(np.uint8)
CLIPS[0, 2] = CLIPS[0, 1]  # what stands still is a frame all the same
CLIP = Field((3, 5, 4, 1), "uint8", "clip", (0, 255))
MASK = Field((3, 5, 4, 1), "uint8", "mask", (0, 1))
SIGNATURE = Signature("complete_clip", {"clip": CLIP, "mask": MASK}, {"clip": CLIP})


@pytest.mark.parametrize(
    ("channels", "dtype"), [*itertools.product((1, 2, 3, 4), ["uint8"]), (1, "uint16")]
)
def test_animated_pngs_lose_nothing(channels, dtype):
    random = np.random.default_rng(1)
    clips = random.integers(0, np.iinfo(dtype).max, (2, 3, 5, 4, channels)).astype(dtype)
    clips[1, 1] = clips[1, 0]
    field = Field((3, 5, 4, channels), dtype, "clip")
    assert is_animation(field.dtype, field.shape)
    for clip, file in zip(clips, encode_clips(clips), strict=True):
        np.testing.assert_array_equal(read_clip("clip", file, field), clip)
    with Image.open(io.BytesIO(encode_clips(clips)[0])) as opened:
        assert opened.n_frames == 3 and opened.info["duration"] == 100.0
        assert opened.info["loop"] == 0


def _saved(clip, format):
    frames = [Image.fromarray(frame[..., 0]) for frame in clip]
    content = io.BytesIO()
    frames[0].save(content, format, save_all=True, append_images=frames[1:], duration=50)
    return content.getvalue()


def test_gifs_pngs_and_arrays_are_read(tmp_path):
    np.testing.assert_array_equal(read_clip("clip", _saved(CLIPS[1], "GIF"), CLIP), CLIPS[1])
    np.testing.assert_array_equal(read_clip("clip", _saved(CLIPS[1], "PNG"), CLIP), CLIPS[1])
    np.save(tmp_path / "a.npy", CLIPS[0])
    content = (tmp_path / "a.npy").read_bytes()
    np.testing.assert_array_equal(read_clip("clip", content, CLIP), CLIPS[0])
    (tmp_path / "b.gif").write_bytes(_saved(CLIPS[1], "GIF"))
    names = np.array([b"a.npy", b"b.gif"], object)
    np.testing.assert_array_equal(read_pictures("clip", str(tmp_path), names, CLIP), CLIPS)


def test_a_folder_of_frames_and_one_mask_for_all_of_them(tmp_path):
    (tmp_path / "clip").mkdir()
    for number, frame in enumerate(CLIPS[0]):
        Image.fromarray(frame[..., 0]).save(tmp_path / "clip" / f"{number}.png")
    hole = np.zeros((5, 4), np.uint8)
    hole[:2] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    pairs = [("clip", f"{tmp_path}/clip"), ("mask", f"{tmp_path}/mask.png")]
    values = values_of(SIGNATURE, pairs)
    np.testing.assert_array_equal(values["clip"], CLIPS[:1])
    assert values["mask"].shape == (1, 3, 5, 4, 1)
    assert (values["mask"][0, :, :2] == 1).all() and values["mask"].sum() == 3 * 8


def test_what_is_no_such_clip_gets_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="the number of frames is 2; this model takes 3"):
        read_clip("clip", _saved(CLIPS[1, :2], "GIF"), CLIP)
    with pytest.raises(UsageError, match="the number of frames is 1; this model takes 3"):
        read_clip("clip", _saved(CLIPS[1, :1], "PNG"), CLIP)
    with pytest.raises(UsageError, match="cannot be read"):
        read_clip("clip", b"none", CLIP)
    with pytest.raises(UsageError, match="expected"):
        read_clip("clip", _saved(CLIPS[1, :, :4], "GIF"), CLIP)
    unlike = [_saved(clip[:1], "PNG") for clip in (CLIPS[0], CLIPS[0, :, :4])]
    with pytest.raises(UsageError, match="different sizes"):
        read_frames("clip", unlike, Field((None, None, None, 1), "uint8", "clip"))
    with pytest.raises(UsageError, match="holds no pictures"):
        values_of(SIGNATURE, [("clip", str(tmp_path))])


def test_a_folder_of_clips_holds_files_and_folders_of_frames(tmp_path):
    clips, masks = tmp_path / "clips", tmp_path / "masks"
    for folder in (clips / "v1.2", clips / "played", masks):
        folder.mkdir(parents=True)
    for number, frame in enumerate(CLIPS[0, ..., 0]):
        Image.fromarray(frame).save(clips / "v1.2" / f"{number}.png")
    (clips / "a.gif").write_bytes(_saved(CLIPS[1], "GIF"))
    (clips / "played" / "b.png").write_bytes(_saved(CLIPS[1], "PNG"))
    for name in ("a", "played", "v1.2"):
        Image.new("L", (4, 5), 255).save(masks / f"{name}.png")
    with pytest.raises(UsageError, match=r"holds no file for 'played/b.png'"):
        read_folder(str(clips), SIGNATURE, 0, {"mask": str(masks)})
    columns = read_folder(str(clips), SIGNATURE, 0, {"mask": str(masks / "a.png")})
    assert columns["clip_file"].tolist() == [b"a.gif", b"played/b.png", b"v1.2"]
    rows = read_pictures("clip", str(clips), columns["clip_file"], CLIP)
    np.testing.assert_array_equal(rows, CLIPS[[1, 1, 0]])
    before = digest(str(clips), columns)
    Image.new("L", (4, 5)).save(clips / "v1.2" / "1.png")
    assert before != digest(str(clips), columns)


def test_answers_are_files_that_play(tmp_path):
    from serving.call.outputs import files

    outputs = {"clip": CLIPS}
    inputs = {"seed": [3, 4]}
    asked = Signature("generate", {"seed": Field((), "int64", "seed")}, {"clip": CLIP})
    files = files(f"{tmp_path}/out", asked, inputs, outputs)
    assert [path.name for path in files] == ["seed-3.png", "seed-4.png"]
    with Image.open(io.BytesIO(next(iter(files.values())))) as opened:
        frames = [np.asarray(frame) for frame in ImageSequence.Iterator(opened)]
    np.testing.assert_array_equal(frames, CLIPS[0, ..., 0])
    check_out(f"{tmp_path}/a.png", asked, 1)
    assert Request(out="a.png").out == "a.png"
