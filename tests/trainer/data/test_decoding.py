import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from trainer.data.decoding import read_image


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def write_png(path, depth, colour_type, row, *, transparency, palette=b""):
    """One row of pixels, its samples given as they are packed in the file."""
    samples = np.asarray(row).ravel()
    if depth < 8:
        bits = "".join(format(value, f"0{depth}b") for value in samples)
        packed = bytes(int(bits[i : i + 8].ljust(8, "0"), 2) for i in range(0, len(bits), 8))
    else:
        packed = samples.astype(f">u{depth // 8}").tobytes()
    header = struct.pack(">IIBBBBB", len(row), 1, depth, colour_type, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    content += chunk(b"PLTE", palette) if palette else b""
    content += chunk(b"tRNS", transparency) if transparency else b""
    content += chunk(b"IDAT", zlib.compress(b"\0" + packed)) + chunk(b"IEND", b"")
    path.write_bytes(content)
    return path


GREY, RGB, PALETTE, GREY_AND_OPACITY, RGBA = 0, 2, 3, 4, 6


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_transparent_grey_is_an_opacity(tmp_path, depth):
    top = 2**depth - 1
    row = [0, top, top // 2, top]
    key = struct.pack(">H", top)
    image = read_image(write_png(tmp_path / "a.png", depth, GREY, row, transparency=key))
    full = 65535 if depth == 16 else 255
    greys = np.array(row) * (full // top)
    opacity = np.where(np.array(row) == top, 0, full)
    np.testing.assert_array_equal(image, np.stack([greys, opacity], axis=-1)[np.newaxis])
    assert image.dtype == (np.uint16 if depth == 16 else np.uint8)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_colour_is_an_opacity(tmp_path, depth):
    unit = 257 if depth == 16 else 1
    row = np.array([[200, 100, 50], [200, 100, 51], [0, 0, 0]])
    key = struct.pack(">HHH", *(row[0] * unit))
    image = read_image(write_png(tmp_path / "a.png", depth, RGB, row * unit, transparency=key))
    np.testing.assert_array_equal(image[0, :, :3], row)
    assert image[0, :, 3].tolist() == [0, 255, 255]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes_have_an_opacity_for_each_colour(tmp_path, depth):
    palette = bytes([10, 20, 30, 200, 100, 50])
    path = write_png(
        tmp_path / "a.png", depth, PALETTE, [1, 0], transparency=b"\x80", palette=palette
    )
    np.testing.assert_array_equal(read_image(path), [[[200, 100, 50, 255], [10, 20, 30, 128]]])


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("colour_type", "channels"), [(GREY_AND_OPACITY, 2), (RGBA, 4)])
def test_a_channel_of_opacity_is_kept(tmp_path, depth, colour_type, channels):
    unit = 257 if depth == 16 else 1
    row = np.arange(3 * channels).reshape(3, channels) * 20
    path = write_png(tmp_path / "a.png", depth, colour_type, row * unit, transparency=b"")
    image = read_image(path)[0]
    # Pillow makes RGBA of 16-bit grey with an opacity.
    np.testing.assert_array_equal(image[:, [0, -1]], row[:, [0, -1]])
    assert image.shape[-1] == (4 if depth == 16 else channels)


@pytest.mark.parametrize("colour_type", [GREY, RGB])
def test_without_transparency_there_is_no_opacity(tmp_path, colour_type):
    row = np.arange(9).reshape(3, 3) if colour_type == RGB else np.arange(3)
    path = write_png(tmp_path / "a.png", 8, colour_type, row, transparency=b"")
    assert read_image(path).shape == (1, 3, 3 if colour_type == RGB else 1)


def test_a_transparent_gif_has_an_opacity(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
    image.putpalette([0, 0, 0, 200, 100, 50])
    image.save(tmp_path / "a.gif", transparency=0)
    decoded = read_image(tmp_path / "a.gif")
    assert decoded.shape == (2, 2, 4)
    assert decoded[..., 3].tolist() == [[0, 255], [255, 0]]


# ---- Nothing is clipped --------------------------------------------------------------------------


def test_floats_stay_floats(tmp_path):
    values = np.array([[-1.5, 0.25], [3e5, 0.0]], np.float32)
    Image.fromarray(values).save(tmp_path / "a.tiff")
    decoded = read_image(tmp_path / "a.tiff")
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded[..., 0], values)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_floats_that_are_not_finite_are_no_image(tmp_path, bad):
    Image.fromarray(np.array([[0.0, bad]], np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(ValueError, match="NaN or infinity"):
        read_image(tmp_path / "a.tiff")


def test_wide_integers_are_not_clipped(tmp_path):
    Image.fromarray(np.array([[70_000, 3]], np.int32)).save(tmp_path / "a.tiff")
    with pytest.raises(ValueError, match="32-bit integers; convert it"):
        read_image(tmp_path / "a.tiff")


@pytest.mark.parametrize("order", "<>")
def test_sixteen_bits_of_either_byte_order(tmp_path, order):
    values = np.array([[1, 256], [65535, 0]], np.uint16)
    mode = "I;16B" if order == ">" else "I;16"
    raw = values.astype(f"{order}u2").tobytes()
    Image.frombytes(mode, (2, 2), raw).save(tmp_path / "a.tif")
    decoded = read_image(tmp_path / "a.tif")
    assert decoded.dtype == np.uint16 and decoded.dtype.isnative
    np.testing.assert_array_equal(decoded[..., 0], values)
